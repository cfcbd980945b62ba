"""Heightmaps: open, write, condition, derive features from, and make them up."""
