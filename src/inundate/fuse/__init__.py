"""Posts and depth together: evidence, check, weights, context, and a made-up event."""
