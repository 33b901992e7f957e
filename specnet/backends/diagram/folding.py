"""Fold a network into boxes: layers that share one, folded blocks, and the values that flow between boxes.

A layer that keeps its shape stands in the box of the layer before it, if nothing else reads that layer; a block or
repetition below the wanted depth is one box.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import accumulate, pairwise

from specnet.graph import Network, Node
from specnet.layers import get_layer_class
from specnet.printer.scopes import Scopes

MOST_IN_A_BOX = 6
"""The largest number of layers in one box."""


def shorten_name(name: str, scope: str) -> str:
    """Return a name relative to a scope, `conv2` for `layer1.0.conv2`; what begins with a digit keeps its full name."""
    within = name.removeprefix(f"{scope}.")
    return name if within[:1].isdigit() else within


@dataclass(frozen=True)
class Group:
    """A layer and its followers, or all layers of a folded scope."""

    name: str
    nodes: tuple[Node, ...]
    is_folded: bool = False

    @property
    def is_join(self) -> bool:
        kind = get_layer_class(self.nodes[0].kind)
        return not self.is_folded and kind is not None and kind.arity.joins


@dataclass(frozen=True)
class Flow:
    """A value that flows from the box or input that computes it to a box that reads it."""

    value: str
    source: str
    target: str
    readers: tuple[str, ...]
    """The layers in that box that read it."""


@dataclass(frozen=True)
class FoldedNetwork:
    """Boxes and edges in the order of the file."""

    groups: Mapping[str, Group]
    flows: tuple[Flow, ...]
    sources: Mapping[str, str]
    """The box or input of each value."""
    contents: Mapping[str, tuple[str, ...]]
    """The boxes and scopes within each open scope of more than one box; "" is the network."""
    runs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """The alike scopes that a scope is drawn for, itself the first of them."""

    def list_copies(self, name: str) -> list[str]:
        """Return the names of all that a layer, an input or a scope is drawn for, its own the first."""
        names = [name]
        for unit in (each for each in list_prefixes(name)[::-1] if each in self.runs):
            names = [f"{other}{each[len(unit) :]}" for other in self.runs[unit] for each in names]
        return names


def list_prefixes(name: str) -> list[str]:
    """Return `a`, `a.b` and `a.b.c` for `a.b.c`."""
    return [*accumulate(name.split("."), lambda path, part: f"{path}.{part}")]


def fold_network(
    network: Network, scopes: Scopes, depth: int | None = None, alone: Collection[str] = ()
) -> FoldedNetwork:
    """Fold a network with scopes opened `depth` deep, None for all; the nodes in `alone` share no other's box."""
    members: dict[str, list[Node]] = {}
    sources = {each.name: each.name for each in network.inputs}
    reads, held = _count_reads(network), _count_held(network, scopes)
    for node in network.nodes:
        enclosing = scopes.list_enclosing(node.name)
        name = node.name
        if depth is not None and len(enclosing) > depth:
            name = next(scope for scope in enclosing if held[scope] == held[enclosing[depth]])
        before = members.get(sources[node.inputs[0]], []) if name == node.name not in alone and node.inputs else []
        if _fits_box(node, before, reads) and enclosing == scopes.list_enclosing(before[0].name):
            name = sources[node.inputs[0]]
        members.setdefault(name, []).append(node)
        sources[node.name] = name
    groups = {name: Group(name, tuple(nodes), name in scopes) for name, nodes in members.items()}
    return FoldedNetwork(groups, tuple(_make_flows(groups, sources)), sources, list_contents(groups, scopes))


def _count_held(network: Network, scopes: Scopes) -> Counter[str]:
    """Count the layers in each scope."""
    return Counter(scope for node in network.nodes for scope in scopes.list_enclosing(node.name))


def _count_reads(network: Network) -> Counter[str]:
    """Count the readers of each value: layers, outputs and heads."""
    inside = Counter(value for node in network.nodes for value in node.inputs)
    return inside + Counter((*network.outputs, *(head.value for head in network.heads)))


def _fits_box(node: Node, box: list[Node], reads: Mapping[str, int]) -> bool:
    """Return whether a box has room for a node that keeps the shape of its last layer, and alone reads it."""
    kind = get_layer_class(node.kind)
    if not kind or not kind.is_follower() or len(node.inputs) != 1 or reads[node.inputs[0]] > 1:
        return False
    return bool(box) and box[-1].name == node.inputs[0] and len(box) < MOST_IN_A_BOX


def _make_flows(groups: Mapping[str, Group], sources: Mapping[str, str]) -> Iterator[Flow]:
    """Yield each value once for each box that reads it."""
    for group in groups.values():
        readers: dict[str, list[str]] = {}
        for node in group.nodes:
            for value in node.inputs:
                readers.setdefault(value, []).append(node.name)
        for value, names in readers.items():
            if sources[value] != group.name:
                yield Flow(value, sources[value], group.name, tuple(names))


def list_contents(
    groups: Mapping[str, Group], scopes: Scopes, runs: Collection[str] = ()
) -> dict[str, tuple[str, ...]]:
    """Return the boxes and scopes within each open scope.

    A scope of one box is that box. A scope that is all of another one is not drawn within it, except for one in `runs`.
    """
    contents = _nest(groups, scopes)
    for outer in [scope for scope in contents if scope]:
        while len(inside := contents.get(outer, ())) == 1 and (inside[0] not in runs or scopes.is_repetition(outer)):
            contents[outer] = contents.pop(inside[0])
    return contents


def _nest(groups: Mapping[str, Group], scopes: Scopes) -> dict[str, tuple[str, ...]]:
    held = Counter(scope for name in groups for scope in scopes.list_enclosing(name))
    contents: dict[str, dict[str, None]] = {"": {}}
    for name in groups:
        for outer, inner in pairwise(["", *(scope for scope in scopes.list_enclosing(name) if held[scope] > 1), name]):
            contents.setdefault(outer, {})[inner] = None
    return {scope: tuple(inside) for scope, inside in contents.items()}
