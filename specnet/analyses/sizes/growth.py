"""The growth of a network's values with its input, and the period of the sizes that it takes.

A layer's output grows by the same amount for each `period` of pixels (`Layer.period`, the stride of a window), and a
layer that takes a map takes the one that is a period larger as well, with the same pixels unread: all windows fit once
they fit. So the sizes that a network takes repeat with any number of pixels that arrives as a multiple of its period
at each layer. With slopes, the growth of a value per pixel of the input, the smallest such number is the least common
multiple of the denominators of slope/period over all layers; along a chain without upsampling it is the product of the
strides. Where arms meet whose slopes differ, or a layer takes one size only, finitely many sizes are valid.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import lcm

from specnet.analyses.propagation import try_output
from specnet.graph import Network, Node
from specnet.layers.base import Layer, Shape, Shapes

Slopes = tuple[Fraction, ...]
"""The growth of each size of a value for each pixel of the input."""


ChosenAxes = Callable[[Node], tuple[bool, bool]]
"""A function that says of the height and of the width of a node's inputs whether they matter."""


@dataclass
class Growth:
    """The slopes of the values of a network, the period of its sizes, and the nodes that take no larger inputs."""

    slopes: dict[str, Slopes]
    period: int = 1
    refusing: set[str] = field(default_factory=set)

    def reaches(self, node: Node, axis: int) -> bool:
        """Whether an axis of a node's inputs, 0 for height and 1 for width, grows with the input."""
        slopes = (self.slopes.get(name, ()) for name in node.inputs)
        return any(each[axis] for each in slopes if len(each) == 3)


def measure_growth(network: Network, inputs: Mapping[str, Slopes]) -> Growth:
    """Return the growth of a sound network with these slopes of its inputs; the others do not grow."""
    growth = Growth({given.name: inputs.get(given.name, _stay(given.shape)) for given in network.inputs})
    known = dict[object, tuple[int, Slopes | None]]()
    for node in network.nodes:
        assert node.layer and node.output
        slopes = tuple(growth.slopes[name] for name in node.inputs)
        if not any(map(any, slopes)):
            growth.slopes[node.name] = _stay(node.output)
            continue
        shapes = network.input_shapes(node) or ()
        key = node.layer, shapes, slopes
        if key not in known:
            known[key] = _measure_layer(node.layer, shapes, slopes)
        step, grown = known[key]
        growth.period = lcm(growth.period, step)
        growth.slopes[node.name] = grown or _stay(node.output)
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


def _stay(shape: Shape) -> Slopes:
    return (Fraction(0),) * len(shape)


def _measure_layer(layer: Layer, shapes: Shapes, slopes: Sequence[Slopes]) -> tuple[int, Slopes | None]:
    """Return the step of a layer and the slopes of its output; None if it takes no larger inputs.

    The step is the fewest pixels of the input by which each of the layer's inputs grows by whole periods of it.
    """
    pairs = [pair for each in slopes for pair in zip(each, (*layer.period, 1), strict=False)]
    step = lcm(*((slope / period).denominator for slope, period in pairs))
    before, after = layer.output(shapes), try_output(layer, tuple(map(_grow, shapes, slopes, [step] * len(slopes))))
    if after is None:
        return step, None
    return step, tuple(Fraction(new - old, step) for new, old in zip(after, before, strict=True))


def _grow(shape: Shape, slopes: Slopes, step: int) -> Shape:
    return tuple(int(size + slope * step) for size, slope in zip(shape, slopes, strict=True))
