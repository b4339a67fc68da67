"""Suites, data sources, checkpoints and custom expectations of Great Expectations."""
