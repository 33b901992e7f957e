"""A candidate for a fix: its edits, their words, and how much they change what was written."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from specnet.diagnostics import Edit, Fix
from specnet.layers.base import Layer, Shape

SUBJECT = r"(?<![\w.@=]){}(?![\w.=:])"
"""A call of a word, which is no key, label, tap or value."""

ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
"""The words that tell apart what is written several times on one line; later ones are left apart by their changes."""


@dataclass(frozen=True)
class Change:
    """One edit, with the words before and after it, and the name of what it changes ("" for none)."""

    before: str
    after: str
    subject: str
    edit: Edit

    @property
    def words(self) -> str:
        """The change itself: `P=0 → P=1`, or `ceil` for a word that stands for no other."""
        return f"{self.before} → {self.after}" if self.before else self.after

    @property
    def place(self) -> str:
        """The subject and its line: `in conv2, line 6`, `in the third conv, line 10`."""
        line = f"line {self.edit.span.line}"
        return f"in {self._ordinal}{self.subject}, {line}" if self.subject else line

    @property
    def _ordinal(self) -> str:
        """Which of the subjects of this name on the line is meant; "" if there is only one."""
        span = self.edit.span
        line, start = span.source.line(span.line).partition("#")[0], span.column - 1
        found = [word.start() for word in re.finditer(SUBJECT.format(re.escape(self.subject)), line)]
        which = sum(at < start for at in found)
        return f"the {ORDINALS[which - 1]} " if len(found) > 1 and 0 < which <= len(ORDINALS) else ""


@dataclass(frozen=True)
class Candidate:
    """Changes that may mend an error; those with a smaller `cost` are tried and offered first."""

    changes: tuple[Change, ...]
    cost: float
    layers: Mapping[str, Layer] = field(default_factory=dict)
    """The layers that the changes give, by node, as far as they are known."""
    inputs: Mapping[str, Shape] = field(default_factory=dict)
    """The same of inputs."""
    contradictions: int = 0
    """The layers that would refuse their inputs, and the claims that would be wrong."""

    @property
    def edits(self) -> tuple[Edit, ...]:
        return tuple(dict.fromkeys(change.edit for change in self.changes))

    @property
    def fix(self) -> Fix:
        """The fix, entitled `P=0 → P=1 in conv2, line 6`."""
        return Fix(describe_changes(self.changes), self.edits)


def describe_changes(changes: Sequence[Change]) -> str:
    """Return the title of a fix: `OP=0 → OP=1 in deconv1, line 5, and in deconv2, line 6`."""
    once = {change.edit.span: change for change in changes}.values()
    groups = [(words, list(same)) for words, same in groupby(once, lambda change: change.words)]
    return "; ".join(f"{words}{' ' if same[0].subject else ', '}{_join_places(same)}" for words, same in groups)


def _join_places(changes: Sequence[Change]) -> str:
    *others, last = dict.fromkeys(change.place for change in changes)
    return f"{', '.join(others)}, and {last}" if others else last
