"""Properties of a kind of layer that others ask for instead of its name."""

from __future__ import annotations

from enum import StrEnum


class Family(StrEnum):
    """What a layer does, roughly: the colour of its box in a diagram."""

    CONVOLUTION = "convolution"
    POOLING = "pooling"
    DENSE = "dense"
    ACTIVATION = "activation"
    NORMALISATION = "normalisation"
    REGULARISATION = "regularisation"
    RESHAPING = "reshaping"
    JOIN = "join"
