"""The network while it grows: each node's shape is known, or known to be unknown, as soon as the node is added."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from specnet.diagnostics import Code, Diagnostic, Label, make_diagnostic
from specnet.graph import Head, Input, ModuleScope, Network, Node
from specnet.layers.base import Layer, LayerError, LayerNote, Shape, format_shape
from specnet.source import Span

if TYPE_CHECKING:
    from specnet.settings import Training

MOST_NODES = 20_000
MOST_STEPS = 100_000
DEEPEST = 50
"""Nodes of a network, elements looked at on the way, and blocks and braces within each other, at most."""


class Halt(Exception):
    """A limit is exceeded: the rest is not looked at."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        self.diagnostic = diagnostic


def limit(message: str, span: Span) -> Diagnostic:
    """A limit is exceeded."""
    return make_diagnostic(Code.E002, message, span, notes=["`specnet explain E002` lists the limits"])


@dataclass(frozen=True)
class Place:
    """Where a node was written: its whole element, its word, its attributes, and the calls that led there."""

    element: Span
    word: Span
    attributes: Mapping[str, Span] = field(default_factory=dict)
    trace: tuple[Span, ...] = ()


@dataclass(frozen=True)
class Claim:
    """`=> SHAPE`, and the line that it ends."""

    shape: Shape
    span: Span
    line: Span


@dataclass(frozen=True)
class Expectation:
    """`expect QUANTITY COMPARISON VALUE`."""

    quantity: str
    comparison: str
    value: float
    quantity_span: Span
    value_span: Span


@dataclass
class Build:
    """Nodes, shapes, places and complaints so far."""

    name: str = ""
    description: str = ""
    inputs: list[Input] = field(default_factory=list)
    nodes: list[Node] = field(default_factory=list)
    heads: list[Head] = field(default_factory=list)
    scopes: dict[str, ModuleScope] = field(default_factory=dict)
    training: Training | None = None
    places: dict[str, Place] = field(default_factory=dict)
    settings: dict[str, Span] = field(default_factory=dict)
    """Where each line of the `train` section stands."""
    steps_of: dict[str, list[Span]] = field(default_factory=dict)
    """Where each step of such a line stands."""
    claims: dict[str, Claim] = field(default_factory=dict)
    """What lines claim of the value at their end, by its name."""
    expectations: list[Expectation] = field(default_factory=list)
    diagnostics: list[Diagnostic] = field(default_factory=list)
    shapes: dict[str, Shape | None] = field(default_factory=dict)
    """What the check goes on with; behind an error, what a line claims."""
    broken: set[str] = field(default_factory=set)
    """Nodes at an error or behind one."""
    declared: dict[str, Span] = field(default_factory=dict)
    """Where blocks, parameters, values, labels and inputs were declared, by name."""
    lacks_blocks: bool = False
    """A block or a file of blocks could not be read: unknown words may be theirs."""
    has_gaps: bool = False
    """A line could not be read: what arrives is unknown, even whether something does."""
    without_input: Place | None = None
    """The first layer that stands above every `input`."""
    steps: int = 0
    said: set[object] = field(default_factory=set)

    def say(
        self,
        code: Code,
        message: str,
        *places: Span | Label,
        help: str = "",
        trace: Sequence[Span] = (),
        meant: str = "",
    ) -> None:
        """A diagnostic made on the spot; what was probably meant is shown where it is declared."""
        declared = self.declared.get(meant.removeprefix("@"))
        origin = [Label(declared, f"`{meant}` is declared here", primary=False)] if declared else []
        self.complain(make_diagnostic(code, message, *places, *origin, help=help, trace=trace, meant=meant))

    def complain(self, diagnostic: Diagnostic, trace: tuple[Span, ...] = ()) -> None:
        """Says it, once: a block that is called twice is wrong once. `trace` are the calls that led there."""
        diagnostic = replace(diagnostic, trace=diagnostic.trace or trace)
        if diagnostic.code is Code.E102 and diagnostic.trace:
            diagnostic = replace(diagnostic, labels=(*diagnostic.labels, *self._block_of(diagnostic.trace[-1])))
        key = diagnostic.code, diagnostic.labels and diagnostic.labels[0].span
        if key not in self.said or not diagnostic.labels:
            self.said.add(key)
            self.diagnostics.append(diagnostic)

    def step(self, span: Span) -> None:
        """Counts an element; raises Halt where there are too many."""
        self.steps += 1
        if self.steps > MOST_STEPS or len(self.nodes) >= MOST_NODES:
            too_large = len(self.nodes) >= MOST_NODES
            what = (
                f"{MOST_NODES:,} layers" if too_large else f"{MOST_STEPS:,} lines when its repetitions are written out"
            )
            raise Halt(limit(f"the network has more than {what}", span))

    def add_input(self, name: str, shape: Shape | None, place: Place) -> str:
        self.inputs.append(Input(name, shape or ()))
        self.shapes[name] = shape
        self.places[name] = place
        if shape is None:
            self.broken.add(name)
        return name

    def add(
        self,
        name: str,
        kind: str,
        layer: Layer | None,
        inputs: Sequence[str | None],
        place: Place,
        shares: str | None = None,
    ) -> str:
        """Adds a node and says what its layer says of what arrives; returns its name."""
        if not self.inputs and not self.without_input:
            self.without_input = place
        known = tuple(value for value in inputs if value is not None)
        arriving = [self.shapes[value] for value in known]
        output = None
        if layer and len(known) == len(inputs) and None not in arriving:
            output = self._output(name, layer, known, tuple(shape for shape in arriving if shape), place)
        is_broken = output is None or bool(self.broken.intersection(known))
        self.shapes[name] = output
        self.places[name] = place
        if is_broken:
            self.broken.add(name)
        self.nodes.append(Node(name, kind, layer, known, None if is_broken else output, shares))
        return name

    def forget(self, first: int) -> None:
        """The nodes from number `first` on stand at an error: their shapes are unknown after all."""
        for number, node in enumerate(self.nodes[first:], first):
            self.nodes[number] = replace(node, output=None)
            self.shapes[node.name] = None
            self.broken.add(node.name)

    def _output(
        self, name: str, layer: Layer, inputs: tuple[str, ...], arriving: tuple[Shape, ...], place: Place
    ) -> Shape | None:
        try:
            output = layer.output(arriving)
        except LayerError as refusal:
            shown = inputs if refusal.arms is None else [inputs[arm] for arm in refusal.arms]
            origins = [label for value in shown for label in self.origins(value, place.trace)]
            origins += self._declarations(place)
            self.complain(_diagnostic(name, refusal, place, refusal.notes, origins))
            return None
        for remark in layer.notes(arriving):
            self.complain(_diagnostic(name, remark, place))
        return output

    def origins(self, value: str, trace: tuple[Span, ...]) -> list[Label]:
        """Where a value's shape was made, as seen from the calls of `trace`, and where the names in it come from."""
        made, shape = self.places[value], self.shapes[value]
        inside = len(made.trace) > len(trace)  # a block that was called from here: the call is what a reader sees
        span = made.trace[len(trace)] if inside else made.attributes.get("shape", made.element)
        return [Label(span, f"gives {format_shape(shape or ())}", primary=False), *self._declarations(made)]

    def _declarations(self, place: Place) -> list[Label]:
        """Where the names are declared that stand for an attribute's number: `S` of `S=S`."""
        values = (re.fullmatch(r"\w+=([A-Za-z_]\w*)", span.text) for span in place.attributes.values())
        names = [match[1] for match in values if match]
        spans = dict.fromkeys(self.declared[name] for name in names if name in self.declared)
        return [Label(span, "", primary=False) for span in spans if place.trace]

    def _block_of(self, call: Span) -> list[Label]:
        """The block that a call names."""
        declared = self.declared.get(call.text.partition(" ")[0])
        return [Label(declared, "in this block", primary=False)] if declared else []

    def network(self, outputs: tuple[str, ...]) -> Network:
        return Network(
            self.name,
            self.description,
            tuple(self.inputs),
            tuple(self.nodes),
            outputs,
            tuple(self.heads),
            self.scopes,
            self.training,
        )


def _diagnostic(
    name: str, said: LayerError | LayerNote, place: Place, notes: Sequence[str] = (), origins: Sequence[Label] = ()
) -> Diagnostic:
    """A layer's refusal or remark at the attributes that it is about, or at its word if they are not written."""
    spans = sorted({place.attributes[field] for field in said.attributes if field in place.attributes}, key=_start)
    labels = [Label(span) for span in spans or [place.word]]
    labels[-1] = Label(labels[-1].span, said.arithmetic)
    fact = f"`{name}` {said.fact}"
    return make_diagnostic(said.code, fact, *labels, *origins, notes=notes, trace=place.trace, node=name)


def _start(span: Span) -> int:
    return span.start
