"""Syntax tree → network, in one direction: a context below, plain functions above it, on top the walk."""

from specnet.elaborate.context import CannotRead, Read
from specnet.elaborate.elaboration import Elaborated, OverrideError, elaborate
from specnet.elaborate.graph_builder import Claim, Expectation, Place

__all__ = ["CannotRead", "Claim", "Elaborated", "Expectation", "OverrideError", "Place", "Read", "elaborate"]
