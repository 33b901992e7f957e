"""The sizes of one axis of an input: of its height, of its width, or the length of a vector."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from specnet.analyses.sizes.columns import WorkSpent
from specnet.analyses.sizes.growth import measure_growth
from specnet.analyses.sizes.judge import Direction, Judge, Sizes, Verdict
from specnet.analyses.sizes.size_set import SizeSet, find_period_start, find_residues, make_size_set
from specnet.attributes import LARGEST
from specnet.layers.base import Shape

MAX_SIZES = 2048
"""The sizes from 1 on that are tried along an axis."""

MOST_AROUND = 300
"""The sizes on either side of the present one for which the weights may fit."""


Rules = tuple[SizeSet, SizeSet]
"""The valid sizes and the exact ones."""


@dataclass(frozen=True)
class AxisSizes:
    """The sizes along an axis, while all others stay."""

    name: str
    valid: SizeSet
    """The sizes at which no layer refuses its inputs."""
    exact: SizeSet
    """The valid sizes at which no layer rounds or skips pixels."""
    fitting: SizeSet | None
    """The valid sizes at which the weights have the same shapes; None if they do at all of them."""
    resized: str
    """A node whose weights have other shapes at other sizes; "" if there is none."""
    untried: range | None
    """The sizes of which it is not known what they are."""


@dataclass(frozen=True)
class Axis:
    """An axis of some inputs that have the same shape: one of its sizes, or several that are varied together."""

    name: str
    inputs: tuple[str, ...]
    shape: Shape
    places: tuple[int, ...]

    @property
    def now(self) -> int:
        return self.shape[self.places[0]]

    @property
    def along(self) -> Direction:
        """The slopes of the inputs along the axis."""
        return self._point(self.places)

    @property
    def across(self) -> Direction:
        """Those along the axes of a map that stay."""
        return self._point(tuple({0, 1} - {*self.places})) if len(self.shape) == 3 else ()

    def _point(self, places: tuple[int, ...]) -> Direction:
        slopes = tuple(Fraction(int(place in places)) for place in range(len(self.shape)))
        return tuple((name, slopes) for name in self.inputs)

    def resize(self, size: int) -> Sizes:
        """Return the shapes of the inputs with another size of the axis."""
        shape = tuple(size if place in self.places else old for place, old in enumerate(self.shape))
        return dict.fromkeys(self.inputs, shape)


def survey_axis(judge: Judge, axis: Axis) -> AxisSizes:
    """Return the sizes along an axis at which the network is sound now."""
    period = measure_growth(judge.network, dict(axis.along)).period
    verdicts, rules = _try_from_one(judge, axis, period)
    untried = range(len(verdicts) + 1, LARGEST + 1) if judge.is_conditional or not rules else None
    if not rules and not any(verdict.is_valid for verdict in verdicts):
        rules = _try_from_now(judge, axis, period)
        untried = range(len(verdicts) + 1, axis.now) if rules else untried
    valid, exact = rules or _list_tried({**dict(enumerate(verdicts, 1)), **_judge_now(judge, axis)})
    fitting, resized = _find_fitting(judge, axis, verdicts, min(period, MOST_AROUND))
    return AxisSizes(axis.name, valid, exact, fitting, resized, untried)


def _try_from_one(judge: Judge, axis: Axis, period: int) -> tuple[list[Verdict], Rules | None]:
    """Return the verdicts on the sizes 1, 2, 3, …, and the rules that they follow, if there are any.

    They end with two periods in which they repeat, behind the last irregular one, and the present size, which is valid,
    follows the rules. Of a network that is another one at other sizes, they go up to twice the present size at least.
    """
    verdicts, rules, wanted = list[Verdict](), None, min(2 * period + 14, MAX_SIZES)
    judge.renew()
    try:
        while len(verdicts) < MAX_SIZES and not (rules and (not judge.is_conditional or len(verdicts) > 2 * axis.now)):
            verdicts += _judge(judge, axis, range(len(verdicts) + 1, wanted + 1))
            rules, wanted = _find_rules(verdicts, period, axis.now), min(2 * wanted, MAX_SIZES)
    except WorkSpent:
        pass
    return verdicts, rules


def _try_from_now(judge: Judge, axis: Axis, period: int) -> Rules | None:
    """Return the rules from the present size on, behind which all windows fit; None if the verdicts do not repeat."""
    judge.renew()
    try:
        sizes = range(axis.now, axis.now + 2 * min(period, MAX_SIZES))
        verdicts = _judge(judge, axis, sizes)
    except WorkSpent:
        return None
    members = [verdict.is_valid for verdict in verdicts], [verdict.is_exact for verdict in verdicts]
    if any(each[:period] != each[period:] for each in members):
        return None
    valid, exact = (SizeSet(axis.now, *find_residues(each[:period], axis.now)) for each in members)
    return valid, exact


def _judge(judge: Judge, axis: Axis, sizes: Iterable[int]) -> list[Verdict]:
    return judge.judge([axis.resize(size) for size in sizes], axis.along, axis.across)


def _find_rules(verdicts: Sequence[Verdict], period: int, now: int) -> Rules | None:
    """Return the valid and the exact sizes; None if the verdicts do not repeat yet."""
    valid, exact = [verdict.is_valid for verdict in verdicts], [verdict.is_exact for verdict in verdicts]
    starts = find_period_start(valid, period), find_period_start(exact, period)
    if starts[0] is None or starts[1] is None:
        return None
    rules = make_size_set(valid, period, starts[0]), make_size_set(exact, period, starts[1])
    return rules if now in rules[0] else None


def _judge_now(judge: Judge, axis: Axis) -> dict[int, Verdict]:
    """Return the verdict on the present size, which is valid, by that size; none if even one takes too long."""
    judge.renew()
    try:
        (verdict,) = _judge(judge, axis, [axis.now])
    except WorkSpent:
        return {}
    return {axis.now: verdict}


def _list_tried(verdicts: Mapping[int, Verdict]) -> Rules:
    """Return the valid and the exact sizes among those tried."""
    end = max(verdicts, default=0) + 1
    valid = [size for size, verdict in verdicts.items() if verdict.is_valid]
    exact = [size for size, verdict in verdicts.items() if verdict.is_exact]
    return SizeSet(end, 1, (), tuple(valid)), SizeSet(end, 1, (), tuple(exact))


def _find_fitting(judge: Judge, axis: Axis, verdicts: Sequence[Verdict], reach: int) -> tuple[SizeSet | None, str]:
    """Return the sizes within reach of the present one that the weights fit, and a node whose weights fit no others.

    The map on which a layer's weights depend grows within a period of sizes. The sizes are None if all valid ones fit.
    """
    around = range(max(1, axis.now - reach), axis.now + reach + 1)
    judge.renew()
    try:
        near = _judge(judge, axis, around)
    except WorkSpent:
        near = []
    resized = next((verdict.resized for verdict in (*verdicts, *near) if verdict.resized and verdict.is_valid), "")
    if not resized:
        return None, ""
    fitting = {size for size, verdict in zip(around, near, strict=False) if verdict.fits_weights} | {axis.now}
    return SizeSet(max(fitting) + 1, 1, (), tuple(sorted(fitting))), resized
