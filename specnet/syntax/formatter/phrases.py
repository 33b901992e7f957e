"""What a line is made of: a label, phrases joined by arrows, a claim; and a phrase of cells and braces."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, takewhile

WIDTH = 100
"""Characters that a line has at most where it can be broken; claims and comments may stand beyond."""

ARROW = "-> "


@dataclass(frozen=True)
class Cell:
    """A word or value; in a column stand those that have the same key."""

    key: str
    text: str


Cells = tuple[Cell, ...]


@dataclass(frozen=True)
class Sentence:
    """A line of the spec, and where it stands."""

    start: int
    end: int
    label: str
    phrases: tuple[Phrase, ...]
    claim: str

    @cached_property
    def flat(self) -> Cells | None:
        """The cells if all can stand on one line, as between braces."""
        label = [Cell(":", self.label)] if self.label else []
        arrow, claim = Cell(ARROW, ARROW.rstrip()), [Cell("=>", self.claim)] if self.claim else []
        phrases = [part for phrase in self.phrases for part in ((arrow,), phrase.flat)][1:]
        return _joined([label, *phrases, claim])


@dataclass(frozen=True)
class Phrase:
    """An element of a chain, or a line that is no chain."""

    start: int
    end: int
    pieces: tuple[Cell | Braces, ...]

    @property
    def has_braces(self) -> bool:
        return any(isinstance(piece, Braces) for piece in self.pieces)

    @cached_property
    def flat(self) -> Cells | None:
        """The cells if all can stand on one line."""
        return _joined([piece] if isinstance(piece, Cell) else piece.flat for piece in self.pieces)

    @property
    def head(self) -> Cells:
        """The cells before the first brace, and something as wide as that."""
        before = takewhile(lambda piece: isinstance(piece, Cell), self.pieces)
        return (*(piece for piece in before if isinstance(piece, Cell)), Cell("{", "{"))


@dataclass(frozen=True)
class Braces:
    """Lines or arms within braces, and where the braces stand."""

    start: int
    end: int
    is_on_one_line: bool
    lines: tuple[Sentence, ...]
    arms: tuple[tuple[Sentence, ...], ...] = ()

    @cached_property
    def flat(self) -> Cells | None:
        """`{`, the line or the arms, `}`: if they were written on one line, and are not too wide for any."""
        parts = (self.lines, *self.arms)
        if not self.is_on_one_line or any(len(part) > 1 for part in parts):
            return None
        bar = Cell("|", "|")
        inner = [cells for part in parts for cells in ((bar,), part[0].flat if part else ())][1:]
        cells = _joined([(Cell("{", "{"),), *inner])
        if cells is None or len(plain([cells])) > WIDTH:
            return None
        return (*cells[:-1], Cell(cells[-1].key, f"{cells[-1].text} }}"))


def _joined(parts: Iterable[Sequence[Cell] | None]) -> Cells | None:
    """All cells together; None if some cannot stand on one line."""
    known = list(parts)
    return None if None in known else tuple(chain.from_iterable(part for part in known if part))


def plain(phrases: Iterable[Cells]) -> str:
    """Phrases as text without columns."""
    return f" {ARROW}".join(" ".join(cell.text for cell in cells) for cells in phrases)
