"""The legend of a picture: the families and states of its boxes, or the scale of its heat."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from specnet.backends.diagram.html_labels import SPACE, centre, escape_text, small
from specnet.backends.diagram.model import Box, Diagram, Part, State
from specnet.backends.diagram.palette import Colours
from specnet.backends.diagram.patterns import make_swatch
from specnet.backends.diagram.ranges import format_share
from specnet.backends.diagram.themes import Theme
from specnet.layers.base import Family

ABREAST = 4
"""The largest number of entries in a row."""

STEPS = 12
"""The number of colours of the scale."""

WORDS = {
    State.FAULT: "error",
    State.BEHIND: "behind an error",
    State.ADDED: "+ added",
    State.REMOVED: "− removed",
    State.CHANGED: "~ changed",
}


@dataclass(frozen=True)
class Entry:
    """What a colour stands for: a family, or None for a state."""

    word: str
    colours: Colours
    family: Family | None = None


def list_legend(diagram: Diagram, theme: Theme) -> Iterator[str]:
    """Yield the rows of the legend."""
    if diagram.heat:
        yield centre(_make_scale(diagram, theme))
    if entries := [_make_entry(each, theme) for each in list_entries(diagram, theme)]:
        yield centre(_make_grid(entries))


def _make_grid(entries: list[str]) -> str:
    """Return entries in rows of equal length."""
    abreast = min(ABREAST, len(entries))
    filled = entries + ["<TD></TD><TD></TD>"] * (-len(entries) % abreast)
    rows = ("".join(filled[start : start + abreast]) for start in range(0, len(filled), abreast))
    inside = "".join(f"<TR>{row}</TR>" for row in rows)
    return f'<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="1" CELLPADDING="1">{inside}</TABLE>'


def list_entries(diagram: Diagram, theme: Theme) -> Iterator[Entry]:
    """Yield the families of the boxes, unless heat colours them, and the states that there are."""
    shown: list[Box | Part] = [*diagram.boxes.values(), *(part for box in diagram.boxes.values() for part in box.parts)]
    sound = {each.family for each in shown if each.state is State.SOUND and each.family}
    for family in (each for each in Family if each in sound and not diagram.heat):
        yield Entry(family.value, theme.families[family], family)
    states = {each.state for each in shown}
    for state, word in WORDS.items():
        if state in states:
            yield Entry(word, theme.states[state])


def _make_entry(entry: Entry, theme: Theme) -> str:
    swatch = make_swatch(entry.family) if entry.family and theme.has_patterns else _make_colour(entry.colours)
    return swatch + _make_text(entry.word, theme)


def _make_colour(colours: Colours) -> str:
    return (
        f'<TD FIXEDSIZE="TRUE" WIDTH="12" HEIGHT="10" BORDER="1" BGCOLOR="{colours.fill}" COLOR="{colours.line}"></TD>'
    )


def _make_text(word: str, theme: Theme) -> str:
    return f'<TD ALIGN="LEFT">{small(f"{escape_text(word)}{SPACE * 2}", theme.quiet)}</TD>'


def _make_scale(diagram: Diagram, theme: Theme) -> str:
    """Return the scale of heat, whose colours grow with the root of the share, from nothing to the largest share."""
    colours = (theme.mix_heat(step / (STEPS - 1)).fill for step in range(STEPS))
    cells = "".join(f'<TD WIDTH="12" HEIGHT="10" BGCOLOR="{fill}"></TD>' for fill in colours)
    label = small(f"{escape_text(diagram.heat)}{SPACE * 2}", theme.quiet)
    ticks = "".join(
        f'<TD COLSPAN="{STEPS // 3}"{side}>{small(escape_text(text), theme.quiet)}</TD>'
        for side, text in zip((' ALIGN="LEFT"', "", ' ALIGN="RIGHT"'), _list_ticks(diagram), strict=True)
    )
    return (
        '<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="0">'
        f"<TR><TD>{label}</TD>{cells}</TR><TR><TD></TD>{ticks}</TR></TABLE>"
    )


def _list_ticks(diagram: Diagram) -> tuple[str, str, str]:
    """Return what the left end, the middle and the right end of the scale stand for; the middle is a quarter."""
    if any(box.share and box.share.part is None for box in diagram.boxes.values()):
        return "0", SPACE, "the largest"
    return "0", format_share(diagram.largest_share / 4), format_share(diagram.largest_share)
