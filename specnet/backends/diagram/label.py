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
    return f"<B>{markup}</B>" if markup else ""


def side_by_side(*markup: str) -> str:
    return "&#160;&#160;".join(each for each in markup if each)


def small(markup: str, colour: str = QUIET, size: int = 10) -> str:
    return f'<FONT POINT-SIZE="{size}" COLOR="{colour}">{markup}</FONT>' if markup else ""


def strip(cells: Iterable[tuple[str, Colours]]) -> str:
    """Small coloured boxes side by side, together as wide as the box they stand in."""
    inside = "".join(
        f'<TD BORDER="1" STYLE="ROUNDED" BGCOLOR="{colours.fill}" COLOR="{colours.line}">{small(f"&#160;{markup}&#160;", colours.ink)}</TD>'
        for markup, colours in cells
    )
    return f'<TABLE BORDER="0" CELLSPACING="3" CELLPADDING="1"><TR>{inside}</TR></TABLE>' if inside else ""


def stack(rows: Iterable[str]) -> str:
    """Rows one below the other, as a whole label; the empty ones are left out."""
    inside = "".join(f"<TR><TD>{each}</TD></TR>" for each in rows if each)
    return f'<<TABLE BORDER="0" CELLSPACING="0" CELLPADDING="1">{inside}</TABLE>>'
