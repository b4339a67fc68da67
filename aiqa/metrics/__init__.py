"""The catalogue: each metric says which statistics it needs and how they become an estimate."""
