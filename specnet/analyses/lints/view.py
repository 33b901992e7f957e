"""What lints see, a sound network with its places and costs, and what they report."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from typing import NamedTuple

from specnet.analyses.cost import Cost
from specnet.analyses.messages import Allowed
from specnet.diagnostics import Code, Label
from specnet.elaborate import Elaborated
from specnet.graph import Network, Node
from specnet.layers.base import Shape
from specnet.layers.base.traits import Trait
from specnet.layers.base.window import Axis, Windowed
from specnet.source import Source, Span


def has_trait(node: Node | None, trait: Trait) -> bool:
    """Whether a node's layer has a trait."""
    return node is not None and node.layer is not None and trait in node.layer.traits


class View:
    """A sound network, where it was written, and what it costs."""

    def __init__(self, source: Source, elaborated: Elaborated, costs: Mapping[str, Cost], allowed: Allowed) -> None:
        self.source = source
        self.elaborated = elaborated
        self.network: Network = elaborated.network
        self.costs = costs
        self.allowed = allowed
        self.ends = *self.network.outputs, *(head.value for head in self.network.heads)
        """The outputs, auxiliary ones among them."""

    @cached_property
    def readers(self) -> Mapping[str, list[Node]]:
        """The layers that read each value."""
        readers: dict[str, list[Node]] = {name: [] for name in self.network.shapes}
        for node in self.network.nodes:
            for name in node.inputs:
                readers[name].append(node)
        return readers

    def having(self, trait: Trait) -> Iterator[Node]:
        """Yield the nodes whose layer has a trait."""
        return (node for node in self.network.nodes if has_trait(node, trait))

    def input_shape(self, node: Node) -> Shape:
        """Return the shape of a node's first input."""
        shapes = self.network.input_shapes(node)
        assert shapes, "lints look at sound networks only"
        return shapes[0]

    def before(self, node: Node) -> Node | None:
        """Return the layer whose output this one alone reads; None where others do, too, or there is none."""
        if len(node.inputs) != 1 or len(self.readers[node.inputs[0]]) > 1 or node.inputs[0] in self.ends:
            return None
        return self.network.by_name.get(node.inputs[0])

    def back(self, node: Node, passes: Callable[[Node], bool]) -> Node | None:
        """Return the nearest layer before this one, on a path without branches, that does not pass."""
        found = self.before(node)
        while found and passes(found):
            found = self.before(found)
        return found

    def axes(self, node: Node) -> tuple[Axis, Axis] | None:
        """Return how a layer's window slides along height and width; None if it has none."""
        if isinstance(node.layer, Windowed) and node.layer.slides:
            return node.layer.axes((self.input_shape(node),))
        return None

    def windows(self, trait: Trait) -> Iterator[tuple[Node, str, Axis]]:
        """Yield the layers of a trait that slide a window, the field of its size, and each different axis."""
        for node in self.having(trait):
            axes = self.axes(node)
            if isinstance(node.layer, Windowed):
                yield from ((node, node.layer.window, axis) for axis in dict.fromkeys(axes or ()))

    def finding(
        self, node: Node, attribute: str = "", beside: str = "", others: tuple[Label, ...] = (), fact: str = ""
    ) -> Finding:
        """Make a finding at a layer's attribute, or at its word if that is not written."""
        place = self.elaborated.places[node.name]
        return Finding(place.attributes.get(attribute, place.word), node.name, beside, others, place.trace, fact)


class Finding(NamedTuple):
    """A place where a lint's advice applies: the layer, the arithmetic beside it, other places that matter.

    `fact` is the message of a lint that has none of its own.
    """

    span: Span | None
    name: str = ""
    beside: str = ""
    others: tuple[Label, ...] = ()
    trace: tuple[Span, ...] = ()
    fact: str = ""


class Lint(NamedTuple):
    """A rule and its message: `{names} add{s} a bias …`; without one, each finding has its own."""

    code: Code
    find: Callable[[View], Iterable[Finding]]
    message: str = ""
    help: str = ""
