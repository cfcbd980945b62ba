"""The zoo: one model a file, all over the same inputs, all trained by the same loop."""
