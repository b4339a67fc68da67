"""Small real projects; each folder has its own README."""
