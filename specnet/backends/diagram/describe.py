"""What stands in each box and on each edge, and in which colours."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

import graphviz

from specnet.backends.diagram.faults import Faults
from specnet.backends.diagram.figure import Box
from specnet.backends.diagram.label import SPACE, bold, lines, printable, side_by_side, small, stack, strip, text
from specnet.backends.diagram.palette import BEHIND, CLUSTER, FAMILIES, FAULT, FOLDED, INK, SCOPE, TERMINAL, Colours
from specnet.backends.diagram.scopes import Scopes
from specnet.compiler import Checked
from specnet.graph import Node
from specnet.layers import layer_class
from specnet.layers.base import Shape, show
from specnet.written import written

Style = dict[str, str]
"""Attributes of a node, an edge or a cluster."""

SHARE = 0.1
"""Of all parameters; what holds less does not say how many it has."""

MOST_COMPLAINTS = 5
MOST_HOVERED = 30
"""Messages in the title, and layers named where the mouse hovers over a box, at most."""


class Description:
    """Texts and colours of one network's picture."""

    def __init__(self, checked: Checked, scopes: Scopes, wrong: Faults) -> None:
        self.checked, self.scopes, self.wrong = checked, scopes, wrong
        self.network = checked.network

    def title(self) -> str:
        """The network's name, what it is, and its totals; of a broken one, what has no place in the picture."""
        totals = self.checked.totals
        sums = f"{totals.parameters:,} parameters · {totals.macs:,} MACs" if self.checked.ok else ""
        name = small(bold(text(self.network.name or "network")), INK, 18)
        complaints = (small(lines(message, 90), FAULT.line) for message in self.wrong.elsewhere[:MOST_COMPLAINTS])
        gap = small(SPACE, size=4)
        return stack([name, small(lines(self.network.description, 90)), small(text(sums)), *complaints, gap])

    def terminal(self, name: str, role: str, value: str) -> Style:
        """Where a value comes in or goes out."""
        colours = TERMINAL if self.network.shapes[value] else BEHIND
        label = side_by_side(small(bold(text(name)), colours.ink, 11), small(text(role), colours.ink))
        return _filled(stack([label]), colours)

    def box(self, box: Box) -> Style:
        """What the box stands for and, below that, what else is in it."""
        if box.is_folded:
            name, what, colours, below = box.name, self.scopes.called(box.name), self._worst(box), self._census(box)
        else:
            first = box.nodes[0]
            name, what, colours, below = self.scopes.short(box.name), _written(first), self._colours(first), self._tail(box)
        heading = side_by_side(bold(text(name)), lines(what, 44))
        label = [heading, small(text(self._share(box.nodes))), *self._messages(box.nodes), strip(below)]
        return _filled(stack(label), colours) | {"tooltip": self._tooltip(box.nodes)}

    def _tail(self, box: Box) -> Iterator[tuple[str, Colours]]:
        """The layers that follow the first one."""
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

    def _messages(self, nodes: Iterable[Node]) -> Iterator[str]:
        """What is wrong, without the name of the box that says it; a formula keeps a line to itself."""
        for node in nodes:
            message = self.wrong.layers.get(node.name, "").removeprefix(f"`{node.name}` ")
            yield from (small(lines(part, 44), FAULT.line) for part in message.split(": ", 1))

    def _share(self, nodes: Iterable[Node]) -> str:
        """`37.8 M parameters, 61 %` where they are many."""
        parameters = sum(self.checked.costs[node.name].parameters for node in nodes if node.name in self.checked.costs)
        total = self.checked.totals.parameters
        if not self.checked.ok or not total or parameters < SHARE * total:
            return ""
        return f"{_rounded(parameters)} parameters, {100 * parameters / total:.0f} %"

    def _tooltip(self, nodes: Sequence[Node]) -> str:
        hovered = [f"{node.name}: {_written(node)} → {_size(node.output)}" for node in nodes[:MOST_HOVERED]]
        more = [f"and {len(nodes) - MOST_HOVERED:,} more"] if len(nodes) > MOST_HOVERED else []
        return str(graphviz.escape("\n".join(printable(line) for line in (*hovered, *more))))

    def edge(self, value: str, target: str = "", is_first: bool = True) -> Style:
        """A value's size, where it is read first; an edge at an error is red, and always has its size."""
        shape = self.network.shapes[value]
        size = _size(shape)
        if value in self.wrong.claims:
            size += f", not {self.wrong.claims[value].replace('x', '×')} as claimed"
        elif target not in self.wrong.layers or not shape:
            style = {"label": f" {size} "} if is_first else {}
            return style if shape else style | {"color": BEHIND.line, "fontcolor": BEHIND.ink}
        return {"label": f" {size} ", "color": FAULT.line, "fontcolor": FAULT.line, "penwidth": "2"}

    def gap(self) -> Style:
        """What should stand here is unknown."""
        return {"label": " ? ", "color": FAULT.line, "fontcolor": FAULT.line, "style": "dashed"}

    def scope(self, name: str) -> Style:
        """Its name above what it was written as, so narrow that the edge into its middle passes beside."""
        rows = [small(SPACE, size=3), small(bold(text(name))), small(lines(self.scopes.called(name), 30))]
        return {"label": stack(rows, "LEFT"), "fillcolor": SCOPE.fill, "color": SCOPE.line, **CLUSTER}


def _written(node: Node) -> str:
    """The layer as it is written, and whose weights it uses if they are not its own."""
    layer = written(node.layer) if node.layer else node.kind
    return f"{layer}, weights of {node.shares}" if node.shares else layer


def _size(shape: Shape | None) -> str:
    return show(shape) if shape else "?"


def _rounded(number: int) -> str:
    """37.8 M"""
    for size, unit in ((10**9, "G"), (10**6, "M"), (10**3, "k")):
        if number >= size:
            return f"{number / size:.3g} {unit}"
    return str(number)


def _filled(label: str, colours: Colours) -> Style:
    return {"label": label, "fillcolor": colours.fill, "color": colours.line, "fontcolor": colours.ink}
