"""What stands in each box and on each edge, and in which colours."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import graphviz

from specnet.backends.diagram.faults import Faults
from specnet.backends.diagram.figure import Box, Edge, all_scopes
from specnet.backends.diagram.label import bold, side_by_side, small, stack, strip, text
from specnet.backends.diagram.palette import BEHIND, FAMILIES, FAULT, INK, SCOPE, TERMINAL, Colours
from specnet.compiler import Checked
from specnet.graph import Node, Scope
from specnet.layers import layer_class
from specnet.layers.base import show
from specnet.written import written, written_value

Style = dict[str, str]
"""Attributes of a node, an edge or a cluster."""

SHARE = 0.05
"""Of all parameters; what holds less does not say how many it has."""


class Description:
    """Texts and colours of one network's picture."""

    def __init__(self, checked: Checked, wrong: Faults) -> None:
        self.checked, self.wrong = checked, wrong
        self.network = checked.network
        self.scopes = all_scopes(checked.network)

    def title(self) -> str:
        """The network's name, what it is, and its totals; of a broken one, what has no place in the picture."""
        totals = self.checked.totals
        sums = f"{totals.parameters:,} parameters · {totals.macs:,} MACs" if self.checked.ok else ""
        complaints = [small(text(message, 90), FAULT.line) for message in self.wrong.elsewhere[:5]]
        name = small(bold(text(self.network.name or "network")), INK, 18)
        return stack([name, small(text(self.network.description, 90)), small(sums), *complaints])

    def terminal(self, name: str, role: str = "") -> Style:
        """An input, an output or a head."""
        label = side_by_side(small(bold(text(name)), TERMINAL.ink, 11), small(text(role), TERMINAL.ink))
        return _filled(stack([label]), TERMINAL)

    def box(self, box: Box) -> Style:
        if box.folded:
            return self._folded(box, box.folded)
        first, *followers = box.nodes
        label = [
            side_by_side(bold(text(first.name)), text(_written(first), 40)),
            small(text(f"weights of {first.shares}" if first.shares else "")),
            small(text(self._share(box.nodes))),
            self._message(first),
            strip((text(_written(node)), self._colours(node)) for node in followers),
        ]
        return _filled(stack(label), self._colours(first)) | {"tooltip": self._tooltip(box.nodes)}

    def _message(self, node: Node) -> str:
        message = self.wrong.layers.get(node.name, "").removeprefix(f"`{node.name}` ")
        parts = (small(text(part, 44), FAULT.line) for part in message.split(": ", 1))
        return "<BR/>".join(part for part in parts if part)

    def _folded(self, box: Box, scope: Scope) -> Style:
        label = [
            side_by_side(bold(text(box.name)), text(self._called(scope), 40)),
            small(text(self._share(box.nodes))),
        ]
        return _filled(stack(label), SCOPE) | {"tooltip": self._tooltip(box.nodes)}

    def _colours(self, node: Node) -> Colours:
        if node.name in self.wrong.layers:
            return FAULT
        kind = layer_class(node.kind)
        return FAMILIES[kind.family] if kind and node.output is not None else BEHIND

    def _share(self, nodes: Iterable[Node]) -> str:
        """`37.8 M parameters, 61 %` where they are many."""
        parameters = sum(self.checked.costs[node.name].parameters for node in nodes if node.name in self.checked.costs)
        total = self.checked.totals.parameters
        if not self.checked.ok or not total or parameters < SHARE * total:
            return ""
        return f"{rounded(parameters)} parameters, {100 * parameters / total:.0f} %"

    def _tooltip(self, nodes: Iterable[Node]) -> str:
        return graphviz.escape("\n".join(f"{node.name}: {_written(node)}" for node in nodes))

    def edge(self, value: str, target: str = "", is_first: bool = True) -> Style:
        shape = self.network.shapes[value]
        size = show(shape) if shape else "?"
        claim = self.wrong.claims.get(value, "").replace("x", "×")
        said = f"{size}, not {claim} as claimed" if claim else size
        if claim or target in self.wrong.layers:
            return {"label": f" {said} ", "color": FAULT.line, "fontcolor": FAULT.line, "penwidth": "2"}
        style = {"label": f" {said} "} if is_first else {}
        return style if shape else style | {"color": BEHIND.line, "fontcolor": BEHIND.line}

    def scope(self, name: str) -> Style:
        label = side_by_side(small(bold(text(name))), small(text(self._called(self.scopes[name]), 60)))
        colours = {"fillcolor": SCOPE.fill, "color": SCOPE.line}
        return {"label": stack([label]), "style": "rounded,filled", "labeljust": "l", "margin": "10", **colours}

    def _called(self, scope: Scope) -> str:
        return " ".join([scope.word, *(f"{key}={_value(value)}" for key, value in scope.values)])


def _value(value: object) -> str:
    return written_value(value) if isinstance(value, int | float | str) else "…"


def _written(node: Node) -> str:
    return written(node.layer) if node.layer else node.kind


def rounded(number: int) -> str:
    """3.2 k, 37.8 M."""
    for size, unit in ((10**9, "G"), (10**6, "M"), (10**3, "k")):
        if number >= size:
            return f"{number / size:.3g} {unit}"
    return str(number)


def _filled(label: str, colours: Colours) -> Style:
    return {"label": label, "fillcolor": colours.fill, "color": colours.line, "fontcolor": colours.ink}
