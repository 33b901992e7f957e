"""A sign of another language in a line: what it looks like, what is said of it, how it should be."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from specnet.syntax.habits.habit import HIDDEN, Habit, changes_to, hidden

Found = re.Match[str]


@dataclass(frozen=True)
class Sign:
    """A way to write something: what it looks like, what is said of it, how it should be.

    `{0}` in the message is what was found behind the group `before`, `{1}` how it should be. `anywhere`: it is never
    right in a line that cannot be read, and so put right there wherever it stands.
    """

    pattern: str
    message: str
    should_be: str | Callable[[Found], str]
    anywhere: bool = True

    def around(self, line: str, at: int) -> Found | None:
        """Where it stands around a character of the line."""
        found = re.finditer(self.pattern, line)
        return next((f for f in found if f.start() <= at <= f.end() and self.mended(f) != f[0]), None)

    def mended(self, found: Found) -> str:
        return found.expand(self.should_be) if isinstance(self.should_be, str) else self.should_be(found)


def sign_around(line: str, at: int, start: int, signs: Sequence[Sign]) -> Habit | None:
    """A sign around character `at` of a line that begins at `start`, and the line with all such signs put right."""
    code = hidden(line)
    at = min(at, len(code.rstrip(f"{HIDDEN} \t")))
    for sign in signs:
        if found := sign.around(code, at):
            meant = _put_right(line, [each for each in signs if each.anywhere or each is sign]).rstrip()
            return _habit(line, start, sign, found, meant)
    return None


def _habit(line: str, start: int, sign: Sign, found: Found, meant: str) -> Habit:
    first = found.end("before") if "before" in found.groupdict() else found.start()
    wrong = line[first : found.end()]
    right = _shown(sign.mended(found), found, line)[first - found.start() :].strip()
    first += start + len(wrong) - len(wrong.lstrip())
    message = sign.message.format(wrong.strip(), right)
    changes = changes_to(line, meant, start)
    return Habit(message, first, first + len(wrong.strip()), changes, meant, is_safe=True, is_assumed=True)


def _put_right(line: str, signs: Sequence[Sign]) -> str:
    for sign in signs:
        for found in reversed([*re.finditer(sign.pattern, hidden(line))]):
            line = line[: found.start()] + _shown(sign.mended(found), found, line) + line[found.end() :]
    return line


def _shown(new: str, found: Found, line: str) -> str:
    """A new text with what was hidden in the line shown again."""
    characters = zip(found[0], line[found.start() : found.end()], strict=True)
    originals = (shown for character, shown in characters if character == HIDDEN)
    return "".join(next(originals, "") if character == HIDDEN else character for character in new)
