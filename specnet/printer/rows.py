"""Logical lines → rows: place everything on lines of the file, with the source's comments and blank lines."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from specnet.printer.lines import ARROW, WIDTH, BraceGroup, Cell, Cells, LogicalLine, Segment, join_segments

INDENT = "  "

OPENING, CLOSING = Cell("{ …", "{"), Cell("… }", "}")
"""The brace at the end of a row, and the one at the beginning."""

BLANKS = re.compile(r"[ \t\f]*")
TO_BAR = re.compile(r"(?:\s|#[^\n]*)*\|")


@dataclass(frozen=True)
class TextRow:
    """One line of the file before its columns are aligned. One without segments is blank, or a comment in `start`."""

    start: str
    label: str = ""
    segments: tuple[Cells, ...] = ()
    claim: str = ""
    comment: str = ""

    def with_segment(self, cells: Cells) -> TextRow:
        """Return the row with a segment appended."""
        return replace(self, segments=(*self.segments, cells))

    @property
    def width(self) -> int:
        return len(self.start) + len(self.label) + len(join_segments(self.segments))

    @property
    def is_blank(self) -> bool:
        return not (self.start or self.segments)

    @property
    def opens_brace(self) -> bool:
        return bool(self.segments) and self.segments[-1][-1] == OPENING

    @property
    def closes_brace(self) -> bool:
        return bool(self.segments) and self.segments[0][0] == CLOSING


class Comments:
    """The comments and blank lines of a text, which the tree does not hold; each comment is taken once, in order."""

    def __init__(self, text: str) -> None:
        self._text = text
        self.end = len(text)
        found = re.finditer(r'"[^"\n]*"|#[^\n]*', text)
        self._left = deque((match.start(), match[0].rstrip()) for match in found if match[0].startswith("#"))

    def take_until(self, offset: int) -> Iterator[tuple[int, str]]:
        """Take the comments before an offset."""
        while self._left and self._left[0][0] < offset:
            yield self._left.popleft()

    def take_trailing(self, offset: int) -> str:
        """Take the comment that follows an offset on the same line, with only blanks between; "" if there is none."""
        end = BLANKS.match(self._text, offset).end()  # type: ignore[union-attr]  # matches everywhere
        return self._left.popleft()[1] if self._left and self._left[0][0] == end else ""

    def has_blank_line_above(self, offset: int) -> bool:
        """Return whether an offset is the first on its line, save a bar, and the line above is blank."""
        start = self._text.rfind("\n", 0, offset) + 1
        above = self._text[self._text.rfind("\n", 0, max(start - 1, 0)) + 1 : start]
        return start > 0 and not above.strip() and not self._text[start:offset].strip(" \t\f|")

    def find_bar(self, offset: int) -> int:
        """Return the offset of the next arm's bar, if only blanks and comments are before it."""
        found = TO_BAR.match(self._text, offset)
        return found.end() - 1 if found else offset


def lay_out(lines: Iterable[LogicalLine], comments: Comments) -> list[TextRow]:
    """Return the rows of a whole file."""
    layout = _Layout(comments)
    layout.add_lines(lines, "")
    layout.add_comments(comments.end, "")
    return layout.rows


class _Layout:
    """Walks the lines in order and takes the comments between them."""

    def __init__(self, comments: Comments) -> None:
        self.rows: list[TextRow] = []
        self._comments = comments

    def add_lines(self, lines: Iterable[LogicalLine], indent: str) -> None:
        for line in lines:
            self.add_comments(line.start, indent)
            self._add_blank_above(line.start)
            self._add_line(line, indent)

    def add_comments(self, offset: int, indent: str) -> None:
        """Add the comments on lines of their own before an offset."""
        for place, comment in self._comments.take_until(offset):
            self._add_blank_above(place)
            self.rows.append(TextRow(indent + comment))

    def _add_blank_above(self, offset: int) -> None:
        """Keep a blank line, but none at the beginning of a file or after an opening brace."""
        if self.rows and not self.rows[-1].opens_brace and self._comments.has_blank_line_above(offset):
            self.rows.append(TextRow(""))

    def _add_group(self, group: BraceGroup, indent: str) -> None:
        """Add the lines and arms between braces, and the comments after the last one."""
        self.add_lines(group.lines, indent)
        place = group.lines[-1].end if group.lines else group.start + 1
        for arm in group.arms:
            place = self._comments.find_bar(place)
            self.add_comments(place, indent)
            self._add_blank_above(place)
            if arm:
                self._add_arm(arm, indent)
            else:
                self.rows.append(TextRow(f"{indent}|", comment=self._comments.take_trailing(place + 1)))
            place = arm[-1].end if arm else place + 1
        self.add_comments(group.end, indent)

    def _add_arm(self, arm: tuple[LogicalLine, ...], indent: str) -> None:
        """Add an arm after its bar, its further lines below its first element."""
        self.rows += [TextRow(indent + comment) for _, comment in self._comments.take_until(arm[0].start)]
        self._add_line(arm[0], f"{indent}| ")
        self.add_lines(arm[1:], indent + INDENT)

    def _add_line(self, line: LogicalLine, start: str) -> None:
        """Add the rows of a line: a segment that does not fit, or follows a comment, goes to a new row."""
        row = alone = TextRow(start, f"{line.label} " if line.label else "")
        for i, segment in enumerate(line.segments):
            flat = _fit(segment, alone)
            if i:
                row = self._continue(row, line.segments[i - 1].end, segment.start, flat or segment.head, alone)
            row = row.with_segment(flat) if flat else self._break(row, segment)
            alone = TextRow(" " * len(start) + INDENT + ARROW)
        self.rows.append(replace(row, claim=line.claim, comment=self._comments.take_trailing(line.end)))

    def _continue(self, row: TextRow, end: int, start: int, cells: Cells, new: TextRow) -> TextRow:
        """Return the row for the next segment: the same one if there is room and no comment, else the new one."""
        comment = self._comments.take_trailing(end)
        below = [TextRow(new.start.removesuffix(ARROW) + text) for _, text in self._comments.take_until(start)]
        if not (comment or below) and row.with_segment(cells).width <= WIDTH:
            return row
        self.rows += [replace(row, comment=comment), *below]
        return new

    def _break(self, row: TextRow, segment: Segment) -> TextRow:
        """Add a segment with its braces on rows of their own; return the row that begins with the last brace."""
        indent, cells = " " * len(row.start.removesuffix(ARROW)), list[Cell]()
        for piece in segment.pieces:
            if isinstance(piece, Cell):
                cells.append(piece)
                continue
            opening = row.with_segment((*cells, OPENING))
            self.rows.append(replace(opening, comment=self._comments.take_trailing(piece.start + 1)))
            self._add_group(piece, indent + INDENT)
            row, cells = TextRow(indent), [CLOSING]
        return row.with_segment(tuple(cells))


def _fit(segment: Segment, alone: TextRow) -> Cells | None:
    """Return the segment on one row; None if its braces take several, or it is too wide even alone."""
    flat = segment.flat
    return None if flat and segment.has_braces and alone.with_segment(flat).width > WIDTH else flat
