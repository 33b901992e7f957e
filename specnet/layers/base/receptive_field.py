"""The receptive field of a single layer: what one output position reads of each input."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from specnet.layers.base.shapes import Shapes


@dataclass(frozen=True)
class Reach:
    """What one output position reads along an axis of a map.

    `positions` is the extent from the first position read to the last; the next output position reads `stride`
    positions further on, 0 where all read the same. `axis` is the axis of the input, 0 its height and 1 its width;
    None stands for the output's own.
    """

    positions: float = 1
    stride: float = 1
    axis: int | None = None


class Elements(Enum):
    """What an output reads of an input without regard to its axes."""

    ALL = "all"
    """Every output element reads the whole input."""
    MOVED = "moved"
    """Every output element is one element of the input; which one is not said."""


Reading = tuple[Reach, Reach] | Elements
"""Along the height and the width of the output; or of vectors, whatever the axes."""

ReceptiveField = tuple[Reading, ...] | None
"""A reading for each input; None where it is unknown."""

BY_POSITION: Reading = (Reach(), Reach())
"""Each position reads the same position; of a vector, each element the same element."""


def by_position(inputs: Shapes) -> ReceptiveField:
    """Return the field of a layer that reads the same position of each of its inputs."""
    return (BY_POSITION,) * len(inputs)
