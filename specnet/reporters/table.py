"""Format text in columns."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from textwrap import fill

from specnet.printable import escape_unprintable

GAP = "  "


def align_rows(rows: Iterable[Sequence[str]], right: Collection[int] = ()) -> list[str]:
    """Return a line for each row, with cells as wide as their columns; those of `right` are flush right.

    What a terminal would obey is escaped in each cell.
    """
    return [GAP.join(row).rstrip() for row in pad_cells(rows, right)]


def pad_cells(rows: Iterable[Sequence[str]], right: Collection[int] = ()) -> list[list[str]]:
    """Return the rows of `align_rows` cell by cell."""
    table = [[*map(escape_unprintable, row)] for row in rows]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    return [
        [
            cell.rjust(width) if column in right else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        for row in table
    ]


def align_definitions(definitions: Mapping[str, str], width: int) -> list[str]:
    """Return words and their meanings in two columns; the meanings are wrapped at `width` characters."""
    indent = max(map(len, definitions), default=0) + len(GAP)
    return [
        fill(f"{word:{indent}}{meaning}", width, subsequent_indent=" " * indent)
        for word, meaning in definitions.items()
    ]
