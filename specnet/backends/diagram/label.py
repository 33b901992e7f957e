"""The text in a diagram, as Graphviz's HTML-like labels; everything from the spec is escaped here."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from textwrap import wrap

from specnet.backends.diagram.palette import QUIET, Colours

LONGEST = 400
"""Characters of a text that are shown, at most."""

SPACE = "&#160;"


def printable(plain: str) -> str:
    """The text with spaces for what is unprintable, cut where it is too long."""
    shown = "".join(sign if sign.isprintable() else " " for sign in plain[:LONGEST])
    return f"{shown}…" if len(plain) > LONGEST else shown


def text(plain: str) -> str:
    """One line of text."""
    return escape(printable(plain))


def lines(plain: str, width: int) -> str:
    """Text in lines of at most `width` characters."""
    return "<BR/>".join(text(line) for line in wrap(printable(plain), width))


def bold(markup: str) -> str:
    return f"<B>{markup}</B>" if markup else ""


def small(markup: str, colour: str = QUIET, size: int = 10) -> str:
    return f'<FONT POINT-SIZE="{size}" COLOR="{colour}">{markup}</FONT>' if markup else ""


def side_by_side(*markup: str) -> str:
    return (SPACE * 2).join(each for each in markup if each)


def strip(cells: Iterable[tuple[str, Colours]]) -> str:
    """Small coloured boxes side by side, together as wide as the box they stand in."""
    inside = "".join(_cell(small(f"{SPACE}{markup}{SPACE}", colours.ink), colours) for markup, colours in cells)
    return f'<TABLE BORDER="0" CELLSPACING="3" CELLPADDING="1"><TR>{inside}</TR></TABLE>' if inside else ""


def _cell(markup: str, colours: Colours) -> str:
    return f'<TD BORDER="1" STYLE="ROUNDED" BGCOLOR="{colours.fill}" COLOR="{colours.line}">{markup}</TD>'


def stack(rows: Iterable[str], align: str = "CENTER") -> str:
    """Rows one below the other, as a whole label; the empty ones are left out."""
    inside = "".join(f'<TR><TD ALIGN="{align}" BALIGN="{align}">{each}</TD></TR>' for each in rows if each)
    return f'<<TABLE BORDER="0" CELLSPACING="0" CELLPADDING="1">{inside}</TABLE>>'
