"""Cut a tall diagram into columns that stand side by side.

The cuts are between boxes and scopes of the top level, where a single value crosses. Its edge leaves a column at the
bottom, goes up in the gutter and enters the next column at the top.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from specnet.backends.diagram.layout import Curve, Layout, Point
from specnet.backends.diagram.model import Diagram, Edge, State, Terminal

GUTTER = 34.0
"""The width of the gap between two columns, in points."""

CORNER = 9.0
"""The radius of the corners of an edge in the gutter."""

ENTRY, EXIT = "column entry", "column exit"
"""The identities of the points where an edge enters and leaves a column; no layer has a space in its name."""


@dataclass(frozen=True)
class Column:
    """A part of a diagram that is laid out by itself; `edges` are the numbers of its edges in the whole diagram."""

    diagram: Diagram
    edges: tuple[int, ...]


def list_segments(diagram: Diagram) -> list[tuple[str, ...]]:
    """Return the boxes and scopes of the top level in parts, between which a single value crosses."""
    home = _find_homes(diagram)
    order = {item: index for index, item in enumerate(diagram.contents)}
    crossing = list[set[str]]([set() for _ in diagram.contents])
    for edge in diagram.edges:
        first, last = sorted((order.get(home[edge.source], 0), order.get(home[edge.target], 0)))
        for index in range(first, last):
            crossing[index].add(edge.value)
    segments, current = list[tuple[str, ...]](), list[str]()
    for index, item in enumerate(diagram.contents):
        current.append(item)
        if len(crossing[index]) == 1 or index == len(diagram.contents) - 1:
            segments.append(tuple(current))
            current = []
    return segments


def _find_homes(diagram: Diagram) -> Mapping[str, str]:
    """Return the box or scope of the top level that holds each box; a terminal is with its first neighbour."""
    homes = dict[str, str]()
    for item in diagram.contents:
        homes |= dict.fromkeys(_list_boxes(diagram, item), item)
    for edge in diagram.edges:
        homes.setdefault(edge.source, homes.get(edge.target, ""))
        homes.setdefault(edge.target, homes[edge.source])
    return homes


def _list_boxes(diagram: Diagram, item: str) -> Iterator[str]:
    if item in diagram.boxes:
        yield item
    else:
        for inner in diagram.scopes[item].contents:
            yield from _list_boxes(diagram, inner)


def split(diagram: Diagram, columns: Sequence[Sequence[str]]) -> list[Column]:
    """Return the columns of a diagram with these boxes and scopes of its top level."""
    homes = _find_homes(diagram)
    place = {item: index for index, column in enumerate(columns) for item in column}
    where = {name: place.get(home, 0) for name, home in homes.items()}
    return [_make_column(diagram, tuple(items), where, index) for index, items in enumerate(columns)]


def _make_column(diagram: Diagram, items: tuple[str, ...], where: Mapping[str, int], index: int) -> Column:
    edges, leaving = dict[int, Edge](), set[str]()
    for number, edge in enumerate(diagram.edges):
        source, target = where[edge.source], where[edge.target]
        if source < index == target:
            edges[number] = replace(edge, source=ENTRY)
        elif source == target == index:
            edges[number] = edge
        elif source == index and edge.value not in leaving:
            leaving.add(edge.value)
            edges[number] = replace(edge, target=EXIT)
    inputs = tuple(each for each in diagram.inputs if where.get(each.identity, 0) == index)
    ends = tuple(each for each in diagram.ends if where.get(each.identity, 0) == index)
    names = {end for edge in edges.values() for end in (edge.source, edge.target)}
    points = [Terminal(each, "", "", State.SOUND) for each in (ENTRY, EXIT) if each in names]
    part = replace(
        diagram,
        inputs=(*inputs, *(each for each in points if each.identity == ENTRY)),
        ends=(*ends, *(each for each in points if each.identity == EXIT)),
        contents=items,
        edges=tuple(edges.values()),
    )
    return Column(part, tuple(edges))


def join_columns(diagram: Diagram, columns: Sequence[Column], layouts: Sequence[Layout]) -> Layout:
    """Return the layout of a diagram from those of its columns, whose tops are in line."""
    right, placed = 0.0, list[Layout]()
    for layout in layouts:
        body = layout.body
        placed.append(layout.move(right - body.left, -body.top))
        right += body.width + GUTTER
    return replace(
        placed[0],
        boxes={name: box for layout in placed for name, box in layout.boxes.items() if name not in (ENTRY, EXIT)},
        scopes={name: scope for layout in placed for name, scope in layout.scopes.items()},
        captions={name: caption for layout in placed for name, caption in layout.captions.items()},
        curves=dict(_join_curves(diagram, columns, placed)),
        title=layouts[0].title,
    )


def _join_curves(diagram: Diagram, columns: Sequence[Column], placed: Sequence[Layout]) -> Iterator[tuple[int, Curve]]:
    """Yield the edges; the first one between two columns goes through the gutter, the others begin behind it."""
    exits, joined = dict[str, tuple[int, Curve]](), set[tuple[str, int]]()
    for index, (column, layout) in enumerate(zip(columns, placed, strict=True)):
        for position, number in enumerate(column.edges):
            edge, curve = column.diagram.edges[position], layout.curves.get(position)
            if curve is None:
                continue
            if edge.target == EXIT:
                exits[edge.value] = index, curve
                continue
            if edge.source == ENTRY and (edge.value, index) not in joined:
                joined.add((edge.value, index))
                left, first = exits[edge.value]
                floor = min(each.body.bottom for each in placed[left:index])
                curve = _pass_gutter(first, curve, layout.body.left - GUTTER / 2, floor)
            yield number, curve


def _pass_gutter(first: Curve, last: Curve, gutter: float, floor: float) -> Curve:
    """Return an edge that leaves a column as one curve, and enters the next one as another."""
    return Curve((*first.points, *_bend(first.points[-1], last.points[0], gutter, floor), *last.points[1:]), last.tip)


def _bend(start: Point, end: Point, gutter: float, floor: float) -> Iterator[Point]:
    """Yield the points after the first of a line that goes down, to the gutter, up and over to the next column."""
    low, high = floor - CORNER, end[1] + 2 * CORNER
    corners = [start, (start[0], low), (gutter, low), (gutter, high), (end[0], high), end]
    yield from _round_corners(corners)


def _round_corners(corners: Sequence[Point]) -> Iterator[Point]:
    at = corners[0]
    for corner, after in pairwise(corners[1:]):
        before, behind = _approach(corner, at), _approach(corner, after)
        yield from (at, before, before, corner, corner, behind)
        at = behind
    yield from (at, corners[-1], corners[-1])


def _approach(corner: Point, other: Point) -> Point:
    """Return the point before a corner where the line begins to bend."""
    x, y = other[0] - corner[0], other[1] - corner[1]
    length = max((x * x + y * y) ** 0.5, 1e-9)
    part = min(CORNER, length / 2) / length
    return corner[0] + part * x, corner[1] + part * y
