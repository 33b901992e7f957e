"""The volumes of a figure: the values of a network, without those that merely have another one's shape.

A layer that keeps its shape belongs to the volume before it. A sum of equal shapes belongs to the volume of its last
term, at which the others arrive. A block or repetition below the wanted depth is one volume.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise

from specnet.graph import Network, Node
from specnet.layers import get_layer_class
from specnet.layers.base import Family, Shape
from specnet.layers.base.traits import Trait
from specnet.layers.base.window import read_kernel
from specnet.printer.scopes import Scopes

TOWERS = 2
"""The number of groups that are drawn as towers, as in the paper of AlexNet; of more, each would be too thin."""


@dataclass(frozen=True)
class Volume:
    """An input, a layer with its followers, or all layers of a folded scope."""

    name: str
    nodes: tuple[Node, ...]
    shape: Shape | None
    is_folded: bool = False
    towers: int = 1
    parts: tuple[tuple[Family | None, int], ...] = ()
    """Of maps laid one behind the other, the family that made each, and its channels."""
    adds_input: bool = False
    """Whether what a layer reads is added to its output."""
    count: int = 1
    """The number of equal layers or blocks, one behind the other, that it stands for."""

    @property
    def is_input(self) -> bool:
        return not self.nodes

    @property
    def is_map(self) -> bool:
        return self.shape is None or len(self.shape) == 3

    @cached_property
    def family(self) -> Family | None:
        """The family of the first layer; of a folded scope, that of its last layer with weights."""
        families = [kind.family for node in self.nodes if (kind := get_layer_class(node.kind))]
        learned = [family for family in families if family in (Family.CONVOLUTION, Family.DENSE)]
        if self.is_folded and learned:
            return learned[-1]
        return families[0] if families else None

    @property
    def kernel(self) -> tuple[tuple[int, int], tuple[int, int]] | None:
        """The size and stride of the kernel that makes the volume, if it is one layer with a kernel."""
        return None if self.is_folded or self.is_input else read_kernel(self.nodes[0].layer)

    @property
    def has_window(self) -> bool:
        """Whether the volume is made by a window that moves over the one before."""
        layer = self.nodes[0].layer if self.nodes else None
        return bool(self.kernel and layer and layer.slides and self.family in (Family.CONVOLUTION, Family.POOLING))

    @cached_property
    def has_skip(self) -> bool:
        """Whether a sum of equal shapes in the volume adds what skips its layers."""
        return self.adds_input or (self.is_folded and any(_is_sum(node) for node in self.nodes))

    @property
    def mixes_towers(self) -> bool:
        """Whether each tower reads all towers of the volume before."""
        layer = self.nodes[0].layer if self.nodes else None
        return bool(layer and Trait.LEARNS_WEIGHT in layer.traits and Trait.GROUPED not in layer.traits)


@dataclass(frozen=True)
class Link:
    """A value of one volume that another one reads."""

    source: str
    target: str
    value: str
    is_gap: bool = False
    """Whether it leads across lines that could not be read, so that no value is known."""


@dataclass(frozen=True)
class FoldedVolumes:
    """All volumes in the order of the file, which is topological, and the links between them."""

    volumes: Mapping[str, Volume]
    links: tuple[Link, ...]
    outputs: frozenset[str]
    """The volumes of the network's outputs, without its heads."""

    @cached_property
    def before(self) -> Mapping[str, tuple[str, ...]]:
        """The volumes that each one reads."""
        found = dict[str, list[str]]()
        for link in self.links:
            found.setdefault(link.target, []).append(link.source)
        return {name: tuple(found.get(name, ())) for name in self.volumes}

    @cached_property
    def behind(self) -> Mapping[str, tuple[str, ...]]:
        """The volumes that read each one."""
        found = dict[str, list[str]]()
        for link in self.links:
            found.setdefault(link.source, []).append(link.target)
        return {name: tuple(found.get(name, ())) for name in self.volumes}


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
    read = Counter(_list_reads(volumes, folding.holders))
    repeated = {target for (_, target, _), times in read.items() if times > 1}
    for name in repeated:
        volumes[name] = replace(volumes[name], adds_input=any(map(_is_sum, volumes[name].nodes)))
    links = tuple(Link(*ends) for ends in read)
    links = (*links, *_find_gaps(volumes, links))
    outputs = frozenset(folding.holders[value] for value in network.outputs)
    with_parts = _split_parts(network, volumes, folding.holders)
    return FoldedVolumes(_split_towers(network, with_parts, links), links, outputs)


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
        if kind.preserves_shape and len(sources) == 1:
            return next(iter(sources))
        free = [source for source in sources if self.members[source] and source not in self._read]
        return max(free, key=self._steps.__getitem__, default=None) if _is_sum(node) else None


def _is_sum(node: Node) -> bool:
    return node.output is not None and node.layer is not None and Trait.EQUAL_SHAPES in node.layer.traits


def _make_volume(network: Network, name: str, nodes: list[Node], is_folded: bool) -> Volume:
    shape = nodes[-1].output if nodes else network.shapes[name]
    return Volume(name, tuple(nodes), shape or None, is_folded and not _is_one_layer(nodes))


def _split_parts(network: Network, volumes: Mapping[str, Volume], holders: Mapping[str, str]) -> Mapping[str, Volume]:
    """Return the volumes with the parts of maps whose channels are those of several maps together."""
    families = {value: volumes[name].family for value, name in holders.items()}
    return {name: replace(each, parts=_list_parts(network, each, families)) for name, each in volumes.items()}


def _list_parts(
    network: Network, volume: Volume, families: Mapping[str, Family | None]
) -> tuple[tuple[Family | None, int], ...]:
    if volume.is_folded or volume.is_input or volume.shape is None or len(volume.shape) != 3:
        return ()
    inputs = network.input_shapes(volume.nodes[0])
    if not inputs or len(inputs) < 2 or sum(shape[-1] for shape in inputs) != volume.shape[-1]:
        return ()
    return tuple((families[value], shape[-1]) for value, shape in zip(volume.nodes[0].inputs, inputs, strict=True))


def _is_one_layer(nodes: list[Node]) -> bool:
    """Whether a scope holds one layer and what keeps its shape, so that it is drawn as that layer."""
    kinds = [get_layer_class(node.kind) for node in nodes]
    return all(len(node.inputs) == 1 for node in nodes) and all(kind and kind.preserves_shape for kind in kinds[1:])


def _list_reads(volumes: Mapping[str, Volume], holders: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    """Yield source, target and value for each layer that reads a value of another volume."""
    for name, volume in volumes.items():
        for node in volume.nodes:
            yield from ((holders[value], name, value) for value in node.inputs if holders[value] != name)


def _find_gaps(volumes: Mapping[str, Volume], links: tuple[Link, ...]) -> Iterator[Link]:
    """Yield a link to each volume that reads none, from the one before it in the file."""
    reached = {link.target for link in links}
    for before, name in pairwise(volumes):
        if name not in reached and not volumes[name].is_input:
            yield Link(before, name, "", is_gap=True)


def _split_towers(network: Network, volumes: Mapping[str, Volume], links: tuple[Link, ...]) -> Mapping[str, Volume]:
    """Return the volumes with two towers where a layer works in two groups, and where the next one does."""
    towers = {name for name, volume in volumes.items() if _works_in_towers(network, volume)}
    for link in reversed(links):  # what only passes the channels on stands between
        reader, source = volumes[link.target], volumes[link.source]
        if link.target in towers and _keeps_towers(network, reader) and source.is_map and not source.is_input:
            towers.add(link.source)
    for link in links:
        source, reader = volumes[link.source], volumes[link.target]
        if link.source in towers and not _learns(reader) and reader.is_map and not reader.is_folded:
            towers.add(link.target)
    return {name: replace(each, towers=TOWERS if name in towers else 1) for name, each in volumes.items()}


def _works_in_towers(network: Network, volume: Volume) -> bool:
    if volume.is_folded or volume.is_input or volume.shape is None:
        return False
    layer, inputs = volume.nodes[0].layer, network.input_shapes(volume.nodes[0])
    if layer is None or not inputs or Trait.GROUPED not in layer.traits:
        return False
    weight = layer.parameters(inputs).get("weight", ())
    if len(weight) != 4 or weight[0] != volume.shape[-1]:
        return False
    return inputs[0][-1] == TOWERS * weight[1] > TOWERS


def _keeps_towers(network: Network, volume: Volume) -> bool:
    return not volume.is_folded and (_works_in_towers(network, volume) or not _learns(volume))


def _learns(volume: Volume) -> bool:
    layer = volume.nodes[0].layer if volume.nodes else None
    return layer is None or Trait.LEARNS_WEIGHT in layer.traits
