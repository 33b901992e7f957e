"""The volumes of a figure: the values of a network, without those that merely have another one's shape.

A layer that keeps its shape belongs to the volume before it, and so does a sum of equal shapes, at which its other
terms arrive. A block or repetition below the wanted depth is one volume.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

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

    @property
    def is_input(self) -> bool:
        return not self.nodes

    @property
    def is_map(self) -> bool:
        return self.shape is None or len(self.shape) == 3

    @property
    def family(self) -> Family | None:
        """The family of the first layer; of a folded scope, that of most of its layers with weights."""
        kinds = [kind.family for node in self.nodes if (kind := get_layer_class(node.kind))]
        weighty = [family for family in kinds if family in (Family.CONVOLUTION, Family.DENSE)]
        if self.is_folded and weighty:
            return max(weighty, key=weighty.count)
        return kinds[0] if kinds else None

    @property
    def kernel(self) -> tuple[tuple[int, int], tuple[int, int]] | None:
        """The size and stride of the kernel that makes the volume, if it is one layer with a kernel."""
        return None if self.is_folded or self.is_input else read_kernel(self.nodes[0].layer)

    @property
    def has_window(self) -> bool:
        """Whether the volume is made by a window that moves over the one before."""
        layer = self.nodes[0].layer if self.nodes else None
        return bool(self.kernel and layer and layer.slides and self.family in (Family.CONVOLUTION, Family.POOLING))

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


@dataclass(frozen=True)
class FoldedVolumes:
    """All volumes in the order of the file, which is topological, and the links between them."""

    volumes: Mapping[str, Volume]
    links: tuple[Link, ...]

    @cached_property
    def before(self) -> Mapping[str, tuple[str, ...]]:
        """The volumes that each one reads."""
        return {name: tuple(link.source for link in self.links if link.target == name) for name in self.volumes}

    @cached_property
    def behind(self) -> Mapping[str, tuple[str, ...]]:
        """The volumes that read each one."""
        return {name: tuple(link.target for link in self.links if link.source == name) for name in self.volumes}


def fold_volumes(network: Network, scopes: Scopes, depth: int | None, alone: Collection[str] = ()) -> FoldedVolumes:
    """Fold a network into volumes with scopes opened `depth` deep, None for all; nodes in `alone` share no volume."""
    members: dict[str, list[Node]] = {each.name: [] for each in network.inputs}
    holders = {each.name: each.name for each in network.inputs}
    for node in network.nodes:
        enclosing = scopes.list_enclosing(node.name)
        name = enclosing[depth] if depth is not None and len(enclosing) > depth else node.name
        if name == node.name not in alone:
            name = _find_holder(network, node, members, holders) or name
        members.setdefault(name, []).append(node)
        holders[node.name] = name
    volumes = {name: _make_volume(network, name, nodes, name in scopes) for name, nodes in members.items()}
    links = tuple(dict.fromkeys(_make_links(volumes, holders)))
    return FoldedVolumes(_split_towers(network, volumes, links), links)


def _find_holder(
    network: Network, node: Node, members: Mapping[str, list[Node]], holders: Mapping[str, str]
) -> str | None:
    """Return the volume that a node belongs to without making one of its own; that of the last term, for a sum."""
    kind = get_layer_class(node.kind)
    keeps = kind and (kind.preserves_shape or (kind.arity.joins and _is_sum(network, node)))
    order = list(members)
    found = max((holders[value] for value in node.inputs), key=order.index, default="") if keeps else ""
    return found if members.get(found) else None


def _is_sum(network: Network, node: Node) -> bool:
    layer = node.layer
    return layer is not None and Trait.EQUAL_SHAPES in layer.traits and node.output is not None


def _make_volume(network: Network, name: str, nodes: list[Node], is_folded: bool) -> Volume:
    shape = nodes[-1].output if nodes else network.shapes[name]
    return Volume(name, tuple(nodes), shape, is_folded)


def _make_links(volumes: Mapping[str, Volume], holders: Mapping[str, str]) -> Iterator[Link]:
    for name, volume in volumes.items():
        for node in volume.nodes:
            yield from (Link(holders[value], name, value) for value in node.inputs if holders[value] != name)


def _split_towers(
    network: Network, volumes: Mapping[str, Volume], links: tuple[Link, ...]
) -> Mapping[str, Volume]:
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
    return {
        name: Volume(name, each.nodes, each.shape, each.is_folded, TOWERS if name in towers else 1)
        for name, each in volumes.items()
    }


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
