"""A flat network as a file that a person would have written: repetitions, blocks with parameters, arms, labels."""

from specnet.importers.folding.folded import Folded, fold
from specnet.importers.folding.hints import Hints

__all__ = ["Folded", "Hints", "fold"]
