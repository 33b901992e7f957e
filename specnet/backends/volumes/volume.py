"""A volume of a figure: an input, a layer with what keeps its shape, or a folded block; and the links between them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from specnet.graph import Node
from specnet.layers import get_layer_class
from specnet.layers.base import Family, Shape
from specnet.layers.base.traits import Trait
from specnet.layers.base.window import read_kernel

FOLLOWERS = (Family.ACTIVATION, Family.NORMALISATION, Family.REGULARISATION)
"""The families of layers that do not decide what a block is."""


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
    has_skip: bool = False
    """Whether what a block or each layer of a run reads skips layers of it and is added to their output."""
    count: int = 1
    """The number of equal layers or blocks, one behind the other, that it stands for."""
    read_whole: frozenset[str] = frozenset()
    """The values of which its first layer reads all for each element, as `fc` does of a map, and attention."""
    rows: tuple[tuple[Family | None, int], ...] = ()
    """Of sequences laid one behind the other, the family that made each, and its tokens."""

    @property
    def is_input(self) -> bool:
        return not self.nodes

    @property
    def is_map(self) -> bool:
        return self.shape is None or len(self.shape) == 3

    @property
    def is_sequence(self) -> bool:
        return self.shape is not None and len(self.shape) == 2

    @cached_property
    def family(self) -> Family | None:
        """The family of the first layer; of a folded scope, that of all its layers but those that follow others."""
        families = [kind.family for node in self.nodes if (kind := get_layer_class(node.kind))]
        if self.is_folded:
            families = [family for family in families if family not in FOLLOWERS]
        return families[0] if families and (not self.is_folded or len(set(families)) == 1) else None

    def is_fully_connected(self, value: str) -> bool:
        """Whether crossed lines lead to it from all of the volume of a value."""
        return value in self.read_whole and not self.is_folded and self.family in (Family.DENSE, Family.ATTENTION)

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
    is_gap: bool = False
    """Whether it leads across lines that could not be read, so that no value is known."""
    is_residual: bool = False
    """Whether it is added to what the target's layer makes of the same volume."""


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
        return {name: tuple(dict.fromkeys(found.get(name, ()))) for name in self.volumes}

    @cached_property
    def behind(self) -> Mapping[str, tuple[str, ...]]:
        """The volumes that read each one."""
        found = dict[str, list[str]]()
        for link in self.links:
            found.setdefault(link.source, []).append(link.target)
        return {name: tuple(dict.fromkeys(found.get(name, ()))) for name in self.volumes}


def is_sum(node: Node) -> bool:
    """Whether a node adds values."""
    return node.output is not None and node.layer is not None and Trait.SUMS in node.layer.traits
