"""Graphviz's HTML-like labels; all text of the spec is escaped here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from html import escape
from math import ceil
from textwrap import wrap

from specnet.backends.diagram.palette import Colours
from specnet.layers.base import Shape, format_shape
from specnet.printable import replace_unprintable

LONGEST = 400
"""The largest number of characters of a text."""

TITLE = 60
"""The largest number of characters of the name of a box."""

ABREAST = 5
"""The largest number of small boxes in a row."""

EMPTY_COLUMNS = 10
"""The number of empty columns on each side of a table that is centred."""

SPACE = "&#160;"


def make_printable(plain: str) -> str:
    """Replace unprintable characters by spaces and cut a text that is too long."""
    shown = replace_unprintable(plain[:LONGEST])
    return f"{shown}…" if len(plain) > LONGEST else shown


def format_size(shape: Shape | None) -> str:
    """Return a shape as text, `?` if it is unknown."""
    return format_shape(shape) if shape else "?"


def escape_text(plain: str) -> str:
    """Return a line of text as markup. A backslash is in a tag, as Graphviz would read `\\G` as the graph's name."""
    return escape(make_printable(plain)).replace("\\", "<FONT>&#92;</FONT>")


def wrap_lines(plain: str, width: int) -> list[str]:
    """Return text as lines of at most `width` characters; no brace stands alone, as in `act={ silu }`."""
    return wrap(make_printable(plain).replace("{ ", "{\N{NO-BREAK SPACE}").replace(" }", "\N{NO-BREAK SPACE}}"), width)


def wrap_text(plain: str, width: int) -> str:
    """Return text as lines of at most `width` characters, as markup."""
    return "<BR/>".join(escape_text(line) for line in wrap_lines(plain, width))


def wrap_evenly(plain: str, width: int) -> str:
    """Return text as lines of at most `width` characters and of about the same length."""
    lines = ceil(len(make_printable(plain)) / width) or 1
    return wrap_text(plain, min(width, ceil(len(make_printable(plain)) / lines) + 8))


def shorten_text(plain: str) -> str:
    """Return a line of text as markup, without the middle of one that is too long for a title."""
    shown = make_printable(plain)
    return escape_text(shown if len(shown) <= TITLE else f"{shown[: TITLE // 2]}…{shown[-TITLE // 2 :]}")


def bold(markup: str) -> str:
    """Return markup in bold; "" for none."""
    return f"<B>{markup}</B>" if markup else ""


def small(markup: str, colour: str, size: int = 10) -> str:
    """Return markup in a colour and a size in points; "" for none."""
    return f'<FONT POINT-SIZE="{size}" COLOR="{colour}">{markup}</FONT>' if markup else ""


def join_side_by_side(*markup: str) -> str:
    """Return one line of all markup that is not empty."""
    return (SPACE * 2).join(each for each in markup if each)


def make_strips(cells: Iterable[tuple[str, Colours, str]]) -> Iterator[str]:
    """Yield rows of small boxes with text, colours and perhaps a swatch; each row is as wide as the box around it."""
    inside = [_make_cell(*cell) for cell in cells]
    abreast = ceil(len(inside) / ceil(len(inside) / ABREAST)) if inside else 1
    for start in range(0, len(inside), abreast):
        row = "".join(inside[start : start + abreast])
        yield f'<TABLE BORDER="0" CELLSPACING="3" CELLPADDING="1"><TR>{row}</TR></TABLE>'


def _make_cell(markup: str, colours: Colours, swatch: str) -> str:
    inside = small(f"{SPACE}{markup}{SPACE}", colours.ink)
    if swatch:
        table = '<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="1">'
        inside = centre(f"{table}<TR>{swatch}<TD>{inside}</TD></TR></TABLE>")
    return f'<TD BORDER="1" STYLE="ROUNDED" BGCOLOR="{colours.fill}" COLOR="{colours.line}">{inside}</TD>'


def centre(table: str) -> str:
    """Return a table that keeps its width: where there is more room, all columns grow alike, which are empty ones."""
    sides = "<TD></TD>" * EMPTY_COLUMNS
    row = f"<TR>{sides}<TD>{table}</TD>{sides}</TR>"
    return f'<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="0">{row}</TABLE>'


def stack_rows(rows: Iterable[str], align: str = "CENTER", space: int = 0) -> str:
    """Return a label of rows one below the other, with some points of space to the right; empty rows are left out."""
    beside = f'<TD WIDTH="{space}"></TD>' if space else ""
    inside = "".join(f'<TR><TD ALIGN="{align}" BALIGN="{align}">{each}</TD>{beside}</TR>' for each in rows if each)
    return f'<<TABLE BORDER="0" CELLSPACING="0" CELLPADDING="1">{inside}</TABLE>>'
