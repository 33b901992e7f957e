"""Layers of ours for SpecNet."""
