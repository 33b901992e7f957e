"""The text in a diagram, as Graphviz's HTML-like labels; everything from the spec is escaped here."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from textwrap import wrap

from specnet.backends.diagram.palette import QUIET, Colours

LONGEST = 400
"""Characters of a text that are shown, at most."""


def text(value: str, width: int = 0) -> str:
    """Escaped text, broken into lines of `width`; what is unprintable becomes a space."""
    plain = "".join(sign if sign.isprintable() else " " for sign in value[:LONGEST]) + "…" * (len(value) > LONGEST)
    return "<BR/>".join(escape(line) for line in (wrap(plain, width) if width else [plain]))


def bold(markup: str) -> str:
    return f"<B>{markup}</B>"


def small(markup: str, colour: str = QUIET, size: int = 10) -> str:
    return f'<FONT POINT-SIZE="{size}" COLOR="{colour}">{markup}</FONT>'


def pill(markup: str, colours: Colours) -> str:
    """A small coloured box within a box."""
    return (
        f'<TABLE BORDER="1" CELLBORDER="0" CELLSPACING="0" CELLPADDING="2" STYLE="ROUNDED"'
        f' BGCOLOR="{colours.fill}" COLOR="{colours.line}"><TR><TD>{small(markup)}</TD></TR></TABLE>'
    )


def row(cells: Iterable[str], spacing: int = 4) -> str:
    """Cells side by side."""
    inside = "".join(f"<TD>{cell}</TD>" for cell in cells)
    return f'<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="{spacing // 2}"><TR>{inside}</TR></TABLE>'


def stack(rows: Iterable[str], align: str = "CENTER") -> str:
    """Rows one below the other, as a whole label."""
    inside = "".join(f'<TR><TD ALIGN="{align}">{each}</TD></TR>' for each in rows if each)
    return f'<<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="1">{inside}</TABLE>>'
