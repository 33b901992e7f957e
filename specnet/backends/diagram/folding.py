"""Fold a network into boxes: layers that share one, folded blocks, and the values that flow between boxes.

A layer that keeps its shape stands in the box of the layer before it, if nothing else reads that layer; a block or
repetition below the wanted depth is one box.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Any

from specnet.attributes import Interval
from specnet.backends.diagram.html_labels import round_fractions
from specnet.graph import ModuleScope, Network, Node, ValueRef
from specnet.layers import get_layer_class
from specnet.printer.values import format_value

MOST_IN_A_BOX = 6
"""The largest number of layers in one box."""

REPETITIONS = ("repeat", "for")


class Scopes:
    """The blocks, repetitions and heads of a network by name."""

    def __init__(self, network: Network) -> None:
        self._scopes = {head.name: ModuleScope("head") for head in network.heads} | dict(network.scopes)
        self._inside: dict[str, list[ModuleScope]] = defaultdict(list)
        self._repetitions: dict[str, set[str]] = defaultdict(set)
        for name, scope in self._scopes.items():
            self._inside[name.rpartition(".")[0]].append(scope)
        for node in network.nodes:
            for scope_name in self.list_enclosing(node.name):
                self._repetitions[scope_name].add(node.name[len(scope_name) + 1 :].partition(".")[0])

    def __contains__(self, name: str) -> bool:
        return name in self._scopes

    def list_enclosing(self, name: str) -> list[str]:
        """Return the scopes around a layer or a scope, outermost first."""
        parents = accumulate(name.split(".")[:-1], lambda path, part: f"{path}.{part}")
        return [parent for parent in parents if parent in self._scopes]

    def format_call(self, name: str) -> str:
        """Return the call of a scope: `bottleneck K=64`, `inception 64 96 128`, `3 × bottleneck K=64`."""
        scope = self._scopes[name]
        if scope.word not in REPETITIONS:
            return _format_call(scope.word, scope.values)
        count, inside = len(self._repetitions[name]), self._inside[name]
        if len(inside) != count or len({each.word for each in inside}) != 1:
            return f"{count} ×"
        common = [pair for pair in inside[0].values if all(pair in each.values for each in inside)]
        call = _format_call(inside[0].word, common)
        return call if count == 1 else f"{count} × {call}"


def shorten_name(name: str, scope: str) -> str:
    """Return a name relative to a scope, `conv2` for `layer1.0.conv2`; a mere number keeps its full name."""
    within = name.removeprefix(f"{scope}.")
    return name if within.isdigit() else within


def _format_call(word: str, values: Sequence[tuple[str, Any]]) -> str:
    """Return a call, with the names of its values if one of them is a letter: `bottleneck K=64`."""
    has_letters = any(key.isupper() for key, _ in values)
    texts = (f"{key}={_format_value(value)}" if has_letters else _format_value(value) for key, value in values)
    return round_fractions(" ".join([word, *texts]))


def _format_value(value: Any) -> str:
    if isinstance(value, ValueRef):
        return f"@{value.tap or value.name}"
    return format_value(value) if isinstance(value, int | float | str | tuple | Interval) else "?"


@dataclass(frozen=True)
class Box:
    """A layer and its followers, or all layers of a folded scope."""

    name: str
    nodes: tuple[Node, ...]
    is_folded: bool = False

    @property
    def is_join(self) -> bool:
        kind = get_layer_class(self.nodes[0].kind)
        return not self.is_folded and kind is not None and kind.arity.joins


@dataclass(frozen=True)
class Edge:
    """A value that flows from the box or input that computes it to a box that reads it."""

    value: str
    source: str
    target: str
    readers: tuple[str, ...]
    """The layers in that box that read it."""


@dataclass(frozen=True)
class FoldedNetwork:
    """Boxes and edges in the order of the file."""

    boxes: Mapping[str, Box]
    edges: tuple[Edge, ...]
    sources: Mapping[str, str]
    """The box or input of each value."""
    contents: Mapping[str, tuple[str, ...]]
    """The boxes and scopes within each open scope of more than one box; "" is the network."""


def fold_network(
    network: Network, scopes: Scopes, depth: int | None = None, alone: Collection[str] = ()
) -> FoldedNetwork:
    """Fold a network with scopes opened `depth` deep, None for all; the nodes in `alone` share no other's box."""
    members: dict[str, list[Node]] = {}
    sources = {each.name: each.name for each in network.inputs}
    reads = _count_reads(network)
    for node in network.nodes:
        enclosing = scopes.list_enclosing(node.name)
        name = enclosing[depth] if depth is not None and len(enclosing) > depth else node.name
        if name == node.name not in alone and _shares_box(node, members, sources, reads):
            name = sources[node.inputs[0]]
        members.setdefault(name, []).append(node)
        sources[node.name] = name
    boxes = {name: Box(name, tuple(nodes), name in scopes) for name, nodes in members.items()}
    return FoldedNetwork(boxes, tuple(_make_edges(boxes, sources)), sources, _list_contents(boxes, scopes))


def _count_reads(network: Network) -> Counter[str]:
    """Count the readers of each value: layers, outputs and heads."""
    inside = Counter(value for node in network.nodes for value in node.inputs)
    return inside + Counter((*network.outputs, *(head.value for head in network.heads)))


def _shares_box(
    node: Node, members: Mapping[str, list[Node]], sources: Mapping[str, str], reads: Mapping[str, int]
) -> bool:
    """Return whether a node joins the box of the layer before it.

    It must keep the shape of that layer, be its only reader, and stand in the same scope; the box must have room.
    """
    kind = get_layer_class(node.kind)
    if not kind or not kind.preserves_shape or len(node.inputs) != 1 or reads[node.inputs[0]] > 1:
        return False
    before = members.get(sources[node.inputs[0]])
    if before is None or before[-1].name != node.inputs[0] or len(before) >= MOST_IN_A_BOX:
        return False
    return _parent(node.name) == _parent(before[0].name)


def _parent(name: str) -> str:
    return name.rpartition(".")[0]


def _make_edges(boxes: Mapping[str, Box], sources: Mapping[str, str]) -> Iterator[Edge]:
    """Yield each value once for each box that reads it."""
    for box in boxes.values():
        readers: dict[str, list[str]] = {}
        for node in box.nodes:
            for value in node.inputs:
                readers.setdefault(value, []).append(node.name)
        for value, names in readers.items():
            if sources[value] != box.name:
                yield Edge(value, sources[value], box.name, tuple(names))


def _list_contents(boxes: Mapping[str, Box], scopes: Scopes) -> Mapping[str, tuple[str, ...]]:
    held = Counter(scope for box in boxes for scope in scopes.list_enclosing(box))
    contents: dict[str, dict[str, None]] = {"": {}}
    for box in boxes:
        for outer, inner in pairwise(["", *(scope for scope in scopes.list_enclosing(box) if held[scope] > 1), box]):
            contents.setdefault(outer, {})[inner] = None
    return {scope: tuple(inside) for scope, inside in contents.items()}
