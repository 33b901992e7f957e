"""Attributes of layers with learned numbers: what these start from, and which of them stay as they are."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from specnet.layers.base.layer import Layer
from specnet.layers.base.traits import Trait

Init = Literal["default", "he", "xavier", "orthogonal", "dirac", "whiten", "zeros"] | None
"""What a weight starts from, where the `train` section is not to say it.

`dirac`: the first filters pass one channel each through. `whiten`: the filters are the principal directions, in both
signs, of the windows that arrive, scaled to variance 1. `zeros`: all 0.
"""

Freeze = Literal["weight", "bias", "all"] | None

INIT = Field(None, description="what the weight starts from, instead of what `train` says")
FREEZE = Field(None, description="what is not learned: weight, bias or all")


def init_of(layer: Layer) -> str | None:
    """What the weight of a layer starts from; None where the `train` section says it."""
    init = getattr(layer, "init", None)
    return init if isinstance(init, str) else None


def is_frozen(layer: Layer, parameter: str) -> bool:
    """Whether a layer's parameter of this name is not learned."""
    return getattr(layer, "freeze", None) in (parameter, "all")


def has_default_bias(layer: Layer) -> bool:
    """Whether a layer adds a bias that its line does not ask for."""
    return Trait.ADDS_BIAS in layer.traits and "bias" not in layer.model_fields_set
