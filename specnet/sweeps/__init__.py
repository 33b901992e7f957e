"""Sweeps: many runs of one spec with varied settings, each in a process of its own."""
