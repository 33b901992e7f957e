"""Build the network node by node; each node has its shape, or None if it is unknown, once it is added."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from specnet.diagnostics import Diagnostic, DiagnosticLog, Label, make_diagnostic
from specnet.graph import Head, Input, ModuleScope, Network, Node, find_shape_origin
from specnet.layers.base import Layer, LayerError, LayerNote, Shape, format_shape
from specnet.records import Record
from specnet.source import Span
from specnet.syntax.limits import MAX_ERRORS, MAX_NODES, MAX_STEPS, LimitExceeded

if TYPE_CHECKING:
    from specnet.settings import Training


MOST_ORIGINS = 12
"""The places that are shown beside an error for the shapes of a layer's inputs."""

STEP_LENGTH = 100
"""The characters of a line or element that count as one more step."""


class Place(Record):
    """Where a node was written: its whole element, its word, its attributes, and the calls that lead there."""

    element: Span
    word: Span
    attributes: Mapping[str, Span] = field(default_factory=dict)
    trace: tuple[Span, ...] = ()


class Claim(Record):
    """`=> SHAPE`, the line that it ends, and the shape of that line if it is known, given the claims above."""

    shape: Shape
    span: Span
    line: Span
    actual: Shape | None


Restates = Callable[[Span], bool]
"""A function that says whether the claim at a place is restated, rather than an error, if it does not hold."""


def compare_every_claim(claim: Span) -> bool:
    """Restate no claim."""
    return False


class Expectation(Record):
    """`expect QUANTITY COMPARISON VALUE`."""

    quantity: str
    comparison: str
    value: float
    quantity_span: Span
    value_span: Span


class ShapeUses:
    """The shapes on which the network itself depends, so that it may be another one for another input.

    `sizes` are those that expressions read as H, W or C: the value, and which of its sizes. `pairs` are the values of
    which `identity or { … }` asks whether their shapes are equal.
    """

    def __init__(self) -> None:
        self.sizes, self.pairs = set[tuple[str, int]](), set[tuple[str, str]]()

    def update(self, other: ShapeUses, rename: Callable[[str], str] = str) -> None:
        """Add other uses, with other names of their values."""
        self.sizes.update((rename(value), place) for value, place in other.sizes)
        self.pairs.update((rename(one), rename(two)) for one, two in other.pairs)


@dataclass(eq=False, repr=False)
class GraphBuilder:
    """The nodes added so far, their shapes, and the side table of where each one was written."""

    log: DiagnosticLog = field(default_factory=DiagnosticLog)
    name: str = ""
    description: str = ""
    inputs: list[Input] = field(default_factory=list)
    nodes: list[Node] = field(default_factory=list)
    by_name: dict[str, Node] = field(default_factory=dict)
    shape_origins: dict[str, str] = field(default_factory=dict)
    """The value that each node has its shape from."""
    heads: list[Head] = field(default_factory=list)
    scopes: dict[str, ModuleScope] = field(default_factory=dict)
    training: Training | None = None
    shapes: dict[str, Shape | None] = field(default_factory=dict)
    """The shapes that checking continues with: after an error, those that lines claim."""
    broken: set[str] = field(default_factory=set)
    """The nodes at an error or behind one."""
    places: dict[str, Place] = field(default_factory=dict)
    claims: dict[str, Claim] = field(default_factory=dict)
    """The claims by the name of the value at the end of the line."""
    restates: Restates = compare_every_claim
    restated: dict[str, Claim] = field(default_factory=dict)
    """The claims that do not hold and are restated."""
    shape_uses: ShapeUses = field(default_factory=ShapeUses)
    carried: set[str] = field(default_factory=set)
    """The values that a loop carries, which count as read although no layer may read those of its last turn."""
    expectations: list[Expectation] = field(default_factory=list)
    setting_spans: dict[str, Span] = field(default_factory=dict)
    """The lines of the `train` section, and the section itself as `train`."""
    step_spans: dict[str, list[Span]] = field(default_factory=dict)
    """The steps of each line of the `train` section."""
    lacks_blocks: bool = False
    """Whether a block or a file of blocks could not be read, so that unknown words may name blocks."""
    has_gaps: bool = False
    """Whether a line could not be read, so that it is unknown whether an input is missing."""
    without_input: Place | None = None
    """The first layer above every `input`."""
    steps: int = 0
    compared: int = 0
    """The letters of names that were compared with misspelt ones so far."""

    def count_step(self, span: Span, weight: int = 0) -> None:
        """Count one more line or element, longer ones as several; raises LimitExceeded."""
        self.steps += 1 + weight + (span.end - span.start) // STEP_LENGTH
        if len(self.nodes) >= MAX_NODES:
            raise LimitExceeded(f"the network has more than {MAX_NODES:,} layers", span)
        if self.steps > MAX_STEPS:
            message = f"the network has more than {MAX_STEPS:,} elements when its repetitions are written out"
            raise LimitExceeded(message, span)
        self.end_after_many_errors(span)

    def end_after_many_errors(self, span: Span) -> None:
        """End the check at a place if there are very many errors above it; raises LimitExceeded."""
        if self.log.errors > MAX_ERRORS:
            raise LimitExceeded(f"the check ends here, after more than {MAX_ERRORS:,} errors", span)

    def add_input(self, name: str, shape: Shape | None, place: Place) -> str:
        """Add an input; returns its name."""
        self.inputs.append(Input(name, shape or ()))
        self.shapes[name] = shape
        self.places[name] = place
        if shape is None:
            self.broken.add(name)
        return name

    def add_node(
        self,
        name: str,
        kind: str,
        layer: Layer | None,
        inputs: Sequence[str | None],
        place: Place,
        shares: str | None = None,
    ) -> str:
        """Add a node and report the errors and notes of its layer; returns its name."""
        if not self.inputs and not self.without_input:
            self.without_input = place
        known = tuple(value for value in inputs if value is not None)
        shapes = tuple(shape for shape in (self.shapes[value] for value in known) if shape)
        output = (
            self._compute_output(name, layer, known, shapes, place) if layer and len(shapes) == len(inputs) else None
        )
        is_broken = output is None or bool(self.broken.intersection(known))
        if is_broken:
            self.broken.add(name)
        self.add_known_node(Node(name, kind, layer, known, None if is_broken else output, shares), output, place)
        return name

    def add_known_node(self, node: Node, shape: Shape | None, place: Place) -> None:
        """Add a node whose layer is checked; the check continues with its `shape`."""
        name = node.name
        self.nodes.append(node)
        self.by_name[name] = node
        self.shapes[name] = shape
        self.places[name] = place
        self.shape_origins[name] = find_shape_origin(node, self.shape_origins)

    def mark_broken(self, first: int) -> None:
        """Mark the nodes from number `first` on as being at an error: their shapes become unknown."""
        for number, node in enumerate(self.nodes[first:], first):
            self.nodes[number] = self.by_name[node.name] = replace(node, output=None)
            self.shapes[node.name] = None
            self.broken.add(node.name)

    def _compute_output(
        self, name: str, layer: Layer, inputs: tuple[str, ...], shapes: tuple[Shape, ...], place: Place
    ) -> Shape | None:
        try:
            output = layer.output(shapes)
        except LayerError as error:
            shown = inputs if error.arms is None else [inputs[arm] for arm in error.arms]
            origins = [label for value in shown for label in self._label_origins(value, place.trace)]
            origins = [*{label.span: label for label in origins}.values()][:MOST_ORIGINS]
            origins += self._label_declarations(place)
            self.log.add(_make_layer_diagnostic(name, error, place, error.notes, origins))
            return None
        for note in layer.notes(shapes):
            self.log.add(_make_layer_diagnostic(name, note, place))
        return output

    def _label_origins(self, value: str, trace: tuple[Span, ...]) -> list[Label]:
        """Return labels for the origin of a value's shape, as seen from `trace`, and for the names used there."""
        made, shape = self.places[value], self.shapes[value]
        is_inside = len(made.trace) > len(trace)  # in a block that is called from here: the reader sees the call
        span = made.trace[len(trace)] if is_inside else made.attributes.get("shape", made.element)
        return [Label(span, f"gives {format_shape(shape or ())}", primary=False), *self._label_declarations(made)]

    def _label_declarations(self, place: Place) -> list[Label]:
        """Return labels for the declarations of the names that are values of attributes: `S` of `S=S`."""
        values = (re.fullmatch(r"\w+=([A-Za-z_]\w*)", span.text) for span in place.attributes.values())
        names = [match[1] for match in values if match]
        spans = dict.fromkeys(self.log.declared[name] for name in names if name in self.log.declared)
        return [Label(span, "", primary=False) for span in spans if place.trace]

    def finish(self, outputs: tuple[str, ...]) -> Network:
        """Return the network of all that was added."""
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


def _make_layer_diagnostic(
    name: str, found: LayerError | LayerNote, place: Place, notes: Sequence[str] = (), origins: Sequence[Label] = ()
) -> Diagnostic:
    """Return a layer's error or note, at the attributes that it is about or, if they are not written, at its word."""
    spans = {place.attributes[field] for field in found.attributes if field in place.attributes}
    labels = [Label(span) for span in sorted(spans, key=lambda span: span.start) or [place.word]]
    labels[-1] = Label(labels[-1].span, found.arithmetic)
    fact = f"`{name}` {found.fact}"
    return make_diagnostic(found.code, fact, *labels, *origins, notes=notes, trace=place.trace, node=name)
