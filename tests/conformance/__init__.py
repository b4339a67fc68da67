"""Our expectations against Great Expectations' own definitions."""
