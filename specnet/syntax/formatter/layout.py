"""Tree → rows: which line of text everything stands on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from specnet.syntax.formatter.comments import Comments
from specnet.syntax.formatter.phrases import ARROW, WIDTH, Braces, Cell, Cells, Phrase, Sentence
from specnet.syntax.formatter.rows import CLOSED, OPENED, Row

STEP = "  "


def rows(sentences: Iterable[Sentence], comments: Comments) -> list[Row]:
    """The rows of a whole file."""
    layout = _Layout(comments)
    layout.lines(sentences, "")
    layout.comments_until(comments.end, "")
    return layout.rows


class _Layout:
    """Goes through the lines in their order and takes the comments as it comes by them."""

    def __init__(self, comments: Comments) -> None:
        self.rows: list[Row] = []
        self._comments = comments

    # Lines and what stands between them

    def lines(self, sentences: Iterable[Sentence], indent: str) -> None:
        for sentence in sentences:
            self.comments_until(sentence.start, indent)
            self._blank_above(sentence.start)
            self._line(sentence, indent)

    def comments_until(self, offset: int, indent: str) -> None:
        """Comments on lines of their own."""
        for place, comment in self._comments.until(offset):
            self._blank_above(place)
            self.rows.append(Row(indent + comment))

    def _blank_above(self, offset: int) -> None:
        """A blank line where there is one, but none at the beginning of a file or behind a brace."""
        if self.rows and not self.rows[-1].opens and self._comments.has_blank_line_above(offset):
            self.rows.append(Row(""))

    def _within(self, braces: Braces, indent: str) -> None:
        """What stands between braces; the comments behind the last line, too."""
        self.lines(braces.lines, indent)
        place = braces.lines[-1].end if braces.lines else braces.start + 1
        for arm in braces.arms:
            place = self._comments.bar(place)
            self.comments_until(place, indent)
            self._blank_above(place)
            if arm:
                self._arm(arm, indent)
            else:
                self.rows.append(Row(f"{indent}|", comment=self._comments.beside(place + 1)))
            place = arm[-1].end if arm else place + 1
        self.comments_until(braces.end, indent)

    def _arm(self, arm: tuple[Sentence, ...], indent: str) -> None:
        """An arm behind its bar, its further lines below its first element."""
        self.rows += [Row(indent + comment) for _, comment in self._comments.until(arm[0].start)]
        self._line(arm[0], f"{indent}| ")
        self.lines(arm[1:], indent + STEP)

    # One line

    def _line(self, sentence: Sentence, start: str) -> None:
        """The rows of a line: what does not fit on a row, or comes after a comment, stands on the next one."""
        row = alone = Row(start, f"{sentence.label} " if sentence.label else "")
        for i, phrase in enumerate(sentence.phrases):
            flat = _fitting(phrase, alone)
            if i:
                row = self._continued(row, sentence.phrases[i - 1].end, phrase.start, flat or phrase.head, alone)
            row = row.adding(flat) if flat else self._broken(row, phrase)
            alone = Row(" " * len(start) + STEP + ARROW)
        self.rows.append(replace(row, claim=sentence.claim, comment=self._comments.beside(sentence.end)))

    def _continued(self, row: Row, end: int, start: int, cells: Cells, new: Row) -> Row:
        """The row on which a phrase goes on: the one before it if there is room and no comment, else the new one."""
        comment = self._comments.beside(end)
        below = [Row(new.start.removesuffix(ARROW) + text) for _, text in self._comments.until(start)]
        if not (comment or below) and row.adding(cells).width <= WIDTH:
            return row
        self.rows += [replace(row, comment=comment), *below]
        return new

    def _broken(self, row: Row, phrase: Phrase) -> Row:
        """Adds a phrase whose braces stand on lines of their own; returns the row that begins with the last one."""
        indent, cells = " " * len(row.start.removesuffix(ARROW)), list[Cell]()
        for piece in phrase.pieces:
            if isinstance(piece, Cell):
                cells.append(piece)
                continue
            self.rows.append(replace(row.adding((*cells, OPENED)), comment=self._comments.beside(piece.start + 1)))
            self._within(piece, indent + STEP)
            row, cells = Row(indent), [CLOSED]
        return row.adding(tuple(cells))


def _fitting(phrase: Phrase, alone: Row) -> Cells | None:
    """The phrase on one line; None if its braces stand on lines of their own, or it is too wide where it is alone."""
    flat = phrase.flat
    return None if flat and phrase.has_braces and alone.adding(flat).width > WIDTH else flat
