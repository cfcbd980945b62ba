"""Known-good models of the tasks, and one that is known to be bad."""
