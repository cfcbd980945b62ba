"""A made-up flood event: town, storm, truth, forecast and posts, from a seed."""
