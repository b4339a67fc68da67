"""Estimates and gates in, verdicts out."""
