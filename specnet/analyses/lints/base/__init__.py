"""What lints have in common: the network as they look at it, and what they find."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from typing import NamedTuple

from specnet.analyses.cost import Cost
from specnet.analyses.lints.base.allowed import Allowed
from specnet.diagnostics import Code, Label
from specnet.elaborate import Elaborated
from specnet.graph import Network, Node
from specnet.layers.base import Shape
from specnet.layers.base.window import Axis, Windowed
from specnet.source import Source, Span


class View:
    """A sound network, where it was written, and what it costs."""

    def __init__(self, source: Source, elaborated: Elaborated, costs: Mapping[str, Cost], allowed: Allowed) -> None:
        self.source = source
        self.elaborated = elaborated
        self.network: Network = elaborated.network
        self.costs = costs
        self.allowed = allowed
        self.ends = *self.network.outputs, *(head.value for head in self.network.heads)
        """The outputs, those on the side among them."""

    @cached_property
    def readers(self) -> Mapping[str, list[Node]]:
        """The layers that read each value."""
        readers: dict[str, list[Node]] = {name: [] for name in self.network.shapes}
        for node in self.network.nodes:
            for name in node.inputs:
                readers[name].append(node)
        return readers

    def arriving(self, node: Node) -> Shape:
        """The shape that arrives first."""
        shapes = self.network.input_shapes(node)
        assert shapes, "lints look at sound networks only"
        return shapes[0]

    def before(self, node: Node) -> Node | None:
        """The layer whose output this one alone reads; None where others do, too, or there is none."""
        if len(node.inputs) != 1 or len(self.readers[node.inputs[0]]) > 1 or node.inputs[0] in self.ends:
            return None
        return self.network.by_name.get(node.inputs[0])

    def back(self, node: Node, passes: Callable[[Node], bool]) -> Node | None:
        """The nearest layer before this one, on a way without branches, that does not let pass what arrives."""
        found = self.before(node)
        while found and passes(found):
            found = self.before(found)
        return found

    def axes(self, node: Node) -> tuple[Axis, Axis] | None:
        """How a layer's window slides along height and width; None if it has none."""
        if isinstance(node.layer, Windowed) and getattr(node.layer, node.layer.window) is not None:
            return node.layer.axes((self.arriving(node),))
        return None

    def windows(self, kind: str) -> Iterator[tuple[Node, Axis]]:
        """The layers of a kind, each with the axes of its window; with one where both agree."""
        for node in self.network.nodes:
            axes = self.axes(node) if node.kind == kind else None
            yield from ((node, axis) for axis in dict.fromkeys(axes or ()))

    def finding(
        self, node: Node, attribute: str = "", beside: str = "", others: tuple[Label, ...] = (), fact: str = ""
    ) -> Finding:
        """What is found at a layer's attribute, or at its word if that is not written."""
        place = self.elaborated.places[node.name]
        return Finding(place.attributes.get(attribute, place.word), node.name, beside, others, place.trace, fact)


class Finding(NamedTuple):
    """A place where a lint's advice applies: the layer, the arithmetic beside it, other places that matter.

    `fact` is the message of a lint that has none for several places.
    """

    span: Span | None
    name: str = ""
    beside: str = ""
    others: tuple[Label, ...] = ()
    trace: tuple[Span, ...] = ()
    fact: str = ""


class Lint(NamedTuple):
    """What is looked for, and how it is said: `{names} add{s} a bias …`; without a message, each finding has one."""

    code: Code
    find: Callable[[View], Iterable[Finding]]
    message: str = ""
    help: str = ""
