"""Arrays and counts in, estimates out (NumPy and scipy.special; scipy.stats only at first use)."""
