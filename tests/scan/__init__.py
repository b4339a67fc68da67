"""Data in, statistics out."""
