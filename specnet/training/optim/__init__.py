"""Optimisation: losses, optimizers, and averages of weights."""
