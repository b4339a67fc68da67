"""The pytest plugin proper, loaded with ``--aiqa`` only."""
