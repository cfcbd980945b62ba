"""The live view: a folder that fills up becomes a map that follows it."""
