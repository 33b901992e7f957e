"""The growth of a network's values with its input, and the period of the sizes that it takes.

A layer's output grows by the same amount for each `period` of pixels (`Layer.period`, the stride of a window), and a
layer that takes a map takes the one that is a period larger as well, with the same pixels unread: all windows fit once
they fit. So the sizes that a network takes repeat with any number of pixels that arrives as a multiple of its period
at each layer. Along a chain without upsampling it is the product of the strides. Where arms meet that grow differently,
or a layer takes one size only, finitely many sizes are valid.

With t more pixels of the input, a size grows by a·t + b·t², as height and width are multiplied where both grow and the
positions of a map become tokens. P more pixels are multiples of a period p from each t = j·P on if they add a multiple
of p, a·P + b·P²·(2j + 1), and they do if a·P/p and b·P²/p are whole.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import count
from math import lcm
from typing import NamedTuple

from specnet.analyses.propagation import try_output
from specnet.attributes import LARGEST
from specnet.graph import Network, Node
from specnet.layers.base import Layer, Shape, Shapes

Slopes = tuple[Fraction, ...]
"""The growth of each size of an input for each pixel."""


ChosenAxes = Callable[[Node], tuple[bool, bool]]
"""A function that says of the height and of the width of a node's inputs whether they matter."""


class Growth(NamedTuple):
    """A size's growth with t more pixels of the input: slope·t + bend·t²."""

    slope: Fraction = Fraction(0)
    bend: Fraction = Fraction(0)

    def __bool__(self) -> bool:
        return bool(self.slope or self.bend)

    def add_to(self, size: int, pixels: int) -> int:
        """Return a size with so many more pixels of the input."""
        return int(size + self.slope * pixels + self.bend * pixels**2)

    def find_step(self, period: int) -> int:
        """Return a number of pixels by which the size always grows by a multiple of a period."""
        linear, square = (self.slope / period).denominator, (self.bend / period).denominator
        return lcm(linear, next(step for step in count(1) if step**2 % square == 0))


Growths = tuple[Growth, ...]
"""The growth of each size of a value."""


@dataclass
class NetworkGrowth:
    """The growth of the values of a network, the period of its sizes, and the nodes that take no larger inputs.

    Where a value grows in another way, nothing is known of sizes that repeat, and the period is that of no size.
    """

    values: dict[str, Growths]
    period: int = 1
    refusing: set[str] = field(default_factory=set)

    def reaches(self, node: Node, axis: int) -> bool:
        """Whether an axis of a node's inputs, 0 for height and 1 for width, grows with the input."""
        growths = (self.values.get(name, ()) for name in node.inputs)
        return any(each[axis] for each in growths if len(each) == 3)


def measure_growth(network: Network, inputs: Mapping[str, Slopes]) -> NetworkGrowth:
    """Return the growth of a sound network with these slopes of its inputs; the others do not grow."""
    slopes = {given.name: inputs.get(given.name, (Fraction(0),) * len(given.shape)) for given in network.inputs}
    growth = NetworkGrowth({name: tuple(map(Growth, each)) for name, each in slopes.items()})
    known = dict[object, tuple[int, Growths | None]]()
    for node in network.nodes:
        assert node.layer and node.output
        growths = tuple(growth.values[name] for name in node.inputs)
        if not any(map(any, growths)):
            growth.values[node.name] = _stay(node.output)
            continue
        shapes = network.input_shapes(node) or ()
        key = node.layer, shapes, growths
        if key not in known:
            known[key] = _measure_layer(node.layer, shapes, growths)
        step, grown = known[key]
        growth.period = lcm(growth.period, step)
        growth.values[node.name] = grown or _stay(node.output)
        growth.refusing |= set() if grown else {node.name}
    return growth


def choose_axes(network: Network, along: Mapping[str, Slopes], across: Mapping[str, Slopes]) -> ChosenAxes:
    """Return a function that chooses the axes of a node's inputs that matter along some axes of the network's inputs.

    These are all but those that depend on the axes `across`, which stay, and on nothing else.
    """
    moving, staying = measure_growth(network, along), measure_growth(network, across)

    def choose(node: Node) -> tuple[bool, bool]:
        height, width = (moving.reaches(node, axis) or not staying.reaches(node, axis) for axis in (0, 1))
        return height, width

    return choose


def _stay(shape: Shape) -> Growths:
    return (Growth(),) * len(shape)


def _measure_layer(layer: Layer, shapes: Shapes, growths: Sequence[Growths]) -> tuple[int, Growths | None]:
    """Return the step of a layer and the growth of its output; None if it takes no larger inputs.

    The step is a number of pixels of the input by which each of the layer's inputs grows by whole periods of it.
    """
    step = lcm(*(each.find_step(period) for growth in growths for each, period in list_periods(layer, growth)))
    outputs = [try_output(layer, _grow(shapes, growths, times * step)) for times in range(4)]
    sizes = [output for output in outputs if output]
    if len(sizes) < len(outputs):
        return step, None
    if any(fourth - 3 * third + 3 * second - first for first, second, third, fourth in zip(*sizes, strict=True)):
        return step * LARGEST, _stay(sizes[0])
    return step, tuple(_fit(step, *three) for three in zip(*sizes[:3], strict=True))


def list_periods(layer: Layer | None, growths: Growths) -> list[tuple[Growth, int]]:
    """Return the growth of each size of an input of a layer, with the period of the layer along that axis."""
    assert layer
    periods = (*layer.period[: len(growths) - 1], layer.channel_period)
    return [*zip(growths, periods, strict=True)]


def _grow(shapes: Shapes, growths: Sequence[Growths], pixels: int) -> Shapes:
    """Return the shapes of a layer's inputs with so many more pixels of the network's input."""
    pairs = zip(shapes, growths, strict=True)
    return tuple(tuple(growth.add_to(size, pixels) for size, growth in zip(*pair, strict=True)) for pair in pairs)


def _fit(step: int, first: int, second: int, third: int) -> Growth:
    """Return the growth of a size that is so large at 0, 1 and 2 steps."""
    bend = Fraction(third - 2 * second + first, 2 * step**2)
    return Growth(Fraction(second - first, step) - bend * step, bend)
