"""The exceptions of reading and matching weights."""

from __future__ import annotations

from specnet.errors import SpecNetError


class WeightsError(SpecNetError):
    """The base of all; the message names the file."""


class UnreadableWeights(WeightsError):
    """A file is damaged, unsafe, or in a format that is not read."""


class MissingReader(WeightsError):
    """A library that reads the format is not installed."""


class UnfitWeights(WeightsError):
    """The weights are those of another network, or do not say which layer is which."""


class AmbiguousWeights(UnfitWeights):
    """The weights could be matched in several ways."""
