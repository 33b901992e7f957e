"""Recognise slips of the pen: a parenthesis too few or too many, a keyword with a wrong letter, `carry x`."""

from __future__ import annotations

import re
from dataclasses import replace

from specnet import suggest
from specnet.foreign.bad_line import BadLine
from specnet.syntax.recovery import Hint

PAIRS = {"(": ("RPAR", ")"), "[": ("RSQB", "]")}
"""The terminal and the sign that close each bracket."""

CARRY = re.compile(r"(?<=[ \t])carry(?P<names>(?:[ \t,]+@?[A-Za-z_]\w*)*)[ \t]*\{")
"""What a loop carries, with or without `@`."""

KEYWORDS = {"IN": "in", "_ELSE": "else"}
"""Keywords in the middle of a line, by the terminal that is expected there."""


def recognise_slip(line: BadLine) -> Hint | None:
    """Return a hint on the token at which the parser stopped, if changing or leaving out that one is enough."""
    return _recognise_bracket(line) or _recognise_keyword(line) or _recognise_carry(line)


def _recognise_bracket(line: BadLine) -> Hint | None:
    start, token = line.error.start, line.token.strip()
    for opening, (terminal, closing) in PAIRS.items():
        surplus = line.code_of_line.count(opening) - line.code_of_line.count(closing)
        if surplus > 0 and token == opening and line.code[start - 1 : start] == opening:
            return _hint(line, start, start + 1, "", f"`{opening}` is written twice")
        if surplus > 0 and terminal in line.error.expected:
            at = line.bounds[0] + len(line.code[line.bounds[0] : start].rstrip())
            hint = _hint(line, at, at, closing, f"`{opening}` is never closed")
            opened = _find_opened(line.code[:at], opening, closing)
            return replace(hint, start=opened, end=opened + 1)
        if surplus < 0 and token == closing:
            return _hint(line, start, start + 1, "", f"`{closing}` closes nothing")
    return None


def _find_opened(code: str, opening: str, closing: str) -> int:
    """Return the offset of the last bracket that is not closed."""
    depth = 0
    for at in range(len(code) - 1, -1, -1):
        depth += (code[at] == closing) - (code[at] == opening)
        if depth < 0:
            return at
    return len(code) - 1


def _recognise_keyword(line: BadLine) -> Hint | None:
    """Recognise `repeat i on 1..3`, `elze { … }`."""
    token = line.token.strip()
    possible = [word for terminal, word in KEYWORDS.items() if terminal in line.error.expected]
    meant = suggest.find_closest_word(token, possible) if token.isalpha() else ""
    if not meant:
        return None
    return _hint(
        line, line.error.start, line.error.end, meant, f"`{token}` cannot stand here{suggest.did_you_mean(meant)}"
    )


def _recognise_carry(line: BadLine) -> Hint | None:
    """Recognise `repeat 3 carry x { … }`, whose values lack their `@`, and `repeat 3 carry { … }`, which has none."""
    found = CARRY.search(line.code, *line.bounds)
    if found is None or not found.start() <= line.error.start <= found.end():
        return None
    taps = [f"@{name.lstrip('@')}" for name in re.findall(r"@?\w+", found["names"])]
    text = " ".join(["carry", *taps, "{"]) if taps else "{"
    message = f"carried values are written as `{text[:-2]}`" if taps else "`carry` names values, as in `carry @x`"
    return _hint(line, found.start(), found.end(), text, message)


def _hint(line: BadLine, start: int, end: int, text: str, message: str) -> Hint:
    """Return a hint that replaces some characters of the line."""
    first, last = line.bounds
    replacement = f"{line.text[first:start]}{text}{line.text[end:last]}"
    return Hint(message, start, end, ((start, end, text),), replacement, is_safe=True, is_assumed=True)
