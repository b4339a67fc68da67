"""The catalogue of expectations: each says which statistics it needs and how they become a result."""
