"""Tables of networks for papers and programs: Markdown, LaTeX and CSV."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Mapping, Sequence

from specnet.printable import escape_unprintable
from specnet.records import Record
from specnet.reporters.network_table import Table, format_cell
from specnet.reporters.table import pad_cells
from specnet.reporters.table_columns import Blocks, ByteCount, Cell, Figure, Seconds, Stack

MARKDOWN_SIGNS = re.compile(r"[\\|*`<>~]|(?<!\w)_|_(?!\w)")
"""The signs that mean something in a cell; an underscore within a word does not."""

LATEX_SIGNS = {
    **{sign: f"\\{sign}" for sign in "#$%&_{}"},
    "\\": r"\textbackslash{}",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": "$<$",
    ">": "$>$",
    "|": "$|$",
    "[": "{[}",  # at the beginning of a row it would be an argument of the \\ before it, and so would an asterisk
    "*": "{*}",
    "×": r"$\times$",
    "−": "$-$",
    "·": r"$\cdot$",
    "→": r"$\to$",
    "…": r"\dots{}",
}


class NamedTable(Record):
    """The table of a network, with its file and its title."""

    file: str
    title: str
    table: Table


def format_markdown(tables: Sequence[NamedTable]) -> str:
    """Return tables of GitHub's Markdown, each below its title if there are several."""
    if len(tables) == 1:
        return _format_markdown(tables[0].table)
    return "\n\n".join(f"**{_escape_markdown(each.title)}**\n\n{_format_markdown(each.table)}" for each in tables)


def _format_markdown(table: Table) -> str:
    rows = [[*map(_escape_markdown, cells)] for cells in (table.headings, *table.texts)]
    widths = [max(3, *map(len, column)) for column in zip(*rows, strict=True)]
    rule = ["-" * (widths[i] - 1) + "-:"[column.is_number] for i, column in enumerate(table.columns)]
    lines = pad_cells((rows[0], rule, *rows[1:]), table.numbers)
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _escape_markdown(text: str) -> str:
    return MARKDOWN_SIGNS.sub(lambda sign: f"\\{sign[0]}", escape_unprintable(text))


def format_latex(tables: Sequence[NamedTable]) -> str:
    """Return for each table a `tabular` with the rules of the package booktabs, below a comment with its title."""
    return "\n\n".join(f"% {escape_unprintable(each.title)}\n{_format_latex(each.table)}" for each in tables)


def _format_latex(table: Table) -> str:
    columns = "".join("r" if column.is_number else "l" for column in table.columns)
    rows = [*map(_format_latex_row, table.shown)]
    if table.total:
        rows.insert(-1, "\\midrule")
    return "\n".join(
        (
            f"\\begin{{tabular}}{{{columns}}} % needs \\usepackage{{booktabs}}",
            "\\toprule",
            _format_latex_row(table.headings),
            "\\midrule",
            *rows,
            "\\bottomrule",
            "\\end{tabular}",
        )
    )


def _format_latex_row(cells: Sequence[Cell]) -> str:
    """Return a row; building blocks, which are several lines high, are followed by a space."""
    space = " \\addlinespace" if any(isinstance(cell, Blocks) for cell in cells) else ""
    return f"{' & '.join(map(_format_latex_cell, cells))} \\\\{space}"


def _format_latex_cell(cell: Cell) -> str:
    return ", ".join(map(_format_stack, cell.stacks)) if isinstance(cell, Blocks) else escape_latex(format_cell(cell))


def _format_stack(stack: Stack) -> str:
    """Return a building block as an array in brackets, one layer below the other."""
    layers = " \\\\ ".join(f"\\mbox{{{escape_latex(layer)}}}" for layer in stack.layers)
    times = f" \\times {stack.repetitions}" if stack.repetitions > 1 else ""
    return f"$\\left[\\begin{{array}}{{l}} {layers} \\end{{array}}\\right]{times}$"


def escape_latex(text: str) -> str:
    """Return a text that LaTeX sets as it is."""
    return "".join(LATEX_SIGNS.get(sign, sign) for sign in escape_unprintable(text))


def format_csv(tables: Sequence[NamedTable]) -> str:
    """Return one table without totals, whose first column is the file if there are several.

    Numbers have no separators, sizes are written as in a spec (55x55x96), and what is unknown is left out. Cells are
    quoted as RFC 4180 says.
    """
    is_several, text = len(tables) > 1, io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*["file"] * is_several, *(column.name for column in tables[0].table.columns)])
    for each in tables:
        first = [each.file] * is_several
        writer.writerows([*first, *map(_format_csv_cell, cells)] for cells in each.table.cells)
    return text.getvalue().rstrip("\n")


def _format_csv_cell(cell: Cell) -> str:
    if isinstance(cell, tuple):
        return format_cell(cell).replace("×", "x")
    if isinstance(cell, ByteCount):
        return str(cell.count)
    if isinstance(cell, Seconds):
        return f"{cell.seconds:.6g}"
    if isinstance(cell, Figure):
        return "" if cell.value is None else f"{cell.value:.6g}" if isinstance(cell.value, float) else str(cell.value)
    return "" if cell is None else str(cell) if isinstance(cell, int) else format_cell(cell)


FORMATS: Mapping[str, Callable[[Sequence[NamedTable]], str]] = {
    "markdown": format_markdown,
    "latex": format_latex,
    "csv": format_csv,
}
"""The formats by their names."""
