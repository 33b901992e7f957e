"""A checked network as a table: its rows, the chosen columns, and the text of both."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from specnet.compiler import Checked
from specnet.graph import Network, Node, once_per_layer
from specnet.printable import escape_unprintable
from specnet.printer.values import format_layer, format_node
from specnet.records import Record
from specnet.reporters.table import align_rows
from specnet.reporters.table_columns import (
    LAYER_COLUMNS,
    Blocks,
    ByteCount,
    Cell,
    Figure,
    Heading,
    Measures,
    Row,
    Seconds,
    select_columns,
)
from specnet.reporters.terminal import BOLD, DIM, paint

if TYPE_CHECKING:
    pass

DISPENSABLE = ("macs", "formula")
"""Columns that are left out on a narrow terminal, in this order."""

MOST_BEFORE_ERROR = 40
"""The largest number of rows of a broken network: those up to the error."""


class Table(Record):
    """The columns, rows and cells of a table; a broken network has no `total`."""

    columns: Sequence[Heading]
    rows: Sequence[Row]
    cells: Sequence[Sequence[Cell]]
    total: Sequence[Cell] | None

    @property
    def headings(self) -> list[str]:
        return [column.heading for column in self.columns]

    @property
    def numbers(self) -> list[int]:
        """The places of the columns that are flush right."""
        return [place for place, column in enumerate(self.columns) if column.is_number]

    @property
    def shown(self) -> list[Sequence[Cell]]:
        """The cells that people see, those of the total last: a 0 is blank, except in the total."""
        rows: list[Sequence[Cell]] = [["" if _is_zero(cell) else cell for cell in cells] for cells in self.cells]
        return [*rows, self.total] if self.total else rows

    @property
    def texts(self) -> list[list[str]]:
        """The cells that people see as text."""
        return [[*map(format_cell, cells)] for cells in self.shown]


def _is_zero(cell: Cell) -> bool:
    """Whether a count is 0, which people do not need to see."""
    return (
        cell == 0
        if isinstance(cell, int)
        else isinstance(cell, ByteCount | Seconds) and cell in (ByteCount(0), Seconds(0))
    )


def make_table(
    checked: Checked,
    names: Iterable[str] = LAYER_COLUMNS,
    rows: Iterable[Row] | None = None,
    measures: Measures | None = None,
) -> Table:
    """Return the table of a network with the columns of these names, and a row per layer unless others are given."""
    columns, measures = select_columns(names), measures or Measures(checked)
    listed = [*(list_until_error(checked) if rows is None else rows)]
    cells = [[column.cell(measures, row) for column in columns] for row in listed]
    total = [column.total(measures) for column in columns] if checked.has_sound_network else None
    return Table(columns, listed, cells, total)


def format_cell(cell: Cell) -> str:
    """Return a cell as text: 1,480; 55×55×96; [3×3, 64; 3×3, 64] ×2; ? for what is unknown."""
    match cell:
        case None:
            return "?"
        case int():
            return f"{cell:,}"
        case str() | Blocks() | ByteCount() | Seconds() | Figure():
            return str(cell)
        case _:
            return "×".join(map(format_size, cell))


def format_size(size: float) -> str:
    """Return a number of pixels, with at most three digits behind the point: 55; 7.5."""
    return f"{round(size, 3):g}" if size % 1 else f"{int(size)}"


def format_table(checked: Checked, table: Table, width: int | None = None, colour: bool = False) -> str:
    """Format a table with its network's title; with a `width` in characters, columns are left out until it fits."""
    description = escape_unprintable(checked.network.description)
    title = f"{paint(checked.network.name or 'network', BOLD, colour)}  {description}"
    return f"{title.rstrip()}\n\n{format_rows(table, width, colour)}"


def format_rows(table: Table, width: int | None = None, colour: bool = False) -> str:
    """Format a table without a title."""
    texts = [table.headings, *table.texts]
    styles = [BOLD, *(row.style for row in table.rows), *([BOLD] if table.total else [])]
    lines = _fit(table, texts, width)
    rule = paint("─" * max(map(len, lines)), DIM, colour)
    first, *others = [paint(line, style, colour and bool(style)) for line, style in zip(lines, styles, strict=True)]
    if table.total:
        others.insert(-1, rule)
    return "\n".join((first, rule, *others))


def _fit(table: Table, texts: Sequence[Sequence[str]], width: int | None) -> list[str]:
    """Return the lines of a table, without its dispensable columns as far as it is too wide."""
    names = [column.name for column in table.columns]
    left_out = set[str]()
    for name in (*DISPENSABLE, ""):
        kept = [place for place, each in enumerate(names) if each not in left_out]
        right = [place for place, column in enumerate(kept) if column in table.numbers]
        lines = align_rows(([cells[column] for column in kept] for cells in texts), right)
        if width is None or max(map(len, lines)) <= width:
            break
        left_out.add(name)
    return lines


def list_layers(checked: Checked) -> Iterator[Row]:
    """Yield a row for each input and each layer."""
    yield from list_inputs(checked.network)
    yield from _make_rows(checked, checked.network.nodes)


def list_until_error(checked: Checked) -> Iterator[Row]:
    """Yield the rows of all layers; of a broken network, those up to the error."""
    yield from list_inputs(checked.network)
    nodes = checked.network.nodes
    first_broken = next((i for i, node in enumerate(nodes) if node.output is None), len(nodes))
    shown = nodes if checked.has_sound_network else nodes[: first_broken + 2]
    left_out = 0 if checked.has_sound_network else max(0, len(shown) - MOST_BEFORE_ERROR)
    if left_out:
        yield Row(f"… {left_out:,} before", "", "", style=DIM)
    yield from _make_rows(checked, shown[left_out:])
    if len(nodes) > len(shown):
        yield Row(f"… {len(nodes) - len(shown):,} more", "", None, style=DIM)


def list_inputs(network: Network) -> Iterator[Row]:
    """Yield a row for each input."""
    return (Row(i.name, "input", i.shape or None) for i in network.inputs)


def _make_rows(checked: Checked, nodes: Iterable[Node]) -> Iterator[Row]:
    words = once_per_layer(lambda layer, _: format_layer(layer))
    return (
        _make_row(checked, node, words(node.layer, ()) if node.layer and not node.like else format_node(node))
        for node in nodes
    )


def _make_row(checked: Checked, node: Node, word: str) -> Row:
    inputs = checked.network.input_shapes(node)
    if node.output is None or node.layer is None or inputs is None:
        return Row(node.name, word, None, style=DIM)
    if node.shares and node.layer.parameters(inputs):
        word += f"  (weights of {node.shares})"
    if node.layer.asks_torch:
        word += "  (shape by torch)"
    is_dim = node.layer.preserves_shape and not checked.costs[node.name].parameters
    return Row(node.name, word, node.output, (node,), DIM if is_dim else "")
