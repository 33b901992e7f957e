"""The sizes that the inputs of a network may have: which are valid, which exact, and which its weights fit."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, islice
from math import isqrt

from specnet.analyses.propagation import try_output
from specnet.analyses.sizes.axis import Axis, AxisSizes, survey_axis
from specnet.analyses.sizes.columns import WorkSpent
from specnet.analyses.sizes.growth import NetworkGrowth, list_periods, measure_growth
from specnet.analyses.sizes.judge import Elaborate, Judge, Verdict, find_refusal
from specnet.analyses.sizes.repair import find_sound
from specnet.analyses.sizes.size_set import SizeSet
from specnet.elaborate import Elaborated
from specnet.graph import Input, Network, Node
from specnet.layers.base import Shape

AXES = {3: ("height", "width"), 2: ("length",), 1: ("length",)}
"""The names of the axes that may vary, by the number of sizes of an input."""

MOST_PAIRED = 12
"""The valid sizes of an axis, and the evenly chosen ones, that are tried with those of the other."""


Choice = tuple[Shape | None, Shape | None]
"""A valid shape and an exact one; None where there is none."""


@dataclass(frozen=True)
class InputSizes:
    """The sizes of inputs that have the same shape and are varied together, while all others stay."""

    names: tuple[str, ...]
    shape: Shape
    """A valid shape: the one in force or, if that is refused, the nearest one found."""
    axes: tuple[AxisSizes, ...]
    are_independent: bool
    """Whether height and width are valid and exact together where each is by itself."""
    square: AxisSizes | None = None
    """The sizes of squares, where height and width depend on each other."""

    @property
    def are_pairs_known(self) -> bool:
        """Whether it is known of some heights and widths, those of squares at least, that they go together."""
        return self.are_independent or self.square is not None

    def find_smallest(self) -> Choice:
        """Return the smallest valid and the smallest exact shape; of those that are not known, none."""
        return self._choose(lambda sizes, _: sizes.smallest, self.shape)

    def find_nearest(self, near: Shape) -> Choice:
        """Return the valid and the exact shape nearest to a given one."""
        return self._choose(lambda sizes, size: sizes.find_nearest(size), near)

    def _choose(self, choose: Callable[[SizeSet, int], int | None], near: Shape) -> Choice:
        return (
            self._join([choose(axis.valid, size) for axis, size in self._list_axes(near)]),
            self._join([choose(axis.exact, size) for axis, size in self._list_axes(near)]),
        )

    def _list_axes(self, near: Shape) -> Iterator[tuple[AxisSizes, int]]:
        """Yield the axes with their sizes in a shape; where these depend on each other, the side of a square."""
        if self.are_independent:
            yield from zip(self.axes, near, strict=False)
        elif self.square:
            yield from [(self.square, near[0])] * 2

    def _join(self, chosen: Sequence[int | None]) -> Shape | None:
        sizes = tuple(size for size in chosen if size)
        return (*sizes, *self.shape[len(sizes) :]) if sizes and len(sizes) == len(chosen) else None


@dataclass(frozen=True)
class Survey:
    """The sizes of all inputs, and the verdict on the shapes in force."""

    verdict: Verdict
    inputs: tuple[InputSizes, ...]


def survey_sizes(elaborated: Elaborated, elaborate: Elaborate) -> Survey | None:
    """Return the sizes of the inputs of a network; None if no size near those in force is valid."""
    refusing = find_refusal(elaborated)
    sound = find_sound(elaborated, elaborate) if refusing else elaborated
    if sound is None:
        return None
    judge = Judge(sound, elaborate)
    verdict = Verdict(refusing, "", "") if refusing else judge.judge([{}])[0]
    groups = groupby(sorted(judge.network.inputs, key=lambda given: given.shape), key=lambda given: given.shape)
    return Survey(verdict, tuple(_survey_inputs(judge, shape, [*inputs]) for shape, inputs in groups))


def _survey_inputs(judge: Judge, shape: Shape, inputs: Sequence[Input]) -> InputSizes:
    names = tuple(given.name for given in inputs)
    axes = tuple(Axis(name, names, shape, (place,)) for place, name in enumerate(AXES[len(shape)]))
    sizes = tuple(survey_axis(judge, axis) for axis in axes)
    is_known = all(not each.untried or each.untried.start > axis.now for axis, each in zip(axes, sizes, strict=True))
    are_independent = len(axes) < 2 or (is_known and not _counts_pixels(judge, axes) and _agree(judge, axes, sizes))
    is_square = is_known and shape[0] == shape[1] if len(axes) == 2 else False
    square = survey_axis(judge, Axis("side", names, shape, (0, 1))) if is_square and not are_independent else None
    return InputSizes(names, shape, sizes, are_independent, square)


def _counts_pixels(judge: Judge, axes: Sequence[Axis]) -> bool:
    """Whether a layer takes a number of pixels, whatever their height and width, as a reshape does, or multiples."""
    network = judge.network
    refusing = [measure_growth(network, dict(axis.along)).refusing for axis in axes]
    if any(_takes_one_row(network, network.by_name[name]) for name in set.intersection(*refusing)):
        return True
    growth = _grow_together(network, axes)
    return any(_divides_product(node, growth) for node in network.nodes)


def _grow_together(network: Network, axes: Sequence[Axis]) -> NetworkGrowth:
    """Return the growth along all axes at once."""
    one = axes[0]
    return measure_growth(network, dict(replace(one, places=tuple(range(len(axes)))).along))


def _divides_product(node: Node, growth: NetworkGrowth) -> bool:
    """Whether a layer divides a number into equal parts that is a product of sizes, as that of all pixels is."""
    inputs = (growth.values[name] for name in node.inputs)
    return any(each.bend and period > 1 for given in inputs for each, period in list_periods(node.layer, given))


def _takes_one_row(network: Network, node: Node) -> bool:
    """Whether a node reads a vector or a sequence, or takes the pixels of a map also where they are in one row."""
    shape = network.shapes[node.inputs[0]] or ()
    if len(shape) < 3 or node.layer is None:
        return True
    height, width, channels = shape
    return len(node.inputs) == 1 and try_output(node.layer, ((1, height * width, channels),)) is not None


def _agree(judge: Judge, axes: Sequence[Axis], sizes: Sequence[AxisSizes]) -> bool:
    """Whether pairs of a height and a width are valid and exact where both are, for a sample of each."""
    samples = [_sample(axis, each, judge) for axis, each in zip(axes, sizes, strict=True)]
    pairs = [(height, width) for height in samples[0] for width in samples[1]]
    names, channels = axes[0].inputs, axes[0].shape[2:]
    judge.renew()
    try:
        verdicts = judge.judge([dict.fromkeys(names, (*pair, *channels)) for pair in pairs])
    except WorkSpent:
        return False
    return all(
        verdict.is_valid == (height in sizes[0].valid and width in sizes[1].valid)
        and verdict.is_exact == (height in sizes[0].exact and width in sizes[1].exact)
        for (height, width), verdict in zip(pairs, verdicts, strict=True)
    )


def _sample(axis: Axis, sizes: AxisSizes, judge: Judge) -> list[int]:
    """Return the first valid sizes of an axis, the present one, and evenly chosen ones up to a period behind them.

    Of a network that is another one at other sizes, there are twice as many, up to twice the present size, but no more
    than it can be elaborated for with those of the other axis.
    """
    valid = [*islice(sizes.valid.list_from(1), MOST_PAIRED)]
    last = max(sizes.valid.start, sizes.exact.start, *valid[:1]) + max(sizes.valid.modulus, sizes.exact.modulus)
    last, most = (max(last, 2 * axis.now), 2 * MOST_PAIRED) if judge.is_conditional else (last, MOST_PAIRED)
    sample = sorted({*valid, *range(1, last + 1, 1 + last // most)} - {axis.now})
    if judge.is_conditional:
        sample = _thin(sample, max(2, isqrt(judge.most_networks) - 1))
    return [axis.now, *sample]


def _thin(numbers: Sequence[int], most: int) -> list[int]:
    """Return at most so many of the numbers, evenly chosen, the first among them."""
    return [*numbers[:: -(-len(numbers) // most)]] if numbers else []
