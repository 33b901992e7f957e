"""What of the plane is taken: boxes and lines by the squares that they touch, so that what is near is found at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import pairwise, product
from math import ceil, dist

from specnet.backends.diagram.layout import Point, Rectangle

SQUARE = 64
"""The side of a square in points."""

FINE = 5.0
"""The largest distance of two points of a line, so small that no text fits between them."""

Square = tuple[int, int]


class Occupancy:
    """Boxes and lines of a picture."""

    def __init__(self) -> None:
        self._boxes: dict[Square, list[Rectangle]] = defaultdict(list)
        self._points: dict[Square, list[tuple[int, Point]]] = defaultdict(list)
        self._lines = 0

    def add_box(self, box: Rectangle) -> None:
        for square in _list_squares(box):
            self._boxes[square].append(box)

    def add_line(self, points: Iterable[Point]) -> None:
        """Add a line of straight pieces."""
        for point in _refine([*points]):
            self._points[_find_square(point)].append((self._lines, point))
        self._lines += 1

    def add_border(self, box: Rectangle) -> None:
        """Add the four sides of a rectangle as a line."""
        left, bottom, right, top = box.left, box.bottom, box.right, box.top
        self.add_line([(left, bottom), (right, bottom), (right, top), (left, top), (left, bottom)])

    def count_boxes(self, place: Rectangle) -> int:
        """Count the boxes that a rectangle overlaps."""
        found = {id(box): box for square in _list_squares(place) for box in self._boxes.get(square, ())}
        return sum(box.overlaps(place) for box in found.values())

    def count_lines(self, place: Rectangle) -> int:
        """Count the lines that cross a rectangle or pass it within a point."""
        wide = place.grow(1)
        near = (each for square in _list_squares(wide) for each in self._points.get(square, ()))
        return len({line for line, point in near if wide.holds(point)})


def _find_square(point: Point) -> Square:
    return int(point[0] // SQUARE), int(point[1] // SQUARE)


def _list_squares(box: Rectangle) -> Iterator[Square]:
    (left, bottom), (right, top) = _find_square((box.left, box.bottom)), _find_square((box.right, box.top))
    return product(range(left, right + 1), range(bottom, top + 1))


def _refine(points: list[Point]) -> Iterator[Point]:
    """Yield the points of a line with more points between them."""
    yield points[0]
    for a, b in pairwise(points):
        steps = ceil(dist(a, b) / FINE)
        for step in range(1, steps + 1):
            part = step / steps
            yield a[0] + part * (b[0] - a[0]), a[1] + part * (b[1] - a[1])
