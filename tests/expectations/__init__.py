"""The catalogue of expectations and its report."""
