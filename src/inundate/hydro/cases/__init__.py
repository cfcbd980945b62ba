"""Real floods to hold the solver against, each a function of the folder with its files."""
