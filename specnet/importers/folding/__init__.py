"""A flat network as a file that a person would have written: repetitions, blocks with parameters, arms, labels."""

from specnet.importers.folding.folded import Folded, Hints, fold

__all__ = ["Folded", "Hints", "fold"]
