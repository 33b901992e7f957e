"""The difference of two networks: layers added, removed, changed, renamed, or affected by other changes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum

from specnet.analyses.cost import Cost, measure_costs
from specnet.graph import Network, Node
from specnet.layers.base import Shape
from specnet.printer.values import format_layer


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
    """A layer in one of the two networks; `text` is the layer as a spec writes it, without name and inputs."""

    name: str
    text: str
    output: Shape | None
    cost: Cost


@dataclass(frozen=True)
class Difference:
    """A layer in both networks; `before` is None if it was added, `after` if it was removed."""

    change: Change
    before: Side | None
    after: Side | None


def find_differences(before: Network, after: Network) -> list[Difference]:
    """Return the differences in the order of the networks; layers are matched by their text first, then by name."""
    pairs = list(_pair_nodes(before.nodes, after.nodes))
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
    for i in range(max(len(before.inputs), len(after.inputs))):
        left, right = (
            Side(network.inputs[i].name, "input", network.inputs[i].shape, Cost()) if i < len(network.inputs) else None
            for network in (before, after)
        )
        if left != right:
            yield Difference(
                Change.CHANGED if left and right else Change.REMOVED if left else Change.ADDED, left, right
            )


def _pair_nodes(before: Sequence[Node], after: Sequence[Node]) -> Iterator[tuple[Node | None, Node | None]]:
    """Yield the nodes of both networks in pairs, with None for a missing counterpart."""
    matcher = SequenceMatcher(None, [_format_node(n) for n in before], [_format_node(n) for n in after], autojunk=False)
    for tag, i, i_end, j, j_end in matcher.get_opcodes():
        if tag == "equal":
            yield from zip(before[i:i_end], after[j:j_end], strict=True)
        else:
            yield from _pair_by_name(before[i:i_end], after[j:j_end])


def _format_node(node: Node) -> str:
    return format_layer(node.layer) if node.layer else node.kind


def _pair_by_name(before: Sequence[Node], after: Sequence[Node]) -> Iterator[tuple[Node | None, Node | None]]:
    """Yield pairs of nodes whose texts differ; nodes of the same name and kind, or in place of each other, match."""
    matcher = SequenceMatcher(None, [(n.name, n.kind) for n in before], [(n.name, n.kind) for n in after], False)
    for _, i, i_end, j, j_end in matcher.get_opcodes():
        same_length = i_end - i == j_end - j
        if same_length and all(a.kind == b.kind for a, b in zip(before[i:i_end], after[j:j_end], strict=True)):
            yield from zip(before[i:i_end], after[j:j_end], strict=True)
        else:
            yield from ((node, None) for node in before[i:i_end])
            yield from ((None, node) for node in after[j:j_end])


def _make_side(node: Node, costs: Mapping[str, Cost]) -> Side:
    return Side(node.name, _format_node(node), node.output, costs.get(node.name, Cost()))


def _classify_change(
    old: Node | None, new: Node | None, left: Side | None, right: Side | None, names: Mapping[str, str]
) -> Change | None:
    if old is None or new is None or left is None or right is None:
        return Change.ADDED if old is None else Change.REMOVED
    inputs = tuple(names.get(name, name) for name in old.inputs)
    if left.text != right.text or (inputs != new.inputs and len(new.inputs) > 1):
        return Change.CHANGED
    if (left.output, left.cost) != (right.output, right.cost):
        return Change.AFFECTED
    return Change.RENAMED if left.name != right.name else None
