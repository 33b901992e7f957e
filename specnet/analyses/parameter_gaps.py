"""Explanations of a number of parameters that differs from the expected one: other ways of counting, close variants."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from math import prod

from specnet.graph import Network, Node
from specnet.layers.base import Layer, Shapes, count_elements
from specnet.layers.base.traits import Trait

TOWERS = 2
"""The number of groups of a network of two towers (AlexNet on two GPUs, Krizhevsky et al. 2012)."""

MAX_GROUPED = 12
"""Networks with more layers that could be grouped are left alone, as all their subsets are tried."""


@dataclass(frozen=True)
class _Counted:
    """A node whose parameters count."""

    node: Node
    layer: Layer
    inputs: Shapes


def explain_gap(network: Network, output: str, actual: int, expected: int) -> Iterator[str]:
    """Yield what would make the actual number of parameters the expected one.

    `output` is the layer that sets the number of outputs, "" for none.
    """
    counted = list(_list_counted(network))
    value = f"it is {expected:,}"
    if expected - actual == (statistics := sum(map(_count_statistics, counted))) and statistics:
        yield f"with the {statistics:,} running means and variances, as Keras counts, {value}"
    for kinds, biases in _count_biases(counted):
        if actual - expected == biases:
            yield f"without the {biases:,} biases of {kinds}, {value}"
    for each in counted:
        if each.node.name == output and abs(expected - actual) == _count_per_output(each):
            yield f"with one output {'more' if expected > actual else 'less'} in `{output}`, {value}"
    if grouped := _find_grouped(counted, actual - expected):
        yield f"with G={TOWERS} in {', '.join(f'`{name}`' for name in grouped)}, as on two GPUs, {value}"


def _list_counted(network: Network) -> Iterator[_Counted]:
    for node in network.nodes:
        inputs = network.input_shapes(node)
        if node.layer and inputs and not node.shares:
            yield _Counted(node, node.layer, inputs)


def _count_statistics(each: _Counted) -> int:
    """Return the elements of the statistics of each channel that a layer keeps; a count of batches is none."""
    if Trait.NORMALISES not in each.layer.traits:
        return 0
    return sum(prod(shape) for shape in each.layer.buffers(each.inputs).values() if shape)


def _count_biases(counted: list[_Counted]) -> Iterator[tuple[str, int]]:
    """Yield the number of biases of the layers of each kind, and of all layers together."""
    counts = Counter[str]()
    for each in counted:
        if Trait.ADDS_BIAS in each.layer.traits:
            counts[each.node.kind] += prod(each.layer.parameters(each.inputs).get("bias", (0,)))
    yield from ((f"the `{kind}` layers", count) for kind, count in counts.items() if count)
    if len(counts) > 1:
        yield "all layers", counts.total()


def _count_per_output(each: _Counted) -> int:
    """Return the parameters of one output of a layer."""
    outputs = getattr(each.layer, each.layer.output_field)
    return count_elements(each.layer.parameters(each.inputs)) // int(outputs)


def _find_grouped(counted: list[_Counted], gap: int) -> tuple[str, ...]:
    """Return the layers that take so many parameters less if they are split into two groups; none if there are none."""
    parts = [(each.node.name, saved) for each in counted if (saved := _count_saved(each))]
    if gap <= 0 or len(parts) > MAX_GROUPED:
        return ()
    sums: dict[int, tuple[str, ...]] = {0: ()}
    for name, saved in parts:
        sums |= {total + saved: (*names, name) for total, names in sums.items()}
    return sums.get(gap, ())


def _count_saved(each: _Counted) -> int:
    """Return the parameters that a layer saves if its channels and filters are split into two groups."""
    shape = each.layer.parameters(each.inputs).get("weight", ())
    can_split = len(shape) > 1 and Trait.GROUPED not in each.layer.traits and type(each.layer).field_of("G")
    return prod(shape) // TOWERS if can_split and not any(size % TOWERS for size in shape[:2]) else 0
