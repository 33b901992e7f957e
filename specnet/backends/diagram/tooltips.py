"""What a box tells when it is pointed at: of each layer the size by its formula, the costs, and what it sees."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from specnet.analyses.cost import format_count
from specnet.compiler import Checked
from specnet.graph import Node
from specnet.layers.base import format_shape
from specnet.printer import values
from specnet.printer.scopes import round_fractions
from specnet.reporters.table_columns import Measures

MOST_LAYERS = 30
"""The largest number of layers in a tooltip; from the next number on, each has a single line."""

MOST_IN_DETAIL = 8


class Tooltips:
    """The tooltips of a network's boxes."""

    def __init__(self, checked: Checked) -> None:
        self.measures = Measures(checked)

    def list_lines(self, nodes: Sequence[Node]) -> Iterator[str]:
        """Yield the lines about some layers."""
        for node in nodes[:MOST_LAYERS]:
            yield f"{node.name}: {format_node(node)} → {format_shape(node.output) if node.output else '?'}"
            if len(nodes) <= MOST_IN_DETAIL:
                yield from self._list_details(node)
        if len(nodes) > MOST_LAYERS:
            yield f"and {len(nodes) - MOST_LAYERS:,} more"

    def _list_details(self, node: Node) -> Iterator[str]:
        inputs, cost = self.measures.network.input_shapes(node), self.measures.costs.get(node.name)
        if node.output and node.layer and inputs and (formula := self.measures.formula(node.layer, inputs)):
            yield f"  {formula}"
        if cost and cost.parameters:
            yield f"  {cost.parameters:,} parameters"
        if cost and cost.macs != 0:
            yield f"  {format_count(cost.macs)} MACs"
        if (window := self.measures.windows.get(node.name)) and node.layer and node.layer.slides:
            field = "the whole input" if window.is_global else f"{format_shape(window.size)} pixels"
            yield f"  receptive field: {field}"


def format_node(node: Node) -> str:
    """Return a layer as a spec writes it, with fractions rounded."""
    return round_fractions(values.format_node(node))
