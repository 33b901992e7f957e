"""The text in a diagram, as Graphviz's HTML-like labels; everything from the spec is escaped here."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from html import escape
from math import ceil
from textwrap import wrap

from specnet.backends.diagram.palette import QUIET, Colours

LONGEST = 400
"""Characters of a text that are shown, at most."""

ABREAST = 5
"""Small boxes side by side, at most."""

SPACE = "&#160;"


def printable(plain: str) -> str:
    """The text with spaces for what is unprintable, cut where it is too long."""
    shown = "".join(sign if sign.isprintable() else " " for sign in plain[:LONGEST])
    return f"{shown}…" if len(plain) > LONGEST else shown


def rounded(plain: str) -> str:
    """The text with long fractions rounded: drop_path 0.00588."""
    return re.sub(r"\d+\.\d{4,}", lambda number: f"{float(number[0]):.3g}", plain)


def text(plain: str) -> str:
    """One line of text. A backslash stands apart: Graphviz would take it and a G for the graph's name even here."""
    return escape(printable(plain)).replace("\\", "<FONT>&#92;</FONT>")


def lines(plain: str, width: int) -> str:
    """Text in lines of at most `width` characters."""
    return "<BR/>".join(text(line) for line in wrap(printable(plain), width))


def bold(markup: str) -> str:
    return f"<B>{markup}</B>" if markup else ""


def small(markup: str, colour: str = QUIET, size: int = 10) -> str:
    return f'<FONT POINT-SIZE="{size}" COLOR="{colour}">{markup}</FONT>' if markup else ""


def side_by_side(*markup: str) -> str:
    return (SPACE * 2).join(each for each in markup if each)


def strips(cells: Iterable[tuple[str, Colours]]) -> Iterator[str]:
    """Rows of small coloured boxes, each as wide as the box they stand in."""
    inside = [_cell(markup, colours) for markup, colours in cells]
    abreast = ceil(len(inside) / ceil(len(inside) / ABREAST)) if inside else 1
    for start in range(0, len(inside), abreast):
        row = "".join(inside[start : start + abreast])
        yield f'<TABLE BORDER="0" CELLSPACING="3" CELLPADDING="1"><TR>{row}</TR></TABLE>'


def _cell(markup: str, colours: Colours) -> str:
    inside = small(f"{SPACE}{markup}{SPACE}", colours.ink)
    return f'<TD BORDER="1" STYLE="ROUNDED" BGCOLOR="{colours.fill}" COLOR="{colours.line}">{inside}</TD>'


def stack(rows: Iterable[str], align: str = "CENTER") -> str:
    """Rows one below the other, as a whole label; the empty ones are left out."""
    inside = "".join(f'<TR><TD ALIGN="{align}" BALIGN="{align}">{each}</TD></TR>' for each in rows if each)
    return f'<<TABLE BORDER="0" CELLSPACING="0" CELLPADDING="1">{inside}</TABLE>>'
