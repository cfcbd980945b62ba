"""Classify posts as they come, or whole archives; what a model said is kept by post and model."""
