"""The place of each volume in the figure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from specnet.backends.volumes.cell import Cell
from specnet.backends.volumes.volume import Link

GAP = 24.0
"""The space between two boxes, for arrows and lines of sight."""

CROSSING = 18.0
"""The additional space between towers of which each reads both before."""

ARC, ARC_STEP = 12.0, 7.0
"""The height of a skip above a row, and how much higher one is above another."""

ROW_GAP, STEP = 26.0, 6.0
"""The space between two rows, and how far the values that lead from one to the other are apart there."""

CAPTION_GAP = 7.0
"""The space between two captions."""


@dataclass(frozen=True)
class Seat:
    """The place of one volume: the left of its front, the middle of its picture, the top of its caption."""

    x: float
    centre: float
    caption: float
    ceiling: float = 0.0
    """The height above which there is no other picture of the row, for the arcs of skips."""
    row: int = 0
    lane: int = 0
    rank: int = 0


Seats = Mapping[str, Seat]


@dataclass(frozen=True)
class Layout:
    """The places of all volumes, and the lines that pass over others."""

    seats: Seats
    arcs: Mapping[Link, int] = field(default_factory=dict)
    """The links that pass over other volumes of the target's row or its layer, with the level of each."""
    exits: Mapping[str, int] = field(default_factory=dict)
    """The volumes whose values leave their row over others, with the level of each."""
    turns: Mapping[int, float] = field(default_factory=dict)
    """Where links change lanes before a rank."""
    is_u: bool = False
    """Whether the rows are the levels of a U."""


def measure_distance(cell: Cell, after: Cell) -> float:
    """Return the least distance between the fronts of two volumes, one behind the other."""
    crosses = min(cell.volume.towers, after.volume.towers) > 1 and after.volume.mixes_towers
    bodies = cell.box.width + GAP + CROSSING * crosses + after.left
    captions = (cell.box.thickness + cell.caption_width + after.caption_width - after.box.thickness) / 2
    return max(bodies, captions + CAPTION_GAP)


def measure_headroom(levels: int) -> float:
    """Return the room that the lines of skips need above a row."""
    return ARC + ARC_STEP * (levels - 1) if levels else 0.0
