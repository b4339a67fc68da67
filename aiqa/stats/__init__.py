"""Arrays and counts in, estimates out (NumPy; SciPy is loaded at first use, for large data only)."""
