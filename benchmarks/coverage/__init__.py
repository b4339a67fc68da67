"""The coverage study: how often verdicts are wrong, measured in worlds of known truth.

``python -m benchmarks.coverage`` (or ``make coverage-study``) studies every metric and method of the
catalogue; ``tests/statistical/test_coverage.py`` studies a few dozen cells of the same plan.
"""
