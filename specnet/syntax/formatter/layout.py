"""Tree → rows: which line of text everything stands on."""

from __future__ import annotations

from dataclasses import replace

from specnet.syntax import tree
from specnet.syntax.formatter.comments import Comments
from specnet.syntax.formatter.phrases import Braces, Cell, Phrase, sentence
from specnet.syntax.formatter.rows import ARROW, CLOSED, OPENED, STEP, WIDTH, Cells, Row


def rows(lines: tree.Lines, comments: Comments) -> list[Row]:
    """The rows of a whole file."""
    layout = _Layout(comments)
    layout.lines(lines, "")
    layout.comments_until(comments.end, "")
    return layout.rows


class _Layout:
    """Goes through the lines in their order and takes the comments as it comes by them."""

    def __init__(self, comments: Comments) -> None:
        self.rows: list[Row] = []
        self._comments = comments

    # Lines and what stands between them

    def lines(self, lines: tree.Lines, indent: str, name_width: int = 0) -> None:
        for line in lines:
            self.comments_until(line.span.start, indent)
            self._blank_above(line.span.start)
            self._line(line, indent, name_width)

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
        self.lines(braces.lines, indent, braces.name_width)
        place = braces.lines[-1].span.end if braces.lines else self._comments.brace(braces.start) + 1
        for arm in braces.arms:
            place = self._comments.bar(place)
            self.comments_until(place, indent)
            self._blank_above(place)
            self._arm(arm, indent)
            place = arm[-1].span.end if arm else place + 1
        self.comments_until(braces.end, indent)

    def _arm(self, arm: tree.Lines, indent: str) -> None:
        """An arm behind its bar, its further lines below its first element."""
        if not arm:
            self.rows.append(Row(f"{indent}|"))
            return
        self.rows += [Row(indent + comment) for _, comment in self._comments.until(arm[0].span.start)]
        self._line(arm[0], f"{indent}| ")
        self.lines(arm[1:], indent + STEP)

    # One line

    def _line(self, line: tree.Line, start: str, name_width: int = 0) -> None:
        """The rows of a line: what does not fit on a row, or comes after a comment, stands on the next one."""
        said = sentence(line, name_width)
        row = alone = Row(start, said.label)
        for i, phrase in enumerate(said.phrases):
            flat = self._flat(phrase, alone)
            if i:
                row = self._continued(row, said.phrases[i - 1], phrase, flat or _head(phrase), alone)
            row = row.adding(flat) if flat else self._broken(row, phrase)
            alone = Row(" " * len(start) + STEP + ARROW)
        self.rows.append(replace(row, claim=said.claim, comment=self._comments.beside(line.span.end)))

    def _continued(self, row: Row, before: Phrase, phrase: Phrase, cells: Cells, new: Row) -> Row:
        """The row on which a phrase goes on: the one before it if there is room, else the new one."""
        comment = self._comments.beside(before.end)
        below = [Row(new.start.removesuffix(ARROW) + text) for _, text in self._comments.until(phrase.start)]
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
            comment = self._comments.beside(self._comments.brace(piece.start) + 1)
            self.rows.append(replace(row.adding((*cells, OPENED)), comment=comment))
            self._within(piece, indent + STEP)
            row, cells = Row(indent), [CLOSED]
        return row.adding(tuple(cells))

    # On one line

    def _flat(self, phrase: Phrase, alone: Row) -> Cells | None:
        """The phrase on one line; None if its braces were not written so, or it does not fit where it is alone."""
        cells = self._cells(phrase)
        has_braces = any(isinstance(piece, Braces) for piece in phrase.pieces)
        return None if cells and has_braces and alone.adding(cells).width > WIDTH else cells

    def _cells(self, phrase: Phrase) -> Cells | None:
        cells: Cells = ()
        for piece in phrase.pieces:
            flat = (piece,) if isinstance(piece, Cell) else self._cells_of_braces(piece)
            if flat is None:
                return None
            cells += flat
        return cells

    def _cells_of_braces(self, braces: Braces) -> Cells | None:
        """`{`, the line or the arms, `}`; a last brace belongs to the cell before it, which need not be as wide."""
        parts = (braces.lines, *braces.arms)
        if not self._comments.is_on_one_line(braces.start, braces.end) or any(len(part) > 1 for part in parts):
            return None
        cells: Cells = (Cell("{", "{"),)
        for number, part in enumerate(parts):
            flat = self._cells_of_line(part[0]) if part else ()
            if flat is None:
                return None
            cells += (*(Cell("|", "|") for _ in range(number > 0)), *flat)
        return (*cells[:-1], Cell(cells[-1].key, f"{cells[-1].text} }}"))

    def _cells_of_line(self, line: tree.Line) -> Cells | None:
        said = sentence(line)
        cells: Cells = (Cell(":", said.label.rstrip()),) if said.label else ()
        for number, phrase in enumerate(said.phrases):
            flat = self._cells(phrase)
            if flat is None:
                return None
            cells += (*(Cell(ARROW, ARROW.strip()) for _ in range(number > 0)), *flat)
        return (*cells, Cell("=>", said.claim)) if said.claim else cells


def _head(phrase: Phrase) -> Cells:
    """A phrase up to its first brace."""
    first = next(i for i, piece in enumerate(phrase.pieces) if isinstance(piece, Braces))
    return (*(piece for piece in phrase.pieces[:first] if isinstance(piece, Cell)), OPENED)
