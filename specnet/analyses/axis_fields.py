"""The receptive field along one axis of a value, and how layers and joins change it.

A position of a map sees the pixels from a first to a last one. Behind windows each position sees as many as the next
one; behind an enlargement by r every r-th does, so that r positions make a period. Pixels are exact integers, except
where periods grow too long.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import floor, gcd, lcm
from typing import TYPE_CHECKING

from specnet.layers.base.traits import Reach
from specnet.records import Record

if TYPE_CHECKING:
    from specnet.layers.base.traits import Rational

Span = tuple[float, float]
"""The first and the last pixel that a position sees; 0 is the first pixel of the image."""

LARGEST_ADVANCE = 10**12
"""The largest number of pixels from one period to the next; beyond it, a map has a single position."""

LONGEST_PERIOD = 256
"""The largest number of positions that are told apart."""


class Field(Record):
    """The field along one axis of a value, of which `along` is the corresponding axis of the image.

    `spans` are those of the first positions, which make a period; one period further on, all are `advance` pixels
    further on. With an advance of 0 and one span, all positions see the same.
    """

    along: int
    spans: tuple[Span, ...] = ((0, 0),)
    advance: float = 1
    is_global: bool = False
    """Whether each position depends on a whole map."""
    drifts: bool = False
    """Whether paths with different steps have met, so that no step holds for all positions."""
    whole: Span | None = None
    """The pixels that all tokens of a sequence see together, as they have no axes of their own; None for a map."""

    @property
    def size(self) -> float:
        """The largest number of pixels that a position sees."""
        if len(self.spans) == 1:
            return self.spans[0][1] - self.spans[0][0] + 1
        return max(last - first for first, last in self.spans) + 1

    @property
    def step(self) -> float:
        """The pixels from one position to the next, in an enlarged map on average."""
        return self.advance / len(self.spans) if len(self.spans) > 1 else self.advance

    @property
    def centre(self) -> float:
        """The middle of the first position's span, in an enlarged map as it is on average."""
        if len(self.spans) == 1:
            return (self.spans[0][0] + self.spans[0][1]) / 2
        return sum((first + last) / 2 - at * self.step for at, (first, last) in enumerate(self.spans)) / len(self.spans)

    def see(self, first: int, last: int) -> Span:
        """Return the pixels that these positions see together; the map continues into its padding."""
        if (period := len(self.spans)) == 1:
            return self.spans[0][0] + first * self.advance, self.spans[0][1] + last * self.advance
        before, after = divmod(first, period), divmod(last, period)
        return (
            self.spans[before[1]][0] + before[0] * self.advance,
            self.spans[after[1]][1] + after[0] * self.advance,
        )

    def read_by(self, reach: Reach, before: int, after: int) -> Field:
        """Return the field of an output with `after` positions that reads this value with `before`."""
        first, last = floor(reach.first), floor(reach.last)
        is_shared = after == 1 or reach.stride == 0 or reach.window >= before
        if before > 1 and first <= 0 and last >= before - 1 and is_shared:
            return Field(self.along, (self.see(first, last),), 0, True)
        if len(self.spans) == 1 and isinstance(reach.stride, int) and reach.window == 1:
            advance = min(_tidy(self.advance * reach.stride), LARGEST_ADVANCE)
            return Field(self.along, (self.see(first, last),), advance, self.is_global, self.drifts)
        factor, parts = _split_ratio(reach.stride)
        periods = len(self.spans) // gcd(len(self.spans), factor)
        if reach.window > 1:
            periods = lcm(len(self.spans), reach.window)
        if periods * parts > LONGEST_PERIOD:
            return self._read_on_average(reach)
        spans = tuple(self.see(*reach.read(at)) for at in range(periods * parts))
        advance = self.advance * factor * periods / len(self.spans)
        return Field(self.along, spans, min(_tidy(advance), LARGEST_ADVANCE), self.is_global, self.drifts)

    def _read_on_average(self, reach: Reach) -> Field:
        """Return the largest field around the mean of all positions, as if each position had it."""
        stride, parts = float(reach.stride), _split_ratio(reach.stride)[1]
        ends = [reach.read(at) for at in range(LONGEST_PERIOD)]
        spans = [self.see(*each) for each in ends]
        half = (max(last - first for first, last in spans)) / 2
        centre = self.centre + float(reach.first + reach.last - (1 - 1 / parts)) / 2 * self.step
        return Field(self.along, ((centre - half, centre + half),), self.step * stride, self.is_global, self.drifts)

    def combine(self, positions: int, advance: float) -> Field:
        """Return the field of all positions, or of all tokens, together."""
        if self.whole:
            return Field(self.along, (self.whole,), advance, True)
        return Field(self.along, (self.see(0, positions - 1),), advance, self.is_global or positions > 1)

    def become_tokens(self, positions: int) -> Field:
        """Return the field of the tokens that the positions of a map become."""
        return replace(self, whole=self.see(0, positions - 1))

    def become_positions(self, positions: int) -> Field:
        """Return the field of the positions of a map along an axis, which tokens become."""
        drifts = self.drifts or (self.advance != 0 and self.see(0, positions - 1) != self.whole)
        return replace(self, whole=None, drifts=drifts)


def _split_ratio(ratio: Rational) -> tuple[int, int]:
    return ratio.numerator, ratio.denominator


def _tidy(number: float) -> float:
    """Return an integer where a number is one, so that sums stay exact."""
    return int(number) if number == int(number) else number


def join_elements(fields: Sequence[Field]) -> Field:
    """Return the field of a vector made of others: an advance of 0 says that all elements see the same pixels."""
    largest = max(fields, key=lambda field: field.size)
    differ = any(field.size != largest.size for field in fields)
    advance = 1 if differ else max(field.advance for field in fields)
    return Field(largest.along, largest.spans[:1], advance, any(field.is_global for field in fields))


def join_tokens(fields: Sequence[Field]) -> Field:
    """Return the field of the tokens of a sequence made of others: the largest, and all that any of them sees."""
    largest = max(fields, key=lambda field: field.size)
    if len(fields) == 1 or all(field == largest for field in fields):
        return largest
    wholes = [field.whole or field.spans[0] for field in fields]
    whole = min(first for first, _ in wholes), max(last for _, last in wholes)
    is_global = any(field.is_global for field in fields)
    return replace(largest, whole=whole, is_global=is_global, drifts=True)


def join_positions(fields: Sequence[Field], positions: int) -> Field:
    """Return the field of a map made of others, position by position.

    Beside others, a field that is the same for all positions, as that of a gate, makes them global, and does not widen
    them. Where steps differ, each position has the largest field.
    """
    if len(fields) == 1:
        return fields[0]
    moving = [field for field in fields if field.advance or not field.is_global] or fields[:1]
    if len(moving) < len(fields) and moving != fields[:1]:
        return replace(join_positions(moving, positions), is_global=True)
    if any(field.is_global for field in fields):
        largest = max(fields, key=lambda field: field.size)
        return Field(largest.along, largest.spans[:1], max(field.step for field in moving), True)
    step, period = max(field.step for field in fields), lcm(*(len(field.spans) for field in fields))
    drifts = any(field.drifts for field in fields)
    if (positions > 1 and any(field.step != step for field in fields)) or period > LONGEST_PERIOD:
        united = [_unite(fields, at) for at in (*range(min(positions, LONGEST_PERIOD)), positions - 1)]
        extent = max(last - first for first, last in united)
        return Field(fields[0].along, ((united[0][0], united[0][0] + extent),), step, False, True)
    spans = tuple(_unite(fields, at) for at in range(period))
    return Field(fields[0].along, spans, _tidy(step * period), False, drifts)


def _unite(fields: Sequence[Field], position: int) -> Span:
    """Return the first and the last pixel that a position sees through any of its inputs."""
    spans = [field.see(position, position) for field in fields]
    return min(first for first, _ in spans), max(last for _, last in spans)
