"""The interface of lints: a view of a sound network, and findings in it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property, lru_cache
from typing import NamedTuple

from specnet.analyses.cost import Cost
from specnet.analyses.messages import AllowedCodes
from specnet.diagnostics import AnyCode, Fix, Label
from specnet.elaborate import Elaborated
from specnet.graph import Network, Node
from specnet.layers.base import Layer, Shape
from specnet.layers.base.traits import Trait, Traits
from specnet.layers.base.window import WindowAxes, WindowAxis, Windowed
from specnet.source import Source, Span

REMEMBERED = 1_000
"""The number of different layers that lints ask once, however often these stand in a network."""


def has_trait(node: Node | None, trait: Trait) -> bool:
    """Whether a node's layer has a trait."""
    return node is not None and node.layer is not None and trait in _list_traits(node.layer)


@lru_cache(maxsize=REMEMBERED)
def _list_traits(layer: Layer) -> Traits:
    return layer.traits


@lru_cache(maxsize=REMEMBERED)
def _compute_axes(layer: Windowed, shape: Shape) -> WindowAxes:
    return layer.axes((shape,))


class View:
    """A sound network with its source positions and its costs."""

    def __init__(
        self, source: Source, elaborated: Elaborated, costs: Mapping[str, Cost], allowed: AllowedCodes
    ) -> None:
        self.source = source
        self.elaborated = elaborated
        self.network: Network = elaborated.network
        self.costs = costs
        self.allowed = allowed
        self.ends = *self.network.outputs, *(head.value for head in self.network.heads)
        """The names of all outputs, including auxiliary ones."""

    @cached_property
    def readers(self) -> Mapping[str, list[Node]]:
        """The layers that read each value, by its name."""
        readers: dict[str, list[Node]] = {name: [] for name in self.network.shapes}
        for node in self.network.nodes:
            for name in node.inputs:
                readers[name].append(node)
        return readers

    def find_nodes(self, trait: Trait) -> Iterator[Node]:
        """Yield the nodes whose layer has a trait."""
        return iter(self._by_trait.get(trait, ()))

    @cached_property
    def _by_trait(self) -> Mapping[Trait, list[Node]]:
        found = defaultdict[Trait, list[Node]](list)
        for node in self.network.nodes:
            for trait in _list_traits(node.layer) if node.layer else ():
                found[trait].append(node)
        return found

    def input_shape(self, node: Node) -> Shape:
        """Return the shape of a node's first input."""
        shapes = self.network.input_shapes(node)
        assert shapes, "lints look at sound networks only"
        return shapes[0]

    def find_previous(self, node: Node) -> Node | None:
        """Return the layer whose output only this one reads; None if others read it, too, or there is none."""
        if len(node.inputs) != 1 or len(self.readers[node.inputs[0]]) > 1 or node.inputs[0] in self.ends:
            return None
        return self.network.by_name.get(node.inputs[0])

    def skip_back(self, node: Node, skips: Callable[[Node], bool]) -> Node | None:
        """Return the nearest earlier layer that is not skipped, on a path without branches; None if there is none."""
        found = self.find_previous(node)
        while found and skips(found):
            found = self.find_previous(found)
        return found

    def get_axes(self, node: Node) -> WindowAxes | None:
        """Return the axes of a layer's sliding window; None if it has none."""
        if isinstance(node.layer, Windowed) and node.layer.slides:
            return _compute_axes(node.layer, self.input_shape(node))
        return None

    def find_windows(self, trait: Trait) -> Iterator[tuple[Node, str, WindowAxis]]:
        """Yield the layers with a trait that slide a window, the field of its size, and each distinct axis."""
        return (window for window in self._windows if has_trait(window[0], trait))

    @cached_property
    def _windows(self) -> Sequence[tuple[Node, str, WindowAxis]]:
        return [
            (node, node.layer.window, axis)
            for node in self.network.nodes
            if isinstance(node.layer, Windowed)
            for axis in dict.fromkeys(self.get_axes(node) or ())
        ]

    def make_finding(
        self, node: Node, attribute: str = "", beside: str = "", others: tuple[Label, ...] = (), fact: str = ""
    ) -> Finding:
        """Make a finding at a layer's attribute, or at the layer's word if the attribute is not written."""
        place = self.elaborated.places[node.name]
        return Finding(place.attributes.get(attribute, place.word), node.name, beside, others, place.trace, fact)


class Finding(NamedTuple):
    """A place where a lint's advice applies.

    `name` is the layer, `beside` the arithmetic shown there, `others` are related places. `fact` is the message, if
    the lint has none of its own.
    """

    span: Span | None
    name: str = ""
    beside: str = ""
    others: tuple[Label, ...] = ()
    trace: tuple[Span, ...] = ()
    fact: str = ""
    fixes: tuple[Fix, ...] = ()


class LintRow(NamedTuple):
    """A rule and its message, such as `{names} add{s} a bias …`; without one, each finding has its own."""

    code: AnyCode
    find: Callable[[View], Iterable[Finding]]
    message: str = ""
    help: str = ""
