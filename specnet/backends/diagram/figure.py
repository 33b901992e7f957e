"""What a diagram shows, before it has a look: boxes, the scopes they stand in, and the values between them.

A layer that keeps its shape stands in the box of the layer before it, if nothing else reads that;
and a scope below the wanted depth is one box.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

from specnet.backends.diagram.scopes import Scopes
from specnet.graph import Network, Node
from specnet.layers import layer_class

MOST_IN_A_BOX = 6


@dataclass(frozen=True)
class Box:
    """A layer and its followers, or all layers of a folded scope."""

    name: str
    nodes: tuple[Node, ...]
    is_folded: bool = False

    @property
    def is_join(self) -> bool:
        kind = layer_class(self.nodes[0].kind)
        return not self.is_folded and kind is not None and kind.arity.joins


@dataclass(frozen=True)
class Edge:
    """A value on its way from the box or input that gives it to a box that reads it."""

    value: str
    source: str
    target: str
    readers: tuple[str, ...]
    """The layers of that box which read it."""


@dataclass(frozen=True)
class Figure:
    """Boxes and edges in the order of the file."""

    boxes: Mapping[str, Box]
    edges: tuple[Edge, ...]
    sources: Mapping[str, str]
    """Of each value, the box or the input that gives it."""
    contents: Mapping[str, tuple[str, ...]]
    """Of each open scope that holds more than one box, the boxes and scopes in it; "" is the network."""


def figure(network: Network, scopes: Scopes, depth: int | None = None, alone: Collection[str] = ()) -> Figure:
    """The figure of a network with scopes opened `depth` deep; the nodes in `alone` join no other's box."""
    members: dict[str, list[Node]] = {}
    sources = {each.name: each.name for each in network.inputs}
    reads = _reads(network)
    for node in network.nodes:
        around = scopes.around(node.name)
        name = around[depth] if depth is not None and len(around) > depth else node.name
        if name == node.name not in alone and _follows(node, members, sources, reads):
            name = sources[node.inputs[0]]
        members.setdefault(name, []).append(node)
        sources[node.name] = name
    boxes = {name: Box(name, tuple(nodes), name in scopes) for name, nodes in members.items()}
    return Figure(boxes, tuple(_edges(boxes, sources)), sources, _contents(boxes, scopes))


def _reads(network: Network) -> Counter[str]:
    """How often each value is read, by layers, as an output or by a head."""
    inside = Counter(value for node in network.nodes for value in node.inputs)
    return inside + Counter((*network.outputs, *(head.value for head in network.heads)))


def _follows(
    node: Node, members: Mapping[str, list[Node]], sources: Mapping[str, str], reads: Mapping[str, int]
) -> bool:
    """Whether a node keeps the shape of the layer just before it, in the same scope, and is alone in reading it;
    and there is room in that box."""
    kind = layer_class(node.kind)
    if not kind or not kind.preserves_shape or len(node.inputs) != 1 or reads[node.inputs[0]] > 1:
        return False
    before = members.get(sources[node.inputs[0]])
    if before is None or before[-1].name != node.inputs[0] or len(before) >= MOST_IN_A_BOX:
        return False
    return _parent(node.name) == _parent(before[0].name)


def _parent(name: str) -> str:
    return name.rpartition(".")[0]


def _edges(boxes: Mapping[str, Box], sources: Mapping[str, str]) -> Iterator[Edge]:
    """Each value once for each box that reads it."""
    for box in boxes.values():
        readers: dict[str, list[str]] = {}
        for node in box.nodes:
            for value in node.inputs:
                readers.setdefault(value, []).append(node.name)
        for value, names in readers.items():
            if sources[value] != box.name:
                yield Edge(value, sources[value], box.name, tuple(names))


def _contents(boxes: Mapping[str, Box], scopes: Scopes) -> Mapping[str, tuple[str, ...]]:
    held = Counter(scope for box in boxes for scope in scopes.around(box))
    contents: dict[str, dict[str, None]] = {"": {}}
    for box in boxes:
        for outer, inner in pairwise(["", *(scope for scope in scopes.around(box) if held[scope] > 1), box]):
            contents.setdefault(outer, {})[inner] = None
    return {scope: tuple(inside) for scope, inside in contents.items()}
