"""Text in columns, two spaces apart."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from textwrap import fill

GAP = "  "


def align_rows(rows: Iterable[Sequence[str]], right: Collection[int] = ()) -> list[str]:
    """Return a line for each row, with cells as wide as their columns; those of `right` are flush right."""
    table = [*rows]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    return [
        GAP.join(
            cell.rjust(width) if column in right else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in table
    ]


def align_definitions(definitions: Mapping[str, str], width: int) -> list[str]:
    """Return words and what they mean in two columns, the meaning wrapped where lines would be wider than `width`."""
    indent = max(map(len, definitions), default=0) + len(GAP)
    return [
        fill(f"{word:{indent}}{meaning}", width, subsequent_indent=" " * indent)
        for word, meaning in definitions.items()
    ]
