"""Emulators of the flood solver: the hybrid, Mode H, the Temporal CNN."""
