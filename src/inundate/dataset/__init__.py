"""Samples for the emulator: windows, splits, storage and their audit."""
