"""Texts of posts as tokens: the same in training and in serving."""
