"""Names, units, grids, errors, files and runs: what every other package stands on."""
