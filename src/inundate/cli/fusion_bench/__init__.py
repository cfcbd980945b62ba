"""The benchmark ``fusion``: what posts do to an ensemble of depth, where the truth is known."""
