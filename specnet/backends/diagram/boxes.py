"""Fill the boxes of a diagram: their content, their colours, and the errors of a broken network."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

import graphviz

from specnet.backends.diagram.folding import Box, shorten_name
from specnet.backends.diagram.html_labels import (
    bold,
    escape_text,
    format_size,
    join_side_by_side,
    make_printable,
    make_strips,
    small,
    stack_rows,
    wrap_text,
)
from specnet.backends.diagram.palette import BEHIND, FAMILIES, FAULT, FOLDED, Colours, Style
from specnet.compiler import Checked
from specnet.diagnostics import Code, Diagnostic
from specnet.graph import Node
from specnet.layers import get_layer_class
from specnet.layers.base import LayerError, format_shape
from specnet.printer.scopes import Scopes, round_fractions
from specnet.printer.values import format_layer
from specnet.source import Span

SHARE = 0.1
"""The share of all parameters from which a box shows the number of its own."""

WIDEST = 44
"""The largest number of characters of a line in a box."""

MOST_ERROR_LINES = 6
"""The largest number of lines about errors in a box."""

MOST_HOVERED = 30
"""The largest number of layers in the tooltip of a box."""


@dataclass
class ErrorPlaces:
    """The errors of a network by the layers and values that they are about."""

    layers: dict[str, str] = field(default_factory=dict)
    """The message by the layer's name; empty where another call of the same block has it."""
    claims: dict[str, str] = field(default_factory=dict)
    """The claimed shape by the name of the value that has another one."""
    elsewhere: list[str] = field(default_factory=list)
    """Messages about no layer of the network, such as an unknown word or a line that cannot be read."""


def locate_errors(checked: Checked) -> ErrorPlaces:
    """Return the places of all errors."""
    places = ErrorPlaces()
    for error in checked.errors:
        name = error.node or _find_innermost_node(checked, error)
        if name is None:
            places.elsewhere.append(f"line {error.span.line}: {error.message}" if error.span else error.message)
        elif error.code is Code.E401:
            places.claims[name] = format_shape(checked.elaborated.claims[name].shape)
        else:
            places.layers.setdefault(name, error.message)
    for node in checked.network.nodes:
        if node.name not in places.layers and _rejects_inputs(checked, node, places):
            places.layers[node.name] = ""
    return places


def _find_innermost_node(checked: Checked, error: Diagnostic) -> str | None:
    """Return the innermost layer or input that holds an error, as a join holds its arms."""
    lengths = {
        name: place.element.end - place.element.start
        for name, place in checked.elaborated.places.items()
        if error.span and place.trace == error.trace and _contains(place.element, error.span)
    }
    return min(lengths, key=lengths.__getitem__, default=None)


def _contains(outer: Span, inner: Span) -> bool:
    return outer.source is inner.source and outer.start <= inner.start and inner.end <= outer.end


def _rejects_inputs(checked: Checked, node: Node, places: ErrorPlaces) -> bool:
    """Return whether a layer cannot take its inputs, even if the message is about another call of the same block."""
    inputs = checked.network.input_shapes(node)
    if node.output is not None or not inputs or not all(inputs) or places.claims.keys() & set(node.inputs):
        return False
    try:
        return node.layer is None or not node.layer.output(inputs)
    except LayerError:
        return True


@dataclass(frozen=True)
class Boxes:
    """The boxes of one diagram."""

    checked: Checked
    scopes: Scopes
    errors: ErrorPlaces

    def style(self, box: Box, scope: str) -> Style:
        """Return the attributes of a box: name, layer, parameters if they are many, errors, other layers in it."""
        colours = self._choose_colours(box) if box.is_folded else self._colours(box.nodes[0])
        rows = [
            self._heading(box, scope),
            small(escape_text(self._format_share(box.nodes))),
            small(escape_text(self._format_shared(box))),
            *islice(self._messages(box), MOST_ERROR_LINES),
            *make_strips(self._count_kinds(box) if box.is_folded else self._others(box)),
        ]
        return {"label": stack_rows(rows), "tooltip": self._tooltip(box.nodes), **colours.style()}

    def _heading(self, box: Box, scope: str) -> str:
        what = self.scopes.format_call(box.name) if box.is_folded else _format_node(box.nodes[0])
        return join_side_by_side(bold(escape_text(shorten_name(box.name, scope))), wrap_text(what, WIDEST))

    def _others(self, box: Box) -> Iterator[tuple[str, Colours]]:
        return ((escape_text(_format_node(node)), self._colours(node)) for node in box.nodes[1:])

    def _count_kinds(self, box: Box) -> Iterator[tuple[str, Colours]]:
        """Yield the number of layers of each kind in a folded scope."""
        for (kind, colours), count in Counter((node.kind, self._colours(node)) for node in box.nodes).items():
            yield escape_text(f"{count} {kind}" if count > 1 else kind), colours

    def _colours(self, node: Node) -> Colours:
        if node.name in self.errors.layers:
            return FAULT
        kind = get_layer_class(node.kind)
        return FAMILIES[kind.family] if kind and node.output is not None else BEHIND

    def _choose_colours(self, box: Box) -> Colours:
        """Return the colours of a folded scope: those of an error in it, or of layers after one."""
        inside = [self._colours(node) for node in box.nodes]
        return next((colours for colours in (FAULT, BEHIND) if colours in inside), FOLDED)

    def _messages(self, box: Box) -> Iterator[str]:
        """Yield the messages without the name that the box already shows; a formula has a line of its own."""
        for node in box.nodes:
            message = self.errors.layers.get(node.name, "").removeprefix(f"`{box.name}` ")
            yield from (small(wrap_text(part, WIDEST), FAULT.line) for part in message.split(": ", 1))

    def _format_share(self, nodes: Iterable[Node]) -> str:
        """Return `37.8 M parameters, 61 %` where they are many."""
        parameters = sum(self.checked.costs[node.name].parameters for node in nodes if node.name in self.checked.costs)
        total = self.checked.totals.parameters
        if not self.checked.ok or not total or parameters < SHARE * total:
            return ""
        return f"{_format_amount(parameters)} parameters, {100 * parameters / total:.0f} %"

    def _format_shared(self, box: Box) -> str:
        """Return whose weights the layer uses, if they are another's."""
        first = self.checked.costs.get(box.nodes[0].shares or "")
        return f"weights of {box.nodes[0].shares}" if first and first.parameters and not box.is_folded else ""

    def _tooltip(self, nodes: Sequence[Node]) -> str:
        hovered = [f"{node.name}: {_format_node(node)} → {format_size(node.output)}" for node in nodes[:MOST_HOVERED]]
        more = [f"and {len(nodes) - MOST_HOVERED:,} more"] if len(nodes) > MOST_HOVERED else []
        return str(graphviz.escape("\n".join(make_printable(line) for line in (*hovered, *more))))


def _format_node(node: Node) -> str:
    return round_fractions(format_layer(node.layer)) if node.layer else node.kind


def _format_amount(number: int) -> str:
    """Return a number with a unit: `37.8 M`."""
    for unit_size, unit in ((10**9, "G"), (10**6, "M"), (10**3, "k")):
        if number >= unit_size:
            return f"{number / unit_size:.3g} {unit}"
    return str(number)
