"""Where lines leave and enter a box: at its sides, and on its top, where each line has a place of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from specnet.backends.volumes.cell import Cell
from specnet.backends.volumes.placement import ARC, ARC_STEP, Layout, Seats
from specnet.backends.volumes.scene import Point
from specnet.backends.volumes.volume import Link

RISE = 0.85
"""Where on the top of a box a skip begins, as a share of its thickness: right of all that arrives there."""

DROPS = 0.7
"""The share of the thickness on which skips arrive."""


@dataclass(frozen=True)
class Ports:
    """The points of all boxes of a figure at which lines begin and end."""

    cells: Mapping[str, Cell]
    layout: Layout

    @property
    def seats(self) -> Seats:
        return self.layout.seats

    def leave(self, name: str) -> Point:
        """Return where a line begins right of a box."""
        seat = self.seats[name]
        return seat.x + self.cells[name].box.width + 1, seat.centre

    def arrive(self, name: str) -> Point:
        """Return where an arrow ends left of a box."""
        return self.seats[name].x - 2, self.seats[name].centre

    def rise(self, name: str) -> Point:
        """Return where the line of a skip begins on the top of a box."""
        return self._find_top(name, RISE)

    def drop(self, link: Link) -> Point:
        """Return where a skip ends on the top of a box: the higher its line, the farther right."""
        rivals = self._drops[link.target]
        return self._find_top(link.target, DROPS * (rivals.index(link) + 1) / (len(rivals) + 1))

    def find_middle(self, name: str) -> Point:
        """Return the middle of the top of a box."""
        return self._find_top(name, 0.5, 0.5)

    def find_arc(self, link: Link) -> float:
        """Return the height of the line of a skip above the target's row."""
        return self._find_level(link.target, self.layout.arcs[link])

    def find_exit(self, name: str) -> float:
        """Return the height of the line by which a value leaves its row over others."""
        return self._find_level(name, self.layout.exits[name])

    def _find_level(self, name: str, level: int) -> float:
        return self.seats[name].ceiling - ARC - ARC_STEP * level + 2

    def _find_top(self, name: str, share: float, depth: float | None = None) -> Point:
        """Return a point on the top of a box, at a share of its thickness and its depth."""
        cell, seat = self.cells[name], self.seats[name]
        (x, y), (dx, dy) = cell.list_fronts(seat.x, seat.centre)[0], cell.box.depth
        inside = 0.5 + 0.3 * share if depth is None else depth
        return x + cell.box.thickness * share + dx * inside, y + dy * inside

    @cached_property
    def _drops(self) -> Mapping[str, list[Link]]:
        """The skips that end on top of each box, from the lowest up."""
        found = dict[str, list[Link]]()
        for link in sorted(self.layout.arcs, key=self.layout.arcs.__getitem__):
            found.setdefault(link.target, []).append(link)
        return found
