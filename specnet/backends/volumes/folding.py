"""Fold a network into volumes: the values of a network, without those that merely have another one's shape.

A layer that keeps its shape belongs to the volume before it. A sum of equal shapes belongs to the volume of its last
term, at which the others arrive; where several are equally far from the input, as arms of RepVGG, it is one of its own.
A block or repetition below the wanted depth is one volume.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import pairwise

from specnet.backends.volumes.towers import split_towers
from specnet.backends.volumes.volume import FoldedVolumes, Link, Volume, is_sum
from specnet.graph import Network, Node
from specnet.layers import get_layer_class
from specnet.layers.base import Family, Shape
from specnet.layers.base.traits import Elements, Trait
from specnet.printer.scopes import Scopes


def fold_volumes(network: Network, scopes: Scopes, depth: int | None, alone: Collection[str] = ()) -> FoldedVolumes:
    """Fold a network into volumes with scopes opened `depth` deep, None for all; nodes in `alone` share no volume."""
    folding = _Folding(network)
    for node in network.nodes:
        enclosing = scopes.list_enclosing(node.name)
        name = enclosing[depth] if depth is not None and len(enclosing) > depth else node.name
        if name == node.name not in alone:
            name = folding.find_holder(node) or name
        folding.add(node, name)
    volumes = {name: _make_volume(network, name, nodes, name in scopes) for name, nodes in folding.members.items()}
    return _link_volumes(network, volumes, folding.holders)


def _link_volumes(network: Network, volumes: Mapping[str, Volume], holders: Mapping[str, str]) -> FoldedVolumes:
    """Return volumes with their links, and with what can be said of them only by their sources and readers."""
    read = tuple(dict.fromkeys(_list_reads(volumes, holders)))
    links = (*read, *_find_gaps(volumes, read))
    volumes = _mark_sums(_split_parts(network, volumes, holders), read)
    outputs = frozenset(holders[value] for value in network.outputs)
    return FoldedVolumes(split_towers(network, volumes, links), links, outputs)


def _mark_sums(volumes: Mapping[str, Volume], read: Iterable[Link]) -> Mapping[str, Volume]:
    """Return the volumes with a mark at blocks that add what they read to what their layers make of it."""
    sources = Counter(link.target for link in read)
    skipped = {name for name, each in volumes.items() if each.is_folded and sources[name] == 1}
    return {
        name: replace(each, has_skip=name in skipped and any(map(is_sum, each.nodes))) for name, each in volumes.items()
    }


class _Folding:
    """The volumes so far: the nodes in each, which are topological, and the volume of each value."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.members: dict[str, list[Node]] = {each.name: [] for each in network.inputs}
        self.holders = {each.name: each.name for each in network.inputs}
        self._steps = dict.fromkeys(self.members, 0)
        self._read: set[str] = set()

    def add(self, node: Node, name: str) -> None:
        """Add a node to a volume, behind all others if the node reads another one."""
        sources = {self.holders[value] for value in node.inputs} - {name}
        nodes = self.members.pop(name, []) if sources else self.members.setdefault(name, [])
        nodes.append(node)
        self.members[name] = nodes
        self._steps[name] = max(self._steps.get(name, 0), *(self._steps[source] + 1 for source in sources), 0)
        self._read |= sources
        self.holders[node.name] = name

    def find_holder(self, node: Node) -> str | None:
        """Return the volume that a node belongs to without making one of its own; that of the last term, for a sum."""
        kind = get_layer_class(node.kind)
        sources = dict.fromkeys(self.holders[value] for value in node.inputs)
        if not kind or not all(self.members[source] or kind.arity.joins for source in sources):
            return None
        if kind.is_follower() and len(sources) == 1:
            return next(iter(sources))
        last = max(map(self._steps.__getitem__, sources), default=0)
        ends = [name for name in sources if self._steps[name] == last] if is_sum(node) else []
        is_free = len(ends) == 1 and ends[0] not in self._read and self._ends_in(ends[0], node.output)
        return ends[0] if is_free else None

    def _ends_in(self, name: str, shape: Shape | None) -> bool:
        """Whether a volume is that of layers, and the output of the last one has a shape."""
        return bool(self.members[name]) and self.members[name][-1].output == shape


def _make_volume(network: Network, name: str, nodes: list[Node], is_folded: bool) -> Volume:
    shape = nodes[-1].output if nodes else network.shapes[name]
    whole = frozenset(_list_read_whole(network, nodes[0])) if nodes else frozenset[str]()
    return Volume(name, tuple(nodes), shape or None, is_folded and not _is_one_layer(nodes), read_whole=whole)


def _list_read_whole(network: Network, node: Node) -> Iterator[str]:
    """Yield the values of which a layer reads all for each element of its output."""
    inputs = network.input_shapes(node)
    if node.output and node.layer and inputs:
        readings = zip(node.inputs, node.layer.receptive_field(inputs) or (), strict=False)
        yield from (value for value, reading in readings if reading is Elements.ALL)


def _split_parts(network: Network, volumes: Mapping[str, Volume], holders: Mapping[str, str]) -> Mapping[str, Volume]:
    """Return the volumes with the parts of maps whose channels are those of several maps together."""
    families = {value: volumes[name].family for value, name in holders.items()}
    return {
        name: replace(each, parts=_list_parts(network, each, families), rows=_list_rows(network, each, families))
        for name, each in volumes.items()
    }


def _list_parts(
    network: Network, volume: Volume, families: Mapping[str, Family | None]
) -> tuple[tuple[Family | None, int], ...]:
    if volume.is_folded or volume.is_input or volume.shape is None or len(volume.shape) == 1:
        return ()
    inputs = network.input_shapes(volume.nodes[0])
    if not inputs or len(inputs) < 2 or sum(shape[-1] for shape in inputs) != volume.shape[-1]:
        return ()
    return tuple((families[value], shape[-1]) for value, shape in zip(volume.nodes[0].inputs, inputs, strict=True))


def _list_rows(
    network: Network, volume: Volume, families: Mapping[str, Family | None]
) -> tuple[tuple[Family | None, int], ...]:
    """Return the tokens of each sequence that is part of a longer one; those that the layer has learned come first."""
    if volume.is_folded or volume.is_input or volume.shape is None or not volume.is_sequence:
        return ()
    node, inputs = volume.nodes[0], network.input_shapes(volume.nodes[0]) or ()
    if any(len(shape) != 2 or shape[1] != volume.shape[1] or shape[0] >= volume.shape[0] for shape in inputs):
        return ()
    rows = [(families[value], shape[0]) for value, shape in zip(node.inputs, inputs, strict=True)]
    more = volume.shape[0] - sum(tokens for _, tokens in rows)
    learned = node.layer is not None and Trait.EMBEDS in node.layer.traits
    if more and not learned:
        return ()
    return ((volume.family, more), *rows) if more else tuple(rows)


def _is_one_layer(nodes: list[Node]) -> bool:
    """Whether a scope holds one layer and what keeps its shape, so that it is drawn as that layer."""
    kinds = [get_layer_class(node.kind) for node in nodes]
    return all(len(node.operands) == 1 for node in nodes) and all(kind and kind.is_follower() for kind in kinds[1:])


def _list_reads(volumes: Mapping[str, Volume], holders: Mapping[str, str]) -> Iterator[Link]:
    """Yield a link for each layer that reads a value of another volume."""
    for name, volume in volumes.items():
        for node in volume.nodes:
            skipping = _list_layer_sources(volume, holders) if is_sum(node) and node is not volume.nodes[0] else set()
            for value in node.inputs:
                if (source := holders[value]) != name:
                    yield Link(source, name, value, is_residual=source in skipping)


def _list_layer_sources(volume: Volume, holders: Mapping[str, str]) -> set[str]:
    """Return the volumes that the layer of a volume reads; none for a block, whose sums are inside."""
    return set() if volume.is_folded else {holders[value] for value in volume.nodes[0].inputs}


def _find_gaps(volumes: Mapping[str, Volume], links: tuple[Link, ...]) -> Iterator[Link]:
    """Yield a link to each volume that reads none, from the one before it in the file."""
    reached = {link.target for link in links}
    for before, name in pairwise(volumes):
        if name not in reached and not volumes[name].is_input:
            yield Link(before, name, "", is_gap=True)
