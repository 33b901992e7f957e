"""Weights in files of torch, safetensors and Keras, and their match to the layers of a network."""

from specnet.weights.errors import AmbiguousWeights, MissingReader, UnfitWeights, UnreadableWeights, WeightsError
from specnet.weights.formats import read_weights_file
from specnet.weights.matching import Match, match_weights
from specnet.weights.stored import StoredLayer, StoredWeights

__all__ = [
    "AmbiguousWeights",
    "Match",
    "MissingReader",
    "StoredLayer",
    "StoredWeights",
    "UnfitWeights",
    "UnreadableWeights",
    "WeightsError",
    "match_weights",
    "read_weights_file",
]
