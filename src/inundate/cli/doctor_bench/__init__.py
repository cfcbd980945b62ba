"""The break-it suite: healthy models, faults put into them, and whether the doctor names these."""
