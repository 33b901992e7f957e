"""The steps of what a layer computes, for pictures that show it from within."""

from __future__ import annotations

from typing import NamedTuple

from specnet.layers.base.shapes import Shape
from specnet.layers.base.traits import Family


class Step(NamedTuple):
    """A step of a layer, named as no other one of it: what it does, reads and returns.

    The last step returns what the layer does. The parameters and MACs of all steps are those of the layer.
    """

    name: str
    text: str
    """What is done, as papers write it: `linear 768`, `q·kᵀ/√64`."""
    family: Family
    inputs: tuple[int | str, ...]
    """What it reads: inputs of the layer by number, results of earlier steps by name."""
    shape: Shape
    """The shape of the result, outermost axis first, such as heads × tokens × channels of a head."""
    then: tuple[tuple[str, Family], ...] = ()
    """What is done with the result at once, which keeps its shape: `softmax`."""
    parameters: int = 0
    macs: int = 0


Steps = tuple[Step, ...]
