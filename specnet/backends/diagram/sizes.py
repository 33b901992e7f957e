"""Find a free place for the size on each edge and for the caption of each scope."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import pairwise, product
from math import ceil, dist
from typing import NamedTuple

from specnet.backends.diagram.crowding import CROWDED, measure_crowding
from specnet.backends.diagram.html_labels import TITLE, make_printable, wrap_lines
from specnet.backends.diagram.layout import Curve, Layout, Point, Rectangle
from specnet.backends.diagram.model import Diagram, Scope
from specnet.backends.diagram.occupancy import Occupancy

CHARACTER, HEIGHT = 5.6, 11.0
"""The width of a character of a size and the height of its line, in points."""

WIDE_CHARACTER = 6.6
"""The width of a character in the wide fonts that stand in for Helvetica where there is none, in points."""

CAPTION, SHORT_CAPTION = 28, 18
"""The largest number of characters of a line in the caption of a scope, and of a caption of one line."""

WIDTHS = {" .,:;ijlIft|!'/()-": 3.0, "mwMWGOQ×…": 8.0, "ABCDEHKNPRSUVXYT=+_<>~": 6.6}
"""The widths of letters that differ from most."""

GAP = 5.0
"""The distance between an edge and its size."""

STEPS = 8, 100
"""The smallest and the largest number of straight pieces of a Bézier curve."""

PIECE = 15.0
"""The length of these pieces, if their number is neither."""


def place_texts(diagram: Diagram, layout: Layout, is_across: bool = False) -> Layout:
    """Return a layout with a place for the size on each edge and for each caption; `is_across` for left to right.

    Sizes without a free place get theirs before the others in a second attempt.
    Between crowded edges there is hardly a free place, and none is looked for.
    """
    labelled = {number: edge.label for number, edge in enumerate(diagram.edges) if edge.label}
    labelled = {number: text for number, text in labelled.items() if number in layout.curves}
    is_crowded = measure_crowding(diagram) >= CROWDED
    placed = _place_texts(diagram, layout, _Placer(layout, is_across, is_crowded), labelled)
    if placed.without_room and not is_crowded:
        first = {number: labelled[number] for number in placed.without_room}
        again = _place_texts(diagram, layout, _Placer(layout, is_across, is_crowded), first | labelled)
        placed = min(placed, again, key=lambda each: len(each.without_room))
    return placed.layout


class _PlacedTexts(NamedTuple):
    """A layout with its texts, and the edges whose sizes lie over something else."""

    layout: Layout
    without_room: list[int]


def _place_texts(diagram: Diagram, layout: Layout, placer: _Placer, labelled: Mapping[int, str]) -> _PlacedTexts:
    """Place all captions, then the sizes in their order."""
    captions = {
        name: placer.place_caption(name, caption, measure_caption(diagram.scopes[name]))
        for name, caption in layout.captions.items()
    }
    sizes = {number: placer.place_size(number, text) for number, text in labelled.items()}
    return _PlacedTexts(replace(layout, captions=captions, sizes=sizes), placer.without_room)


def measure_caption(scope: Scope) -> int:
    """Return about the width of a caption in points."""
    lines = wrap_lines(scope.call, choose_caption_width(scope.call))
    heading = 1.07 * measure_text(scope.title[: TITLE + 1]) + (34 if scope.count > 1 else 0)
    return ceil(1.08 * max([heading, *map(measure_text, lines)])) + 4


def choose_caption_width(call: str) -> int:
    """Return the number of characters of a line, so that a longer caption has two lines beside the edge that enters."""
    if len(call) <= SHORT_CAPTION:
        return SHORT_CAPTION
    return min(CAPTION, max(SHORT_CAPTION - 2, ceil(len(call) / 2) + 2))


def measure_text(text: str) -> float:
    """Return about the width of a text of 10 points."""
    return sum(next((width for letters, width in WIDTHS.items() if letter in letters), 5.6) for letter in text)


class _Placer:
    """Places texts one after the other, where no box, edge, border or other text is."""

    def __init__(self, layout: Layout, is_across: bool, is_crowded: bool) -> None:
        self.layout, self.is_across, self.is_crowded = layout, is_across, is_crowded
        self.without_room = list[int]()
        self.taken = Occupancy(max(layout.body.width, layout.body.height))
        self.lines = {number: flatten(curve) for number, curve in layout.curves.items()}
        for box in layout.boxes.values():
            self.taken.add_box(box.grow(1))
        for line in () if is_crowded else self.lines.values():
            self.taken.add_line(line)
        for scope in layout.scopes.values():
            self.taken.add_border(scope)

    def place_caption(self, name: str, caption: Rectangle, width: float) -> Rectangle:
        """Return where the caption of a scope stands: at best at the top left, else where no edge crosses it.

        The space of its label to the right of its text is free for others.
        """
        scope = self.layout.scopes[name]
        text = Rectangle(scope.left + 8, caption.bottom, scope.left + 12 + width, caption.top)
        chosen = min(_list_places(text, scope), key=self._count_conflicts)
        self.taken.add_box(chosen)
        return Rectangle(chosen.left, chosen.bottom, chosen.left + caption.width, chosen.top)

    def place_size(self, number: int, text: str) -> Rectangle:
        """Return where the size of an edge stands, at best beside its beginning."""
        length = len(make_printable(text))
        narrow, wide = CHARACTER * length + 2, WIDE_CHARACTER * length + 2
        centres = (centre for room in (narrow, wide, wide + 2 * GAP) for centre in self._list_centres(number, room))
        places = [Rectangle.around(centre, wide, HEIGHT) for centre in centres]
        free = next((place for place in places if not self._count_conflicts(place)), None)
        if free is None:
            self.without_room.append(number)
        chosen = free or min(places, key=self._count_conflicts)
        self.taken.add_box(chosen)
        return chosen

    def _list_centres(self, number: int, width: float) -> Iterator[Point]:
        line = [*self.lines[number], self.layout.curves[number].tip]
        beside = HEIGHT / 2 + 2 if self.is_across else GAP + width / 2
        start = width / 2 + GAP if self.is_across else HEIGHT / 2 + GAP
        length = _measure(line)
        distances = [start, start + 8, start + 16, length - start - 6, length / 2, length / 3, 2 * length / 3]
        for shift, distance, side in product((0, -9, 9, -14, 14), distances, (1, -1)):
            x, y = _walk(line, distance)
            yield (x + shift, y + side * beside) if self.is_across else (x + side * beside, y + shift)

    def _count_conflicts(self, place: Rectangle) -> int:
        return 3 * self.taken.count_boxes(place) + self.taken.count_lines(place)


def _list_places(text: Rectangle, scope: Rectangle) -> Iterator[Rectangle]:
    """Yield places along the top of a scope, then along its bottom, the corners first."""
    room = max(0.0, scope.right - 4 - text.right)
    for down in (0.0, text.bottom - scope.bottom - 4):
        yield from (text.move(room * step / 24, -down) for step in (0, 24, *range(1, 24)))


def flatten(curve: Curve) -> list[Point]:
    """Return a curve as a line of straight pieces."""
    points, found = curve.points, [curve.points[0]]
    for start in range(0, len(points) - 3, 3):
        piece = points[start : start + 4]
        steps = min(max(STEPS[0], ceil(_measure(piece) / PIECE)), STEPS[1])
        found += [_interpolate(piece, step / steps) for step in range(1, steps + 1)]
    return found


def _interpolate(piece: tuple[Point, ...], t: float) -> Point:
    a, b, c, d = (1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3
    (x0, y0), (x1, y1), (x2, y2), (x3, y3) = piece
    return a * x0 + b * x1 + c * x2 + d * x3, a * y0 + b * y1 + c * y2 + d * y3


def _measure(line: Iterable[Point]) -> float:
    return sum(dist(a, b) for a, b in pairwise(line))


def _walk(line: list[Point], distance: float) -> Point:
    """Return the point at a distance from the beginning of a line."""
    for a, b in pairwise(line):
        length = _measure((a, b))
        if length >= distance > 0:
            part = distance / length
            return a[0] + part * (b[0] - a[0]), a[1] + part * (b[1] - a[1])
        distance -= length
    return line[-1] if distance > 0 else line[0]
