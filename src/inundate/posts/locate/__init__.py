"""Where posts are: coordinates, place boxes, place names, or nowhere that can be told."""
