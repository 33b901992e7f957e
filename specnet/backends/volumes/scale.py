"""The lengths of a box by the sizes of its volume: each grows with the root of a size, so that all can be read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import sqrt

from specnet.backends.volumes.scene import Point
from specnet.backends.volumes.volume import Volume

TALLEST, SHORTEST = 104.0, 5.0
"""The longest and shortest side of a map, in points."""

TALLEST_COLUMN = 88.0
"""The longest column, which shows a vector."""

THICKEST, THINNEST = 46.0, 3.0
"""The largest and smallest thickness of a box, which shows channels."""

SIDE_UNIT, CHANNEL_UNIT, VECTOR_UNIT = 17.0, 3.4, 7.0
"""The largest points for the root of a size, so that small networks are not blown up."""

COLUMN = 8.0
"""The thickness of a column, which shows a vector, and the depth of a sequence."""

SLAB = 7.0
"""The height of a slab with the gap below it, of those that show the tokens of a sequence."""

SLANT: Point = (0.42, -0.3)
"""Where a point of width leads in the picture: to the right and up, into the depth."""

UNKNOWN = 40.0
"""The side of a box of unknown shape."""


@dataclass(frozen=True)
class Box:
    """A box in oblique projection: a front of height and channels, which width extends into the depth."""

    height: float
    thickness: float
    depth: Point

    @property
    def width(self) -> float:
        """The width of the picture of the box."""
        return self.thickness + self.depth[0]

    @property
    def overhang(self) -> float:
        """How far the picture reaches above the front."""
        return -self.depth[1]


class Scale:
    """The scale of one figure, by the largest sizes in it; its sides are a share of the usual ones."""

    def __init__(self, volumes: Iterable[Volume], share: float = 1.0) -> None:
        shapes = [volume.shape for volume in volumes if volume.shape]
        maps, vectors = [each for each in shapes if len(each) == 3], [each for each in shapes if len(each) == 1]
        sequences = [each for each in shapes if len(each) == 2]
        self._side = _choose_unit(TALLEST * share, (max(each[:2]) for each in maps), SIDE_UNIT * share)
        self._channels = _choose_unit(THICKEST, (each[-1] for each in (*maps, *sequences)), CHANNEL_UNIT)
        self._tokens = _choose_unit(TALLEST_COLUMN * share, (each[0] for each in sequences), SIDE_UNIT * share)
        self._vector = _choose_unit(TALLEST_COLUMN * share, (max(each) for each in vectors), VECTOR_UNIT)

    def measure_side(self, size: int) -> float:
        """Return the length of a map's side."""
        return max(SHORTEST, self._side * sqrt(size))

    def make_box(self, volume: Volume) -> Box:
        """Return the box of a volume, or of one of its towers."""
        shape = volume.shape
        if shape is None:
            return Box(UNKNOWN, UNKNOWN / 3, _slant(UNKNOWN / 2))
        if volume.is_sequence:
            height = max(2 * SHORTEST, self._tokens * sqrt(shape[0]))
            return Box(height, self._measure_channels(shape[1]), _slant(COLUMN))
        if len(shape) != 3:
            return Box(max(2 * SHORTEST, self._vector * sqrt(max(shape))), COLUMN, _slant(COLUMN))
        height, width, channels = shape
        thickness = self._measure_channels(channels / volume.towers)
        return Box(self.measure_side(height), thickness, _slant(self.measure_side(width)))

    def _measure_channels(self, channels: float) -> float:
        return max(THINNEST, self._channels * sqrt(channels))


def _choose_unit(longest: float, sizes: Iterable[int], most: float) -> float:
    return min(most, longest / sqrt(max(sizes, default=1)))


def _slant(width: float) -> Point:
    return width * SLANT[0], width * SLANT[1]
