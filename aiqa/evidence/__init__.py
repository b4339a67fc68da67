"""The record of a run: its schema, fingerprints, storage, reading it back."""
