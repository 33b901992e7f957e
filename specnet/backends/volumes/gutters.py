"""The space beside and between rows, in which each value that leads from one to another has a line of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from specnet.backends.volumes.placement import ROW_GAP, STEP
from specnet.backends.volumes.ports import Ports
from specnet.backends.volumes.scene import Point
from specnet.backends.volumes.volume import Link

MARGIN = 10.0
"""The space between a row and the first line beside it."""


@dataclass(frozen=True)
class RowExtent:
    """The room that a row takes."""

    left: float
    right: float
    bottom: float


@dataclass(frozen=True)
class Gutters:
    """The lines between rows: those that leave highest run outside, so that they do not cross the others."""

    ports: Ports
    links: tuple[Link, ...]

    def route(self, link: Link) -> list[Point]:
        """Return the points of the line from a volume of one row to one of a later row."""
        target = self.ports.seats[link.target]
        entering = self._entering[target.row]
        place = entering.index(link.source)
        left = self._rows[target.row].left - MARGIN - STEP * (len(entering) - 1 - place)
        height = self._rows[target.row - 1].bottom + ROW_GAP / 2 + STEP * place
        exit_points = self._leave(link.source)
        right = self._right + STEP * self._columns[link.source]
        return [
            *exit_points,
            (right, exit_points[-1][1]),
            (right, height),
            (left, height),
            *self._enter(link, left),
        ]

    def _leave(self, name: str) -> list[Point]:
        if name not in self.ports.layout.exits:
            return [self.ports.leave(name)]
        top = self.ports.rise(name)
        return [top, (top[0], self.ports.find_exit(name))]

    def _enter(self, link: Link, left: float) -> list[Point]:
        if link not in self.ports.layout.arcs:
            end = self.ports.arrive(link.target)
            return [(left, end[1]), end]
        end, height = self.ports.drop(link), self.ports.find_arc(link)
        return [(left, height), (end[0], height), end]

    @cached_property
    def _columns(self) -> Mapping[str, int]:
        """The place right of the rows of each value that leads to a later row, from the inside out."""
        seats, columns = self.ports.seats, dict[str, int]()
        for name in sorted(self._ends, key=lambda name: (self._ends[name] - seats[name].row, -self._find_height(name))):
            beside = [
                column
                for other, column in columns.items()
                if seats[other].row < self._ends[name] and seats[name].row < self._ends[other]
            ]
            columns[name] = 1 + max(beside, default=-1)
        return columns

    def _find_height(self, name: str) -> float:
        return self._leave(name)[-1][1]

    @cached_property
    def _ends(self) -> Mapping[str, int]:
        """The last row that reads each value of an earlier row."""
        seats, ends = self.ports.seats, dict[str, int]()
        for link in self.links:
            if seats[link.source].row != seats[link.target].row:
                ends[link.source] = max(ends.get(link.source, 0), seats[link.target].row)
        return ends

    @cached_property
    def _entering(self) -> Mapping[int, list[str]]:
        """The values that each row reads from earlier ones, from the innermost column out."""
        seats, found = self.ports.seats, dict[int, list[str]]()
        pairs = {(seats[link.target].row, link.source) for link in self.links}
        for row, name in sorted(pairs, key=lambda pair: self._columns.get(pair[1], -1)):
            if seats[name].row != row:
                found.setdefault(row, []).append(name)
        return found

    @cached_property
    def _right(self) -> float:
        return MARGIN + max(extent.right for extent in self._rows.values())

    @cached_property
    def _rows(self) -> Mapping[int, RowExtent]:
        """The extent of each row."""
        found = dict[int, RowExtent]()
        for name, seat in self.ports.seats.items():
            cell = self.ports.cells[name]
            left, right = seat.x - cell.reach_left, seat.x + cell.reach_right
            bottom = seat.caption + cell.caption_height
            known = found.get(seat.row, RowExtent(left, right, bottom))
            found[seat.row] = RowExtent(min(known.left, left), max(known.right, right), max(known.bottom, bottom))
        return found
