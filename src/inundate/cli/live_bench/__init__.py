"""The benchmark of the live view: soak and fuzz."""
