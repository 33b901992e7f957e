"""Format text in columns, and a network as the table in a paper: a row per layer, with its formula and numbers."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from textwrap import fill

from specnet.analyses.cost import format_count
from specnet.compiler import Checked
from specnet.graph import Node
from specnet.layers.base import format_shape
from specnet.printable import escape_unprintable
from specnet.printer.values import format_layer
from specnet.records import Record
from specnet.reporters.terminal import BOLD, DIM, paint

GAP = "  "

HEADINGS = ("name", "layer", "output", "(N − F + 2P)/S + 1", "parameters", "MACs")

NUMBERS = {4, 5}
"""Columns that are flush right."""

DISPENSABLE = (5, 3)
"""Columns that are left out on a narrow terminal, in this order."""

MOST_BEFORE_ERROR = 40
"""The largest number of rows of a broken network: those up to the error."""


def align_rows(rows: Iterable[Sequence[str]], right: Collection[int] = ()) -> list[str]:
    """Return a line for each row, with cells as wide as their columns; those of `right` are flush right.

    What a terminal would obey is escaped in each cell.
    """
    table = [[*map(escape_unprintable, row)] for row in rows]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    return [
        GAP.join(
            cell.rjust(width) if column in right else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in table
    ]


def align_definitions(definitions: Mapping[str, str], width: int) -> list[str]:
    """Return words and their meanings in two columns; the meanings are wrapped at `width` characters."""
    indent = max(map(len, definitions), default=0) + len(GAP)
    return [
        fill(f"{word:{indent}}{meaning}", width, subsequent_indent=" " * indent)
        for word, meaning in definitions.items()
    ]


class Row(Record):
    """The cells of a row and its style; a layer that changes no shape and learns nothing is dim."""

    cells: tuple[str, ...]
    style: str = ""


def format_table(checked: Checked, width: int | None = None, colour: bool = False) -> str:
    """Format the table of a network; with a `width` in characters, columns are left out until it fits."""
    total = Row(("total", "", "", "", f"{checked.totals.parameters:,}", format_count(checked.totals.macs)), BOLD)
    rows = [Row(HEADINGS, BOLD), *make_rows(checked), *([total] if checked.ok else [])]
    columns = _choose_columns(rows, width)
    lines = _align(rows, columns)
    rule = paint("─" * max(map(len, lines)), DIM, colour)
    first, *others = [paint(line, row.style, colour and bool(row.style)) for line, row in zip(lines, rows, strict=True)]
    if checked.ok:
        others.insert(-1, rule)
    description = escape_unprintable(checked.network.description)
    title = f"{paint(checked.network.name or 'network', BOLD, colour)}  {description}"
    return "\n".join((title.rstrip(), "", first, rule, *others))


def _choose_columns(rows: Sequence[Row], width: int | None) -> list[int]:
    """Return the columns that fit."""
    columns = [*range(len(HEADINGS))]
    for column in DISPENSABLE:
        if width is not None and max(map(len, _align(rows, columns))) > width:
            columns.remove(column)
    return columns


def _align(rows: Sequence[Row], columns: Sequence[int]) -> list[str]:
    right = [place for place, column in enumerate(columns) if column in NUMBERS]
    return align_rows(([row.cells[column] for column in columns] for row in rows), right)


def make_rows(checked: Checked) -> Iterable[Row]:
    """Yield a row for each input and each layer; of a broken network, those up to the error."""
    for i in checked.network.inputs:
        yield Row((i.name, "input", format_shape(i.shape) or "?", "", "", ""))
    nodes = checked.network.nodes
    first_broken = next((i for i, node in enumerate(nodes) if node.output is None), len(nodes))
    shown = nodes if checked.ok else nodes[: first_broken + 2]
    left_out = 0 if checked.ok else max(0, len(shown) - MOST_BEFORE_ERROR)
    if left_out:
        yield Row((f"… {left_out:,} before", "", "", "", "", ""), DIM)
    for node in shown[left_out:]:
        yield _make_row(checked, node)
    if len(nodes) > len(shown):
        yield Row((f"… {len(nodes) - len(shown):,} more", "", "?", "", "", ""), DIM)


def _make_row(checked: Checked, node: Node) -> Row:
    word = format_layer(node.layer) if node.layer else node.kind
    inputs = checked.network.input_shapes(node)
    if node.output is None or node.layer is None or inputs is None:
        return Row((node.name, word, "?", "", "", ""), DIM)
    if node.shares and node.layer.parameters(inputs):
        word += f"  (weights of {node.shares})"
    cost = checked.costs[node.name]
    numbers = (f"{cost.parameters:,}" if cost.parameters else "", "" if cost.macs == 0 else format_count(cost.macs))
    is_dim = node.layer.preserves_shape and not cost.parameters
    return Row(
        (node.name, word, format_shape(node.output), node.layer.formula(inputs), *numbers), DIM if is_dim else ""
    )
