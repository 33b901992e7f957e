"""What of the plane is taken: boxes and lines by the squares that they touch, so that what is near is found at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import pairwise, product
from math import ceil, dist
from typing import NamedTuple

from specnet.backends.diagram.layout import Point, Rectangle

SMALLEST_SQUARE, MOST_SQUARES = 64.0, 200
"""The smallest side of a square in points, and the largest number of squares side by side."""

LONGEST = 0.6
"""The largest length of a piece of a line in sides of a square, so small that it touches few squares."""

Square = tuple[int, int]


class Piece(NamedTuple):
    """A straight piece of a line."""

    line: int
    start: Point
    end: Point


class Occupancy:
    """Boxes and lines of a picture."""

    def __init__(self, extent: float = 0.0) -> None:
        """Make an empty plane; the larger its extent, the larger are its squares."""
        self.square = max(SMALLEST_SQUARE, extent / MOST_SQUARES)
        self._boxes: dict[Square, list[Rectangle]] = defaultdict(list)
        self._pieces: dict[Square, list[Piece]] = defaultdict(list)
        self._lines = 0

    def add_box(self, box: Rectangle) -> None:
        for square in self._list_squares(box):
            self._boxes[square].append(box)

    def add_line(self, points: Iterable[Point]) -> None:
        """Add a line of straight pieces."""
        for start, end in pairwise(_refine([*points], LONGEST * self.square)):
            for square in self._list_squares(_surround(start, end)):
                self._pieces[square].append(Piece(self._lines, start, end))
        self._lines += 1

    def add_border(self, box: Rectangle) -> None:
        """Add the four sides of a rectangle as a line."""
        left, bottom, right, top = box.left, box.bottom, box.right, box.top
        self.add_line([(left, bottom), (right, bottom), (right, top), (left, top), (left, bottom)])

    def count_boxes(self, place: Rectangle) -> int:
        """Count the boxes that a rectangle overlaps."""
        found = {id(box): box for square in self._list_squares(place) for box in self._boxes.get(square, ())}
        return sum(box.overlaps(place) for box in found.values())

    def count_lines(self, place: Rectangle) -> int:
        """Count the lines that cross a rectangle or pass it within a point."""
        wide = place.grow(1)
        near = (piece for square in self._list_squares(wide) for piece in self._pieces.get(square, ()))
        return len({piece.line for piece in near if _touches(piece, wide)})

    def _list_squares(self, box: Rectangle) -> Iterator[Square]:
        left, bottom, right, top = (int(side // self.square) for side in (box.left, box.bottom, box.right, box.top))
        return product(range(left, right + 1), range(bottom, top + 1))


def _touches(piece: Piece, box: Rectangle) -> bool:
    """Whether any of a piece is inside a rectangle: the part of it that is between both pairs of sides."""
    (x, y), (end_x, end_y) = piece.start, piece.end
    first, last = 0.0, 1.0
    for at, step, low, high in ((x, end_x - x, box.left, box.right), (y, end_y - y, box.bottom, box.top)):
        if step:
            one, other = (low - at) / step, (high - at) / step
            first, last = max(first, min(one, other)), min(last, max(one, other))
        elif not low < at < high:
            return False
    return first < last


def _surround(a: Point, b: Point) -> Rectangle:
    return Rectangle(min(a[0], b[0]), min(a[1], b[1]), max(a[0], b[0]), max(a[1], b[1]))


def _refine(points: list[Point], longest: float) -> Iterator[Point]:
    """Yield the points of a line with more points between them."""
    yield points[0]
    for a, b in pairwise(points):
        steps = ceil(dist(a, b) / longest)
        for step in range(1, steps + 1):
            part = step / steps
            yield a[0] + part * (b[0] - a[0]), a[1] + part * (b[1] - a[1])
