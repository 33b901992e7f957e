"""What was recognised where a spec cannot be read: the fact, and the text as it should be."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cached_property
from itertools import accumulate

from specnet.syntax.reading import Change, Fault
from specnet.syntax.statements import line_around

HIDDEN = "\0"
"""Stands for each character of a text in quotes or a comment; no spec can have it."""


@dataclass(frozen=True)
class Place:
    """A text, where reading it stopped, and where the statement begins that holds the fault."""

    text: str
    statement: int
    fault: Fault

    @cached_property
    def code(self) -> str:
        """The text with comments and texts in quotes hidden."""
        return hidden(self.text)

    @cached_property
    def line(self) -> tuple[int, int]:
        """Where the line of the fault begins and ends."""
        return line_around(self.text, self.fault.start)

    @property
    def token(self) -> str:
        return self.text[self.fault.start : self.fault.end]


@dataclass(frozen=True)
class Habit:
    """A way of writing that is not SpecNet's. All places are characters of the text that was read."""

    message: str
    start: int
    end: int
    """What the message points at."""
    changes: tuple[Change, ...] = ()
    """How the text should be; none where that cannot be told."""
    meant: str = ""
    """What is changed, as it should be."""
    title: str = ""
    """What is offered, if that is not `meant`."""
    is_safe: bool = False
    """No other change comes into question."""
    is_assumed: bool = False
    """What follows is read as if the changes were made."""
    region: tuple[int, int] | None = None
    """What cannot be read, if that is not the line with those that continue it."""


def hidden(text: str) -> str:
    """The text with what stands in double quotes and comments hidden, in the same places."""
    return re.sub(r'"[^"\n]*"|#[^\n]*', lambda found: HIDDEN * len(found[0]), text)


TOKEN = re.compile(r"\w+|\s+|.", re.DOTALL)


def changes_to(old: str, new: str, start: int) -> tuple[Change, ...]:
    """The changes that make `new` of `old`, which begins at `start`, token by token: what stays keeps its place."""
    before, after = TOKEN.findall(old), TOKEN.findall(new)
    places = [start, *(start + end for end in accumulate(map(len, before)))]
    matches = SequenceMatcher(None, before, after, autojunk=False).get_opcodes()
    return tuple(
        (places[first], places[last], "".join(after[begin:end]))
        for kind, first, last, begin, end in matches
        if kind != "equal"
    )
