"""Attributes of layers with parameters: how these are initialised, and which are frozen."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from specnet.layers.base.layer import Layer
from specnet.layers.base.traits import Trait

Init = Literal["default", "he", "xavier", "orthogonal", "dirac", "whiten", "zeros"] | None
"""How a weight is initialised, in place of the `train` section's `init`.

`dirac`: the first filters pass one channel each through. `whiten`: the filters are the principal directions, in both
signs, of the input windows, scaled to variance 1. `zeros`: all 0.
"""

Freeze = Literal["weight", "bias", "all"] | None

INIT = Field(None, description="initialisation of the weight, instead of that of `train`")
FREEZE = Field(None, description="parameters that are not learned: weight, bias or all")


def get_init(layer: Layer) -> str | None:
    """Return a layer's own initialisation of its weight; None where the `train` section decides."""
    init = getattr(layer, "init", None)
    return init if isinstance(init, str) else None


def is_frozen(layer: Layer, parameter: str) -> bool:
    """Whether a layer's parameter of this name is frozen."""
    return getattr(layer, "freeze", None) in (parameter, "all")


def has_default_bias(layer: Layer) -> bool:
    """Whether a layer adds a bias that its line does not ask for."""
    return Trait.ADDS_BIAS in layer.traits and "bias" not in layer.model_fields_set
