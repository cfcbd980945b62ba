"""The benchmark ``solver``: speed, agreement and limits of the solver, beside its peers."""
