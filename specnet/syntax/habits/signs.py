"""Single signs of other languages: commas, colons, stars, quotes, semicolons, what only a word processor writes."""

from __future__ import annotations

import re
import unicodedata

from specnet.syntax.habits.habit import HIDDEN, Habit, Place
from specnet.syntax.habits.sign import Found, Sign, sign_around
from specnet.syntax.habits.words import ATTRIBUTES, ours, ours_anywhere

UNICODE = {
    "−": "-", "–": "-", "—": "-", "‐": "-", "‑": "-", "→": "->", "⇒": "=>", "×": "x", "∗": "*", "⋅": "*", "·": "*",
    "“": '"', "”": '"', "„": '"', "‘": '"', "’": '"', "…": "..", "≤": "<=", "≥": ">=", "≠": "!=",
}  # fmt: skip
"""Signs of papers and word processors, as a spec writes them; besides, there are letters of full width."""

WIDE = "".join(UNICODE) + "\uff01-\uff5e"
BLANKS = "\u00a0\u2000-\u200b\u202f\u3000\ufeff"

NAME = r"[A-Za-z_]\w*"
NUMBER = r"[\d.]+(?:[eE][+-]?\d+)?"


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


def _joined(found: Found) -> str:
    """`conv-1:` with an underscore; `max-pool` as it is called here."""
    name = found[0].replace("-", "_")
    is_label = found.string[found.end() :].lstrip().startswith(":")
    return name if is_label else ours_anywhere(name) or name


def _chained(found: Found) -> str:
    """A comma between two steps of an augmentation."""
    return " -> " if found.string.lstrip().startswith("augment ") else found[0]


def _separated(found: Found) -> str:
    """Commas in parentheses and brackets are right."""
    return found[0] if found[0][0] in "([" else " "


SIGNS = (
    Sign(rf"(?:^|(?<=\s))(?://+|%+|/\*+)(?P<text>[^={HIDDEN}]*)$", "a comment begins with `#`", _comment, False),
    Sign(r"\d+(?:\s*×\s*\d+)+|(?<![=\w.*+/%(-])\d+(?:\s*[*∗⋅·]\s*\d+)+", "a size is written `{1}`", _size),
    Sign(r"(?<=[\w)])\s*×\s*(?=[A-Za-z_(])|(?<=[A-Za-z_)])\s*×\s*(?=\d)", "times is written `*`", "*"),
    Sign(f"[{BLANKS}]+", "this blank is not the keyboard's", " "),
    Sign(f"[{WIDE}]+", "`{0}` is written `{1}`", _typed),
    Sign(r"(?P<before>^\s*expect\b\D*)(?P<number>\d+(?:[,']\d{3})+)", "digits are grouped by `_`", _grouped),
    Sign(r"(?P<before>=\s*|)'(?P<text>[^']*)'", "`{0}` is written `{1}`", _quoted),
    Sign(rf'"[^"{HIDDEN}]*$', "the text has no closing quote", r'\g<0>"'),
    Sign(
        rf"\b(block\s+{NAME}|min|max|ceil|floor)\s+(\([^()]*\))",
        "a parenthesis stands right behind its name",
        r"\1\2",
    ),
    Sign(r"(?<![\w.)])\.\d+", "`{0}` is written `{1}`", r"0\g<0>"),
    Sign(r"(?<![\w.])(\d+)\.(?![\w.])", "`{0}` is written `{1}`", r"\1"),
    Sign(r"(?<!\w)\(\s*\d+\s*(?:,\s*\d+\s*)+\)", "a size is written `{1}`", _size),
    Sign(r"(?P<before>^\s*input\s+)\d+(?:\s*,\s*\d+)+", "a size is written `{1}`", lambda f: f["before"] + _size(f)),
    Sign(
        rf"\bbetas\s*=\s*[(\[]?\s*({NUMBER})\s*,\s*({NUMBER})\s*[)\]]?",
        "`{0}` is written `{1}`",
        r"beta1=\1 beta2=\2",
    ),
    Sign(rf"(?<=[\w)])\s*,\s*(?={NAME}(?!\s*=))", "steps are joined by `->`", _chained),
    Sign(
        r"\((?:[^()]|\([^()]*\))*\)|\[[^\]]*\]|(?<![=\s])\s*,\s*",
        "values stand side by side, without commas",
        _separated,
    ),
    Sign(r"\s*;+\s*$", "a line ends without `;`", ""),
    Sign(r"\s*;+\s*", "`->` stands between two layers on one line", " -> "),
    Sign(
        rf"(?P<before>[\w){HIDDEN}][ \t]+|[(,][ \t]*)(?P<key>{NAME})\s*:=?\s*(?=[\w(.{HIDDEN}])",
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
    Sign(
        r"^(\s*(?:data|split|init|loss|optimizer|schedule|batch|epochs|stop|seed))\s*=\s*(?=[\w\"])",
        "a value stands behind its word, without `=`",
        r"\1 ",
    ),
    Sign(rf"^([\s|{{]*{NAME})\s*=\s*(?=[A-Za-z_])", "a line's name stands before a colon", r"\1: "),
    Sign(rf"^(\s*)({NAME}\s*=\s*[\d(].*)$", "a number gets its name by `let`", r"\1let \2"),
    Sign(rf"(?P<before>^\s*let\s+{NAME})\s+(?=[\w(])", "`=` stands before a value", r"\g<before> = "),
    Sign(r"\s*(?:-{2,}>|~>|\|>|-\s+>)\s*", "`{0}` is written `->`", " -> "),
    Sign(r"&&", "`&&` is written `and`", " and "),
    Sign(rf"\s*->(?=\s*{HIDDEN}*$)", "nothing follows `->`; a new line goes on by itself", ""),
    Sign(
        rf"@?{NAME}(?:-\w+)+",
        "a name has letters, digits and underscores, no hyphen",
        _joined,
        False,
    ),
)
"""Looked for in this order."""


def recognised(place: Place) -> Habit | None:
    """A sign around the fault, and the line with all such signs put right."""
    start, end = place.line
    return sign_around(place.text[start:end], place.fault.start - start, start, SIGNS)
