"""Probes: each asks one thing of a model, its loss, its optimiser or its data."""
