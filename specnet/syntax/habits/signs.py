"""Single signs of other languages: commas, colons, stars, quotes, semicolons, what only a word processor writes."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

from specnet.syntax.habits.habit import HIDDEN, Habit, change_to, hidden
from specnet.syntax.habits.words import ATTRIBUTES, ours

UNICODE = {
    "−": "-", "–": "-", "—": "-", "‐": "-", "‑": "-", "→": "->", "⇒": "=>", "×": "x", "∗": "*", "⋅": "*", "·": "*",
    "“": '"', "”": '"', "„": '"', "‘": '"', "’": '"', "…": "..", "≤": "<=", "≥": ">=", "≠": "!=",
}  # fmt: skip
"""Signs of papers and word processors, as a spec writes them. Signs of full width are found besides."""

WIDE = "".join(UNICODE) + "\u00a0\u2007\u202f\u3000\uff01-\uff5e"

NAME = r"[A-Za-z_]\w*"

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


def recognised(line: str, at: int, start: int) -> Habit | None:
    """A sign around character `at` of a line that begins at `start`, and the line with all such signs put right."""
    code = hidden(line)
    at = min(at, len(code.rstrip(f"{HIDDEN} \t")))
    for sign in SIGNS:
        if found := sign.around(code, at):
            return _habit(line, start, sign, found)
    return None


def _habit(line: str, start: int, sign: Sign, found: Found) -> Habit:
    first = found.end("before") if "before" in found.groupdict() else found.start()
    wrong = line[first : found.end()]
    right = sign.mended(found)[first - found.start() :].strip()
    meant = _put_right(line, sign).rstrip()
    first += len(wrong) - len(wrong.lstrip())
    return Habit(
        sign.message.format(wrong.strip(), right),
        start + first,
        start + first + len(wrong.strip()),
        (change_to(line, meant, start),),
        meant,
        is_safe=True,
        is_assumed=True,
    )


def _put_right(line: str, blamed: Sign) -> str:
    for sign in SIGNS:
        if sign.anywhere or sign is blamed:
            for found in reversed([*re.finditer(sign.pattern, hidden(line))]):
                line = line[: found.start()] + sign.mended(found) + line[found.end() :]
    return line


def _comment(found: Found) -> str:
    return f"# {found['text'].strip().removesuffix('*/').rstrip()}"


def _size(found: Found) -> str:
    return "x".join(re.findall(r"\d+", found[0]))


def _typed(found: Found) -> str:
    return "".join(UNICODE.get(sign) or unicodedata.normalize("NFKC", sign) for sign in found[0])


def _grouped(found: Found) -> str:
    return found["before"] + re.sub(r"\D", "_", found["number"])


def _quoted(found: Found) -> str:
    """A text in double quotes; behind a `=`, the bare word."""
    text = found["text"]
    return found["before"] + (text if found["before"] and text.isidentifier() else f'"{text}"')


def _equated(found: Found) -> str:
    return f"{found['before']}{ours(found['key'], ATTRIBUTES) or found['key']}="


def _separated(found: Found) -> str:
    """Commas in parentheses and brackets are right."""
    return found[0] if found[0][0] in "([" else " "


SIGNS = (
    Sign(rf"(?:^|(?<=\s))(?://+|%+|/\*+)(?P<text>[^={HIDDEN}]*)$", "a comment begins with `#`", _comment, False),
    Sign(r"\d+(?:\s*×\s*\d+)+|(?<![=\w.*+/%(-])\d+(?:\s*[*∗⋅·]\s*\d+)+", "a size is written `{1}`", _size),
    Sign(r"(?<=[\w)])\s*×\s*(?=[A-Za-z_(])|(?<=[A-Za-z_)])\s*×\s*(?=\d)", "times is written `*`", "*"),
    Sign(f"[{WIDE}]+", "`{0}` is written `{1}`", _typed),
    Sign(r"(?P<before>^\s*expect\b\D*)(?P<number>\d+(?:[,']\d{3})+)", "digits are grouped by `_`", _grouped),
    Sign(r"(?P<before>=\s*|)'(?P<text>[^']*)'", "`{0}` is written `{1}`", _quoted),
    Sign(rf'"[^"{HIDDEN}]*$', "the text has no closing quote", r'\g<0>"'),
    Sign(r"(?<!\w)\(\s*\d+\s*(?:,\s*\d+\s*)+\)", "a size is written `{1}`", _size),
    Sign(r"(?P<before>^\s*input\s+)\d+(?:\s*,\s*\d+)+", "a size is written `{1}`", lambda f: f["before"] + _size(f)),
    Sign(rf"\b(block\s+{NAME}|min|max|ceil|floor)\s+\(", "a parenthesis stands right behind its name", r"\1("),
    Sign(
        r"\((?:[^()]|\([^()]*\))*\)|\[[^\]]*\]|(?<![=\s])\s*,\s*",
        "values stand side by side, without commas",
        _separated,
    ),
    Sign(r"\s*;+\s*$", "a line ends without `;`", ""),
    Sign(r"\s*;+\s*", "`->` stands between two layers on one line", " -> "),
    Sign(
        rf"(?P<before>[\w){HIDDEN}][ \t]+)(?P<key>{NAME})\s*:=?\s*(?=[\w(.{HIDDEN}])",
        "an attribute and its value are joined by `=`",
        _equated,
    ),
    Sign(
        rf"(?P<before>[\w){HIDDEN}][ \t]+)(?P<key>{NAME})\s*==\s*",
        "an attribute and its value are joined by `=`",
        _equated,
        False,
    ),
    Sign(rf"^([\s|{{]*{NAME})\s*:\s*(?=[\d({HIDDEN}])", "a value stands behind its word, without a colon", r"\1 "),
    Sign(rf"^([\s|{{]*{NAME})\s*=\s*(?=[A-Za-z_])", "a line's name stands before a colon", r"\1: "),
    Sign(rf"^(\s*)({NAME}\s*=\s*[\d(].*)$", "a number gets its name by `let`", r"\1let \2"),
    Sign(rf"(?P<before>^\s*let\s+{NAME})\s+(?=[\w(])", "`=` stands before a value", r"\g<before> = "),
    Sign(r"\s*(?:-{2,}>|~>|\|>|-\s+>)\s*", "`{0}` is written `->`", " -> "),
    Sign(r"&&", "`&&` is written `and`", " and "),
    Sign(rf"\s*->(?=\s*{HIDDEN}*$)", "nothing follows `->`; a new line goes on by itself", "", False),
    Sign(rf"@?{NAME}(?:-\w+)+", "a name has letters, digits and underscores", lambda f: f[0].replace("-", "_"), False),
)
"""Looked for in this order."""
