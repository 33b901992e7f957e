"""Draw what leads from one volume to the next: lines of sight, full connections, arrows, and skips."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import product

from specnet.backends.volumes.branching import Line, cut_shared
from specnet.backends.volumes.cell import NUMBER, Cell
from specnet.backends.volumes.colours import FigureColours
from specnet.backends.volumes.gutters import Gutters
from specnet.backends.volumes.placement import Layout, Seats
from specnet.backends.volumes.ports import Ports
from specnet.backends.volumes.scale import Scale
from specnet.backends.volumes.scene import CORNER, Item, Point, Stroke
from specnet.backends.volumes.sights import connect_all, draw_sight
from specnet.backends.volumes.volume import Link

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
    links: tuple[Link, ...]

    @property
    def seats(self) -> Seats:
        return self.layout.seats

    @cached_property
    def ports(self) -> Ports:
        """The points at which lines begin and end."""
        return Ports(self.cells, self.layout)

    @cached_property
    def gutters(self) -> Gutters:
        """The lines between rows."""
        return Gutters(self.ports, self.links)

    def draw_link(self, link: Link) -> Iterator[Item]:
        """Yield what is drawn of a link."""
        source, target = self.seats[link.source], self.seats[link.target]
        colour = self._choose_colour(link)
        if link in self.layout.arcs and source.row == target.row:
            yield Stroke(self._lines[link], colour, 1.0, has_head=True)
        elif self.layout.is_u and source.row != target.row:
            yield self._change_level(link, colour)
        elif self.layout.is_u and target.rank > source.rank + 1:
            yield self._go_straight(link, colour)
        elif source.row != target.row:
            yield Stroke(self._lines[link], colour, 1.0, has_head=True)
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
        elif target.volume.is_fully_connected(link.value):
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
        start, end = self.ports.leave(link.source), self.ports.arrive(link.target)
        return Stroke((start, end), colour, 1.0, is_dashed=self._is_unknown(link), has_head=True)

    def _is_unknown(self, link: Link) -> bool:
        """Whether nothing is known of the value that flows."""
        return link.is_gap or self.cells[link.source].volume.shape is None

    # Elsewhere

    def _change_lane(self, link: Link, colour: str) -> Iterator[Item]:
        """Yield a line that changes lanes right behind the source, away from the trunk, or right before the target."""
        (x1, y1), (x2, y2) = self.ports.leave(link.source), self.ports.arrive(link.target)
        turn = self._find_turn(link)
        near, far = (turn - BOW, y1), (turn + BOW, y2)
        yield Stroke(((x1, y1), near), colour, 1.0)
        yield Stroke((near, (turn, y1), (turn, y2), far), colour, 1.0, is_curve=True)
        yield Stroke((far, (x2, y2)), colour, 1.0, has_head=True)

    def _find_turn(self, link: Link) -> float:
        """Return where a link changes lanes."""
        source, target = self.seats[link.source], self.seats[link.target]
        leaves_trunk = abs(source.lane) < abs(target.lane)
        middle = (self.ports.leave(link.source)[0] + self.ports.arrive(link.target)[0]) / 2
        return self.layout.turns.get(source.rank + 1 if leaves_trunk else target.rank, middle)

    @cached_property
    def _lines(self) -> Mapping[Link, Line]:
        """The lines over a row and between rows, each without what it shares with longer ones of its value."""
        lines, drawn = dict[Link, Line](), dict[str, list[Line]]()
        for link in sorted(self.links, key=self._measure_reach, reverse=True):
            if (line := self._pass(link)) is not None:
                rivals = drawn.setdefault(link.source, [])
                lines[link] = cut_shared(line, rivals)
                rivals.append(line)
        return lines

    def _measure_reach(self, link: Link) -> tuple[int, float]:
        return self.seats[link.target].row, self.seats[link.target].x

    def _pass(self, link: Link) -> Line | None:
        """Return the whole line of a link that passes over others or leads to another row."""
        if self.seats[link.source].row != self.seats[link.target].row:
            return None if self.layout.is_u else tuple(self.gutters.route(link))
        if link not in self.layout.arcs:
            return None
        end, height = self.ports.drop(link), self.ports.find_arc(link)
        start = self._branch(link) if self._changes_lane(link) else (self.ports.rise(link.source),)
        return *start, (start[-1][0], height), (end[0], height), end

    def _changes_lane(self, link: Link) -> bool:
        return self.seats[link.source].lane != self.seats[link.target].lane

    def _branch(self, link: Link) -> Line:
        """Return where a residual leaves the line by which its value comes from another lane."""
        x, y = self._find_turn(link) + BOW, self.ports.arrive(link.target)[1]
        return (x, y), (x + CORNER, y)

    def _change_level(self, link: Link, colour: str) -> Stroke:
        """Return an arrow that turns down to the next level of a U, or up to the one above."""
        if self.seats[link.source].row < self.seats[link.target].row:
            end = self.ports.find_middle(link.target)
            start = self.ports.leave(link.source)[0], self._heights.get(link.source, self.ports.leave(link.source)[1])
            points = start, (end[0], start[1]), end
        else:
            start, end = self.ports.find_middle(link.source), self._arrive_from_below(link)
            points = start, (start[0], end[1]), end
        return Stroke(points, colour, 1.0, has_head=True)

    def _arrive_from_below(self, link: Link) -> Point:
        """Return where what comes from below enters: above the number of the height, and below a skip."""
        x, y = self.ports.arrive(link.target)
        return x, min(y + UP, self._find_number(link.target))

    def _find_number(self, name: str) -> float:
        """Return the lowest place of an arrow at the front of a box, above the number of its height."""
        cell = self.cells[name]
        bottom = self.seats[name].centre + cell.height / 2
        return bottom - NUMBER if cell.has_edge_sizes else bottom

    def _go_straight(self, link: Link, colour: str) -> Stroke:
        """Return a skip of a U over the levels below."""
        x1, x2, height = self.ports.leave(link.source)[0], self.ports.arrive(link.target)[0], self._heights[link.source]
        return Stroke(((x1, height), (x2, height)), colour, 1.0, has_head=True)

    @cached_property
    def _heights(self) -> Mapping[str, float]:
        """The height of the skips of a U from each box: it meets no arrow from below at their ends."""
        heights = dict[str, float]()
        for link in self.links:
            source, target = self.seats[link.source], self.seats[link.target]
            if source.row == target.row and target.rank > source.rank + 1:
                known = heights.get(link.source, source.centre)
                heights[link.source] = min(known, self._find_number(link.target) - UP)
        return heights
