"""What stands in a box, and in which colours: a layer and its followers, or a folded scope and a census of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import graphviz

from specnet.backends.diagram.faults import Faults
from specnet.backends.diagram.figure import Box
from specnet.backends.diagram.label import bold, lines, printable, rounded, side_by_side, small, stack, strips, text
from specnet.backends.diagram.palette import BEHIND, FAMILIES, FAULT, FOLDED, Colours, Style
from specnet.backends.diagram.scopes import Scopes, short
from specnet.backends.diagram.values import size
from specnet.compiler import Checked
from specnet.graph import Node
from specnet.layers import layer_class
from specnet.printer.values import format_layer

SHARE = 0.1
"""Of all parameters; what holds less does not say how many it has."""

WIDEST = 44
"""Characters of a line in a box."""

MOST_MESSAGES = 6
"""Lines about what is wrong."""

MOST_HOVERED = 30
"""Layers that are named where the mouse hovers over a box."""


@dataclass(frozen=True)
class Boxes:
    """The boxes of one network's picture."""

    checked: Checked
    scopes: Scopes
    wrong: Faults

    def style(self, box: Box, scope: str) -> Style:
        """Name and what is format_layer; the parameters where they are many; what is wrong; what else is in the box."""
        colours = self._worst(box) if box.is_folded else self._colours(box.nodes[0])
        rows = [
            self._heading(box, scope),
            small(text(self._share(box.nodes))),
            small(text(self._shared(box))),
            *islice(self._messages(box), MOST_MESSAGES),
            *strips(self._census(box) if box.is_folded else self._followers(box)),
        ]
        return {"label": stack(rows), "tooltip": self._tooltip(box.nodes), **colours.style()}

    def _heading(self, box: Box, scope: str) -> str:
        what = self.scopes.called(box.name) if box.is_folded else _written(box.nodes[0])
        return side_by_side(bold(text(short(box.name, scope))), lines(what, WIDEST))

    def _followers(self, box: Box) -> Iterator[tuple[str, Colours]]:
        return ((text(_written(node)), self._colours(node)) for node in box.nodes[1:])

    def _census(self, box: Box) -> Iterator[tuple[str, Colours]]:
        """How many layers of each kind a folded scope holds."""
        for (kind, colours), count in Counter((node.kind, self._colours(node)) for node in box.nodes).items():
            yield text(f"{count} {kind}" if count > 1 else kind), colours

    def _colours(self, node: Node) -> Colours:
        if node.name in self.wrong.layers:
            return FAULT
        kind = layer_class(node.kind)
        return FAMILIES[kind.family] if kind and node.output is not None else BEHIND

    def _worst(self, box: Box) -> Colours:
        """Of a folded scope: at fault or behind an error, if something in it is."""
        inside = [self._colours(node) for node in box.nodes]
        return next((colours for colours in (FAULT, BEHIND) if colours in inside), FOLDED)

    def _messages(self, box: Box) -> Iterator[str]:
        """What is wrong, without the name that the box has already; a formula keeps a line to itself."""
        for node in box.nodes:
            message = self.wrong.layers.get(node.name, "").removeprefix(f"`{box.name}` ")
            yield from (small(lines(part, WIDEST), FAULT.line) for part in message.split(": ", 1))

    def _share(self, nodes: Iterable[Node]) -> str:
        """`37.8 M parameters, 61 %` where they are many."""
        parameters = sum(self.checked.costs[node.name].parameters for node in nodes if node.name in self.checked.costs)
        total = self.checked.totals.parameters
        if not self.checked.ok or not total or parameters < SHARE * total:
            return ""
        return f"{_amount(parameters)} parameters, {100 * parameters / total:.0f} %"

    def _shared(self, box: Box) -> str:
        """Whose weights the layer uses, if it has any."""
        first = self.checked.costs.get(box.nodes[0].shares or "")
        return f"weights of {box.nodes[0].shares}" if first and first.parameters and not box.is_folded else ""

    def _tooltip(self, nodes: Sequence[Node]) -> str:
        hovered = [f"{node.name}: {_written(node)} → {size(node.output)}" for node in nodes[:MOST_HOVERED]]
        more = [f"and {len(nodes) - MOST_HOVERED:,} more"] if len(nodes) > MOST_HOVERED else []
        return str(graphviz.escape("\n".join(printable(line) for line in (*hovered, *more))))


def _written(node: Node) -> str:
    return rounded(format_layer(node.layer)) if node.layer else node.kind


def _amount(number: int) -> str:
    """37.8 M"""
    for unit_size, unit in ((10**9, "G"), (10**6, "M"), (10**3, "k")):
        if number >= unit_size:
            return f"{number / unit_size:.3g} {unit}"
    return str(number)
