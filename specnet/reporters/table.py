"""The checked network as the table in a paper: a row a layer, with the formula of its size and its numbers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from specnet.compiler import Checked
from specnet.graph import Node
from specnet.layers.base import format_shape
from specnet.printer.values import format_layer
from specnet.reporters import BOLD, DIM, painted

HEADINGS = ("name", "layer", "output", "(N − F + 2P)/S + 1", "parameters", "MACs")
TO_THE_RIGHT = {4, 5}
LEAVE_OUT = (5, 3)
"""Columns that a narrow terminal does without, first to go first."""


MOST_BEFORE_ERROR = 40
"""Rows that are shown of a broken network, at most: those up to the error."""


@dataclass(frozen=True)
class Row:
    """The cells of a row, and whether it is set back: it changes no shape and learns nothing."""

    cells: tuple[str, ...]
    style: str = ""


def table(checked: Checked, width: int | None = None, colour: bool = False) -> str:
    """The table as text; with a `width`, columns are left out until it fits."""
    rows = [Row(HEADINGS, BOLD), *_rows(checked)]
    total = Row(("total", "", "", "", f"{checked.totals.parameters:,}", f"{checked.totals.macs:,}"), BOLD)
    columns = list(range(len(HEADINGS)))
    widths = [max(len(row.cells[i]) for row in (*rows, total)) for i in columns]
    for column in LEAVE_OUT:
        if width is not None and sum(widths[i] + 2 for i in columns) - 2 > width:
            columns.remove(column)
    rule = painted("─" * (sum(widths[i] + 2 for i in columns) - 2), DIM, colour)
    lines = [_line(row, columns, widths, colour) for row in rows]
    title = " ".join((painted(checked.network.name or "network", BOLD, colour), f" {checked.network.description}"))
    end = [rule, _line(total, columns, widths, colour)] if checked.ok else []
    return "\n".join((title.rstrip(), "", lines[0], rule, *lines[1:], *end))


def _line(row: Row, columns: Sequence[int], widths: Sequence[int], colour: bool) -> str:
    cells = (row.cells[i].rjust(widths[i]) if i in TO_THE_RIGHT else row.cells[i].ljust(widths[i]) for i in columns)
    return painted("  ".join(cells).rstrip(), row.style, colour and bool(row.style))


def _rows(checked: Checked) -> Iterable[Row]:
    for i in checked.network.inputs:
        yield Row((i.name, "input", format_shape(i.shape) or "?", "", "", ""))
    nodes = checked.network.nodes
    first_broken = next((i for i, node in enumerate(nodes) if node.output is None), len(nodes))
    shown = nodes if checked.ok else nodes[: first_broken + 2]
    left_out = 0 if checked.ok else max(0, len(shown) - MOST_BEFORE_ERROR)
    if left_out:
        yield Row((f"… {left_out:,} before", "", "", "", "", ""), DIM)
    for node in shown[left_out:]:
        yield _row(checked, node)
    if len(nodes) > len(shown):
        yield Row((f"… {len(nodes) - len(shown):,} more", "", "?", "", "", ""), DIM)


def _row(checked: Checked, node: Node) -> Row:
    word = format_layer(node.layer) if node.layer else node.kind
    arriving = checked.network.input_shapes(node)
    if node.output is None or node.layer is None or arriving is None:
        return Row((node.name, word, "?", "", "", ""), DIM)
    if node.shares and node.layer.parameters(arriving):
        word += f"  (weights of {node.shares})"
    cost = checked.costs[node.name]
    numbers = (f"{cost.parameters:,}" if cost.parameters else "", f"{cost.macs:,}" if cost.macs else "")
    is_quiet = node.layer.preserves_shape and not cost.parameters
    return Row(
        (node.name, word, format_shape(node.output), node.layer.formula(arriving), *numbers), DIM if is_quiet else ""
    )
