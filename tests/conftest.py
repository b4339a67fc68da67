"""Plugins of the tests themselves."""

pytest_plugins = ["pytester"]
