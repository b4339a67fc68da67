"""Data in, statistics out: sources, expressions, statistics, the plan that fuses them, the engines."""
