"""A line of text before its columns are aligned."""

from __future__ import annotations

from dataclasses import dataclass, replace

from specnet.syntax.formatter.phrases import Cell, Cells, plain

OPENED, CLOSED = Cell("{ …", "{"), Cell("… }", "}")


@dataclass(frozen=True)
class Row:
    """What stands on one line of text. One without phrases is blank, or has all it says in `start`."""

    start: str
    label: str = ""
    phrases: tuple[Cells, ...] = ()
    claim: str = ""
    comment: str = ""

    def adding(self, cells: Cells) -> Row:
        return replace(self, phrases=(*self.phrases, cells))

    @property
    def width(self) -> int:
        return len(self.start) + len(self.label) + len(plain(self.phrases))

    @property
    def is_blank(self) -> bool:
        return not (self.start or self.phrases)

    @property
    def opens(self) -> bool:
        return bool(self.phrases) and self.phrases[-1][-1] == OPENED

    @property
    def closes(self) -> bool:
        return bool(self.phrases) and self.phrases[0][0] == CLOSED
