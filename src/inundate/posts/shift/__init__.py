"""Classifiers for events that they were not trained on: calibrated, corrected, and able to pass."""
