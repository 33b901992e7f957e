"""A line that cannot be read, as the recognisers of foreign syntax see it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cached_property
from itertools import accumulate

from specnet.syntax.parser_input import ParseError, ParserInput, TextChange, find_line, mask_text

TOKEN = re.compile(r"\w+|\s+|.", re.DOTALL)

LONGEST_COMPARED = 3000
"""In longer texts, the tokens that stay are not looked for: the time grows with the square of the length."""


@dataclass(frozen=True)
class BadLine:
    """A text, the offset at which the statement with the error begins, and the error. All offsets are of the text."""

    parser_input: ParserInput
    statement: int
    error: ParseError

    @property
    def text(self) -> str:
        return self.parser_input.text

    @property
    def original(self) -> str:
        """The text as the user has it, before lines above were corrected."""
        return self.parser_input.source.text

    def find_origin(self, at: int) -> int:
        """Return the offset in the original text of a character."""
        return self.parser_input.origins[at]

    def find_line_number(self, at: int) -> int:
        """Return the line of the original text, counted from 1, of a character."""
        return self.original.count("\n", 0, self.find_origin(at)) + 1

    @cached_property
    def code(self) -> str:
        """The text with comments and strings masked."""
        return mask_text(self.text)

    @cached_property
    def bounds(self) -> tuple[int, int]:
        """The start and the end of the line with the error."""
        return find_line(self.text, self.error.start)

    @property
    def code_of_line(self) -> str:
        return self.code[slice(*self.bounds)]

    @property
    def token(self) -> str:
        """The token at which the parser stopped."""
        return self.text[self.error.start : self.error.end]


def find_end_of_call(code: str, start: int) -> int:
    """Return the end of the line on which what is open at the end of the line at an offset is closed, as in Python."""
    begin, depth = start, 0
    while True:
        end = find_line(code, begin)[1]
        depth += code.count("(", begin, end) - code.count(")", begin, end)
        if depth <= 0 and not code.endswith("\\", begin, end):
            return end
        begin = code.find("\n", end) + 1
        if not begin:
            return find_line(code, start)[1]


def find_changes(old: str, new: str, start: int) -> tuple[TextChange, ...]:
    """Return the changes that turn `old`, at offset `start`, into `new`, token by token, so that equal ones stay."""
    if len(old) > LONGEST_COMPARED:
        return ((start, start + len(old), new),)
    before, after = TOKEN.findall(old), TOKEN.findall(new)
    offsets = [start, *(start + end for end in accumulate(map(len, before)))]
    matches = SequenceMatcher(None, before, after, autojunk=False).get_opcodes()
    return tuple(
        (offsets[first], offsets[last], "".join(after[begin:end]))
        for kind, first, last, begin, end in matches
        if kind != "equal"
    )
