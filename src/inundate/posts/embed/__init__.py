"""Vectors of words and sentences: files, training, contextual models."""
