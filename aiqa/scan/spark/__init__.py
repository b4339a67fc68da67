"""Spark beyond the engine: its session, its files, and models that score a table where it is."""
