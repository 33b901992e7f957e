"""Draw what leads from one volume to the next: lines of sight, full connections, arrows, and arcs of skips."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import product

from specnet.backends.volumes.cell import Cell
from specnet.backends.volumes.colours import FigureColours
from specnet.backends.volumes.placement import Layout, Seat, Seats
from specnet.backends.volumes.rows import ARC, ARC_STEP, ROW_GAP
from specnet.backends.volumes.scale import Scale
from specnet.backends.volumes.scene import Item, Point, Stroke
from specnet.backends.volumes.sights import connect_all, draw_sight
from specnet.backends.volumes.u_shape import find_top
from specnet.backends.volumes.volume import Link
from specnet.layers.base import Family


@dataclass(frozen=True)
class RowExtent:
    """The room that a row takes."""

    top: float
    left: float
    right: float
    bottom: float


BOW = 8.0
"""How far a link that changes lanes swings out on both sides."""

UP = 8.0
"""How much lower than a skip what comes from below enters a box."""


@dataclass(frozen=True)
class Linker:
    """Draws the links of one figure."""

    cells: Mapping[str, Cell]
    layout: Layout
    scale: Scale
    colours: FigureColours

    @property
    def seats(self) -> Seats:
        return self.layout.seats

    def draw_link(self, link: Link) -> Iterator[Item]:
        """Yield what is drawn of a link."""
        source, target = self.seats[link.source], self.seats[link.target]
        colour = self._choose_colour(link)
        if self.layout.is_u and (source.row != target.row or target.rank > source.rank + 1):
            yield self._go_along_u(link, colour)
        elif source.row != target.row:
            yield from self._go_to_next_row(link, colour)
        elif link in self.layout.arcs:
            yield self._bend(link, colour)
        elif source.centre != target.centre:
            yield from self._change_lane(link, colour)
        else:
            yield from self._look(link, colour)

    def _choose_colour(self, link: Link) -> str:
        target = self.cells[link.target]
        if target.is_fault or link.is_gap:
            return self.colours.fault.line
        return self.colours.quiet if target.volume.shape else self.colours.behind.line

    # Along a lane

    def _look(self, link: Link, colour: str) -> Iterator[Item]:
        """Yield the filter with its lines of sight, the lines of a full connection, or an arrow."""
        source, target = self.cells[link.source], self.cells[link.target]
        if target.is_fault or target.volume.shape is None or source.volume.shape is None:
            yield self._point(link, colour)
        elif target.volume.has_window and source.volume.is_map:
            for start, end in self._pair_towers(link):
                yield from draw_sight(source, target, start, end, self.scale, self.colours)
        elif target.volume.family is Family.DENSE and not target.volume.is_folded:
            for start, end in self._pair_towers(link):
                yield from connect_all(source, target, start, end, self.colours)
        else:
            yield self._point(link, colour)

    def _pair_towers(self, link: Link) -> Iterator[tuple[Point, Point]]:
        """Yield the fronts of the towers that are linked: each with its own, or with all."""
        source, target = self.cells[link.source], self.cells[link.target]
        starts = source.list_fronts(self.seats[link.source].x, self.seats[link.source].centre)
        ends = target.list_fronts(self.seats[link.target].x, self.seats[link.target].centre)
        is_parallel = len(starts) == len(ends) and not target.volume.mixes_towers
        yield from zip(starts, ends, strict=True) if is_parallel else product(starts, ends)

    def _point(self, link: Link, colour: str) -> Stroke:
        start, end = self._leave(link.source), self._arrive(link.target)
        return Stroke((start, end), colour, 1.0, is_dashed=self._is_unknown(link), has_head=True)

    def _is_unknown(self, link: Link) -> bool:
        """Whether nothing is known of the value that flows."""
        return link.is_gap or self.cells[link.source].volume.shape is None

    def _leave(self, name: str) -> Point:
        seat, box = self.seats[name], self.cells[name].box
        return seat.x + box.width + 1, seat.centre

    def _arrive(self, name: str) -> Point:
        seat = self.seats[name]
        return seat.x - 2, seat.centre

    # Elsewhere

    def _change_lane(self, link: Link, colour: str) -> Iterator[Item]:
        """Yield a line that changes lanes right behind the source, away from the trunk, or right before the target."""
        source, target = self.seats[link.source], self.seats[link.target]
        (x1, y1), (x2, y2) = self._leave(link.source), self._arrive(link.target)
        leaves_trunk = abs(source.lane) < abs(target.lane)
        turn = self.layout.turns.get(source.rank + 1 if leaves_trunk else target.rank, (x1 + x2) / 2)
        near, far = (turn - BOW, y1), (turn + BOW, y2)
        yield Stroke(((x1, y1), near), colour, 1.0)
        yield Stroke((near, (turn, y1), (turn, y2), far), colour, 1.0, is_curve=True)
        yield Stroke((far, (x2, y2)), colour, 1.0, has_head=True)

    def _bend(self, link: Link, colour: str) -> Stroke:
        """Return the arc of a skip over the row."""
        start, end = self._find_top(link.source, 0.7), self._find_top(link.target, 0.3)
        peak = self._find_peak(self.seats[link.source], link)
        points = (start, (start[0], peak), (end[0], peak), end)
        return Stroke(points, colour, 1.0, is_curve=True, has_head=True)

    def _find_top(self, name: str, share: float) -> Point:
        """Return a point in the middle of the top of a box, at a share of its thickness."""
        cell, seat = self.cells[name], self.seats[name]
        (x, y), (dx, dy) = cell.list_fronts(seat.x, seat.centre)[0], cell.box.depth
        return x + cell.box.thickness * share + dx / 2, y + dy / 2

    def _go_along_u(self, link: Link, colour: str) -> Stroke:
        """Return an arrow that turns down to the next level or up to the one above, or a skip from left to right."""
        source, target = self.seats[link.source], self.seats[link.target]
        start, end = self._leave(link.source), self._arrive(link.target)
        if source.row < target.row:
            top = target.x + find_top(self.cells[link.target]), self._find_top(link.target, 0.5)[1]
            points = [start, (top[0], start[1]), top]
        elif source.row > target.row:
            top = source.x + find_top(self.cells[link.source]), self._find_top(link.source, 0.5)[1]
            points = [top, (top[0], end[1] + UP), (end[0], end[1] + UP)]
        elif self._has_between(source, target):
            tops = self._find_top(link.source, 0.7), self._find_top(link.target, 0.3)
            points = [tops[0], (tops[0][0], source.ceiling), (tops[1][0], source.ceiling), tops[1]]
        else:
            points = [start, end]
        return Stroke(tuple(points), colour, 1.0, has_head=True)

    def _has_between(self, source: Seat, target: Seat) -> bool:
        """Whether another box stands between two of a level."""
        return any(seat.row == source.row and source.x < seat.x < target.x for seat in self.seats.values())

    def _go_to_next_row(self, link: Link, colour: str) -> Iterator[Stroke]:
        """Yield a line from one row to the beginning of a later one, and from there an arc if it is a skip."""
        source, target = self.seats[link.source], self.seats[link.target]
        start, end = self._leave(link.source), self._arrive(link.target)
        rows = self._rows
        right, bottom = rows[source.row].right + 10, rows[target.row].top - ROW_GAP / 2
        left = rows[target.row].left - 10
        corners = [start, (right, start[1]), (right, bottom), (left, bottom)]
        if any(
            seat.row == source.row and seat.lane == source.lane and seat.rank > source.rank
            for seat in self.seats.values()
        ):
            corners = [
                self._find_top(link.source, 0.7),
                (self._find_top(link.source, 0.7)[0], source.ceiling),
                (right, source.ceiling),
                *corners[2:],
            ]
        if link not in self.layout.arcs:
            yield Stroke((*corners, (left, end[1]), end), colour, 1.0, has_head=True)
            return
        end = self._find_top(link.target, 0.3)
        yield Stroke((*corners, (left, target.centre)), colour, 1.0)
        peak = self._find_peak(target, link)
        yield Stroke(
            ((left, target.centre), (left, peak), (end[0], peak), end), colour, 1.0, is_curve=True, has_head=True
        )

    def _find_peak(self, seat: Seat, link: Link) -> float:
        """Return the height of the handles of an arc, whose top is three quarters as high."""
        return seat.ceiling - (ARC + ARC_STEP * self.layout.arcs[link]) * 4 / 3 + 4

    @cached_property
    def _rows(self) -> Mapping[int, RowExtent]:
        """The extent of each row."""
        found = dict[int, RowExtent]()
        for name, seat in self.seats.items():
            cell = self.cells[name]
            left, right = seat.x - cell.reach_left, seat.x + cell.reach_right
            bottom = seat.caption + cell.caption_height
            known = found.get(seat.row, RowExtent(0.0, left, right, bottom))
            found[seat.row] = RowExtent(0.0, min(known.left, left), max(known.right, right), max(known.bottom, bottom))
        tops = {row: found[row - 1].bottom + ROW_GAP if row else 0.0 for row in found}
        return {row: replace(extent, top=tops[row]) for row, extent in found.items()}
