"""Choose how a diagram is laid out so that it fits on a page: as it is, from left to right, or in columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from specnet.backends.diagram.columns import GUTTER, join_columns, list_segments, split
from specnet.backends.diagram.crowding import CROWDED, measure_crowding
from specnet.backends.diagram.dot import to_unlabelled_dot
from specnet.backends.diagram.layout import POINTS_PER_INCH, Layout, Rectangle, join_rectangles, lay_out
from specnet.backends.diagram.model import Diagram
from specnet.backends.diagram.palette import PAD, SMALLEST
from specnet.backends.diagram.sizes import place_texts
from specnet.backends.diagram.themes import Theme

PAGE = (19 / 2.54 * POINTS_PER_INCH, 27.7 / 2.54 * POINTS_PER_INCH)
"""The width and height of a sheet of A4 within margins of 1 cm, in points."""

READABLE = 6.0
"""The smallest size of text on a page, in points."""

COMFORTABLE = 8.0
"""The size of text from which one piece is not cut into columns."""

WORTHWHILE = 1.15
"""How much larger columns must make the text of a piece that is readable."""

MOST_COLUMNS = 9


@dataclass(frozen=True)
class Fit:
    """A diagram with its layout."""

    diagram: Diagram
    layout: Layout

    @property
    def smallest_text(self) -> float:
        """The size of its smallest text in points, if it is shrunk to a page."""
        return SMALLEST * measure_scale(self.layout.picture.width, self.layout.picture.height)

    @property
    def is_readable(self) -> bool:
        return self.smallest_text >= READABLE


def measure_scale(width: float, height: float) -> float:
    """Return the factor, at most 1, that shrinks a picture to an upright or lying page."""
    sides = width + 2 * PAD, height + 2 * PAD
    return max(min(1.0, page[0] / sides[0], page[1] / sides[1]) for page in (PAGE, PAGE[::-1]))


def fit_page(diagram: Diagram, theme: Theme) -> Fit:
    """Return the first layout that is easy to read on a page, or else the best one."""
    fits = list[Fit]()
    for fit in _list_fits(diagram, theme):
        fits.append(fit)
        if fit.smallest_text >= COMFORTABLE:
            return fit
    upright, best = fits[0], max(fits, key=lambda fit: fit.smallest_text)
    return upright if upright.is_readable and best.smallest_text < WORTHWHILE * upright.smallest_text else best


def _list_fits(diagram: Diagram, theme: Theme) -> Iterator[Fit]:
    """Yield a diagram from top to bottom, from left to right, and in columns where they may fit."""
    upright = lay_out_whole(diagram, theme)
    yield upright
    if _may_fit(upright.layout) and measure_crowding(diagram) < CROWDED:
        yield lay_out_whole(diagram, theme, is_across=True)
        yield from _list_columns(diagram, theme, upright.layout)


def _may_fit(layout: Layout) -> bool:
    """Whether the boxes, their scopes and the edges between them have room on a page at all."""
    area = sum(box.width * box.height for box in layout.boxes.values())
    return area < 0.75 * PAGE[0] * PAGE[1] * (SMALLEST / READABLE) ** 2


def lay_out_whole(diagram: Diagram, theme: Theme, is_across: bool = False) -> Fit:
    """Return a diagram in one piece."""
    layout = place_texts(diagram, lay_out(to_unlabelled_dot(diagram, theme, is_across)), is_across)
    return Fit(diagram, _put_title_on_top(layout))


def _put_title_on_top(layout: Layout) -> Layout:
    body = layout.body
    x, y = (body.left + body.right) / 2, body.top + layout.title.height / 2 + 4
    return replace(layout, title=Rectangle.around((x, y), layout.title.width, layout.title.height))


def _list_columns(diagram: Diagram, theme: Theme, layout: Layout) -> Iterator[Fit]:
    """Yield the diagram in the columns that promise the largest text, from the best number of them on."""
    segments = list_segments(diagram)
    extents = [_measure_segment(diagram, segment, layout) for segment in segments]
    promising = sorted(_list_cuts(extents), key=lambda each: -each[0])
    for promised, cuts in promising[:2]:
        if promised * SMALLEST >= READABLE * 0.9:
            ends = [*cuts, len(segments)]
            parts = [segments[start:end] for start, end in zip([0, *cuts], ends, strict=True)]
            yield _lay_out_columns(diagram, theme, [[item for segment in part for item in segment] for part in parts])


def _measure_segment(diagram: Diagram, segment: Sequence[str], layout: Layout) -> Rectangle:
    return join_rectangles(layout.scopes.get(item) or layout.boxes[item] for item in segment)


def _list_cuts(extents: Sequence[Rectangle]) -> Iterator[tuple[float, list[int]]]:
    """Yield the scale and the cuts of each number of columns, whose heights are as even as the segments allow."""
    for number in range(2, min(MOST_COLUMNS, len(extents)) + 1):
        cuts = _cut_evenly(extents, number)
        parts = [extents[start:end] for start, end in zip([0, *cuts], [*cuts, len(extents)], strict=True)]
        heights = [part[0].top - part[-1].bottom for part in parts]
        widths = [max(each.right for each in part) - min(each.left for each in part) for part in parts]
        yield measure_scale(sum(widths) + GUTTER * (number - 1), max(heights) + 100), cuts


def _cut_evenly(extents: Sequence[Rectangle], number: int) -> list[int]:
    """Return the cuts for which the highest column is lowest, by dynamic programming."""
    tops, bottoms = [each.top for each in extents], [each.bottom for each in extents]
    best = [(tops[0] - bottom, list[int]()) for bottom in bottoms]
    for column in range(1, number):
        best = [
            min(
                (
                    (max(best[cut - 1][0], tops[cut] - bottoms[end]), [*best[cut - 1][1], cut])
                    for cut in range(column, end + 1)
                ),
                default=best[end],
            )
            for end in range(len(extents))
        ]
    return best[-1][1]


def _lay_out_columns(diagram: Diagram, theme: Theme, columns: Sequence[Sequence[str]]) -> Fit:
    parts = split(diagram, columns)
    layouts = [lay_out(to_unlabelled_dot(part.diagram, theme)) for part in parts]
    joined = join_columns(diagram, parts, layouts)
    return Fit(diagram, _put_title_on_top(place_texts(diagram, joined)))
