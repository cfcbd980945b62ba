"""The benchmark ``emulator``: models and baselines on ground and storms that none has seen."""
