"""The difference of two networks: layers added, removed, changed, renamed, or affected by other changes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import zip_longest

from specnet.analyses.cost import Cost, measure_costs
from specnet.analyses.pairing import format_unnamed, pair_nodes
from specnet.graph import Network, Node
from specnet.layers.base import Shape
from specnet.printer.values import format_node


class Change(StrEnum):
    """The way in which a layer differs."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"
    """Its kind, its attributes or its inputs differ."""
    AFFECTED = "affected"
    """It is the same, but its shape or cost differs because an earlier layer changed."""
    RENAMED = "renamed"


@dataclass(frozen=True)
class Side:
    """A layer in one of the two networks; `text` is the layer as a spec writes it, without its arms or taps."""

    name: str
    text: str
    inputs: tuple[str, ...]
    output: Shape | None
    cost: Cost


@dataclass(frozen=True)
class Difference:
    """A layer in both networks; `before` is None if it was added, `after` if it was removed."""

    change: Change
    before: Side | None
    after: Side | None


def find_differences(before: Network, after: Network) -> list[Difference]:
    """Return the differences in the order of the networks."""
    pairs = pair_nodes(before.nodes, after.nodes)
    names = {i.name: j.name for i, j in zip(before.inputs, after.inputs, strict=False)}
    names |= {old.name: new.name for old, new in pairs if old and new}
    old_costs, new_costs = measure_costs(before), measure_costs(after)
    found = list(_compare_inputs(before, after))
    for old, new in pairs:
        left = _make_side(old, old_costs) if old else None
        right = _make_side(new, new_costs) if new else None
        change = _classify_change(old, new, left, right, names)
        if change:
            found.append(Difference(change, left, right))
    return found


def _compare_inputs(before: Network, after: Network) -> Iterator[Difference]:
    """Yield the inputs that were changed, added or removed, matched by position."""
    for inputs in zip_longest(before.inputs, after.inputs):
        left, right = (Side(each.name, "input", (), each.shape, Cost()) if each else None for each in inputs)
        if left != right:
            yield Difference(
                Change.CHANGED if left and right else Change.REMOVED if left else Change.ADDED, left, right
            )


def _make_side(node: Node, costs: Mapping[str, Cost]) -> Side:
    return Side(node.name, format_node(node), node.inputs, node.output, costs.get(node.name, Cost()))


def _classify_change(
    old: Node | None, new: Node | None, left: Side | None, right: Side | None, names: Mapping[str, str]
) -> Change | None:
    if old is None or new is None or left is None or right is None:
        return Change.ADDED if old is None else Change.REMOVED
    inputs = tuple(names.get(name, name) for name in old.inputs)
    is_other_layer = left.text != right.text and format_unnamed(old) != format_unnamed(new)
    if is_other_layer or (inputs != new.inputs and len(new.inputs) > 1):
        return Change.CHANGED
    if (left.output, left.cost) != (right.output, right.cost):
        return Change.AFFECTED
    return Change.RENAMED if left.name != right.name else None
