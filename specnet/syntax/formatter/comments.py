"""What the tree does not hold: comments, blank lines, and what was written on one line."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator

BLANKS = re.compile(r"[ \t\f]*")
TO_BAR = re.compile(r"(?:\s|#[^\n]*)*\|")


class Comments:
    """The comments of a text in its order, each taken when the printing comes by its place."""

    def __init__(self, text: str) -> None:
        self._text = text
        self.end = len(text)
        found = re.finditer(r'"[^"\n]*"|#[^\n]*', text)
        self._left = deque((match.start(), match[0].rstrip()) for match in found if match[0].startswith("#"))

    def until(self, offset: int) -> Iterator[tuple[int, str]]:
        """Takes the comments before a place."""
        while self._left and self._left[0][0] < offset:
            yield self._left.popleft()

    def beside(self, offset: int) -> str:
        """Takes the comment that ends the line on which something ends; empty if there is none."""
        end = BLANKS.match(self._text, offset).end()  # type: ignore[union-attr]  # matches everywhere
        return self._left.popleft()[1] if self._left and self._left[0][0] == end else ""

    def has_blank_line_above(self, offset: int) -> bool:
        """Whether something is the first on its line, save a bar, and the line above is blank."""
        start = self._text.rfind("\n", 0, offset) + 1
        above = self._text[self._text.rfind("\n", 0, max(start - 1, 0)) + 1 : start]
        return start > 0 and not above.strip() and not self._text[start:offset].strip(" \t\f|")

    def bar(self, offset: int) -> int:
        """Where the next arm's bar stands, when only blanks and comments are before it."""
        found = TO_BAR.match(self._text, offset)
        return found.end() - 1 if found else offset
