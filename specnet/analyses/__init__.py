"""Analyses of a network that need no run of it."""
