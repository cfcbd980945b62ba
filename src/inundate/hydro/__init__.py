"""Hydrodynamics: rain on a terrain becomes a flood."""
