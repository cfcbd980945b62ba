"""Posts that people have judged, whatever table they stand in."""
