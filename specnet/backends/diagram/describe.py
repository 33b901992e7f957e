"""What stands in each box and on each edge, and in which colours."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import graphviz

from specnet.backends.diagram.faults import Faults
from specnet.backends.diagram.figure import Box, Edge, all_scopes
from specnet.backends.diagram.label import bold, pill, row, small, stack, text
from specnet.backends.diagram.palette import BEHIND, FAMILIES, FAULT, SCOPE, TERMINAL, WHITE, Colours
from specnet.compiler import Checked
from specnet.graph import Head, Input, Node, Scope
from specnet.layers import layer_class
from specnet.layers.base import show
from specnet.written import written, written_value

Style = Mapping[str, str]
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
        name = small(bold(text(self.network.name or "network")), size=18)
        return stack([name, small(text(self.network.description, 90)), small(sums), *complaints])

    def input(self, given: Input) -> Style:
        return self._end(given.name, "input" if given.name != "input" else "")

    def output(self) -> Style:
        return self._end("output", "")

    def head(self, head: Head) -> Style:
        return self._end(head.name, f"head, weight {head.weight:g}")

    def _end(self, name: str, role: str) -> Style:
        label = stack([row([small(bold(text(name)), WHITE, 11), *([small(role, WHITE)] if role else [])])])
        return _filled(label, TERMINAL)

    def box(self, box: Box) -> Style:
        if box.folded:
            return self._folded(box, box.folded)
        first, *followers = box.nodes
        colours = self._colours(first)
        share = small(self._share(box.nodes))
        pills = row([*(pill(text(_written(node)), self._colours(node)) for node in followers), *([share] if share else [])])
        shares = f"weights of {first.shares}" if first.shares else ""
        heading = row([bold(text(first.name)), text(_written(first), 40)])
        message = small(text(self.wrong.layers.get(first.name, ""), 44), FAULT.line)
        label = stack([heading, small(shares) if shares else "", pills if box.nodes[1:] or self._share(box.nodes) else "", message])
        return _filled(label, colours) | {"tooltip": self._tooltip(box.nodes)}

    def _folded(self, box: Box, scope: Scope) -> Style:
        return {}

    def _colours(self, node: Node) -> Colours:
        if node.name in self.wrong.layers:
            return FAULT
        kind = layer_class(node.kind)
        return FAMILIES[kind.family] if kind and node.output is not None else BEHIND

    def _share(self, nodes: Iterable[Node]) -> str:
        """`37,752,832 parameters, 60.5 %` where they are many."""
        parameters = sum(self.checked.costs[node.name].parameters for node in nodes if node.name in self.checked.costs)
        total = self.checked.totals.parameters
        if not total or parameters < SHARE * total:
            return ""
        return f"{rounded(parameters)} parameters, {parameters / total:.0%}"

    def _tooltip(self, nodes: Iterable[Node]) -> str:
        lines = [f"{node.name}: {_written(node)}" for node in nodes]
        return graphviz.escape("\n".join(lines))

    def edge(self, edge: Edge, is_first: bool) -> Style:
        shape = self.network.shapes[edge.value]
        size = show(shape) if shape else "?"
        style = {"label": f" {size} "} if is_first else {}
        if edge.value in self.wrong.claims:
            style["label"] = f" {size}, not {self.wrong.claims[edge.value].replace('x', '×')} as claimed "
        at_fault = edge.value in self.wrong.claims or edge.target in self.wrong.layers
        if at_fault:
            style = {"label": f" {size} "} | style | {"color": FAULT.line, "fontcolor": FAULT.line, "penwidth": "2"}
        elif not shape:
            style |= {"color": BEHIND.line, "fontcolor": BEHIND.line}
        return style

    def scope(self, name: str) -> Style:
        scope = self.scopes[name]
        called = " ".join([scope.word, *(f"{key}={_value(value)}" for key, value in scope.values)])
        label = stack([row([small(bold(text(name))), small(text(called, 60))])])
        return {"label": label, "style": "rounded,filled", "fillcolor": SCOPE.fill, "color": SCOPE.line, "labeljust": "l", "margin": "10"}


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


def _filled(label: str, colours: Colours) -> dict[str, str]:
    return {"label": label, "fillcolor": colours.fill, "color": colours.line}
