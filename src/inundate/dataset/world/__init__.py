"""The training world: thousands of simulated samples made straight from seeds."""
