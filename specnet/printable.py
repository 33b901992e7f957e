"""Text of others made fit to print: what a terminal or a log would obey, or not show, is escaped or replaced."""

from __future__ import annotations

import json
import re
from typing import Any
from unicodedata import category

from specnet.json_layout import JsonLayout

LINE_COMMAND = re.compile(r"^(\s*)::", re.MULTILINE)
"""What makes a line a command to GitHub Actions: `::error::` at its beginning."""

INNER_COMMAND = re.compile(r"##(?=\w*\[)")
"""What begins a command to Azure Pipelines or TeamCity, anywhere in a line: `##vso[`."""

PRINTABLE_ASCII = bytes([ord("\n"), *range(ord(" "), ord("~") + 1)])


def escape_unprintable(text: str) -> str:
    r"""Return one line of text, with `\x1b`, `\n`, `\u202e` … for control, bidirectional and zero-width characters.

    Tabs and the spaces of other scripts become a space.
    """
    return text if text.isprintable() else "".join(map(_escape, text))


def _escape(character: str) -> str:
    if character.isprintable():
        return character
    is_space = character == "\t" or category(character) == "Zs"
    return " " if is_space else character.encode("unicode_escape", "surrogatepass").decode()


def replace_unprintable(text: str) -> str:
    """Replace each tab, line end and unprintable character by a space, which takes one column as well."""
    return text if text.isprintable() else "".join(each if each.isprintable() else " " for each in text)


def escape_commands(text: str) -> str:
    r"""Return a text, of which no line is a command to a service that reads the log: `\x3a:error::`."""
    return escape_inner_commands(LINE_COMMAND.sub(r"\1\\x3a:", text))


def escape_inner_commands(text: str) -> str:
    r"""Return a text without a command within its lines: `\x23#vso[`."""
    return INNER_COMMAND.sub(r"\\x23#", text)


def dump_json(value: Any) -> str:
    """Return a value as JSON with its unprintable characters escaped, and what would be a command in a log.

    Numbers that are not finite, which JSON has not, are null.
    """
    layout = JsonLayout()
    text = INNER_COMMAND.sub(r"\\u0023#", layout.encode(value))
    if layout.is_printable:
        return text
    return "\n".join(line if line.isprintable() else "".join(map(_escape_in_json, line)) for line in text.split("\n"))


def is_printable(text: str) -> bool:
    """Return whether a text has nothing to be escaped besides its line ends."""
    if text.isascii():  # which the bytes tell in a third of the time
        return not text.encode().translate(None, PRINTABLE_ASCII)
    return text.replace("\n", "").isprintable()


def replace_not_finite(value: Any) -> Any:
    """Return JSON values with null for numbers that are not finite."""
    return json.loads(json.dumps(value), parse_constant=lambda _: None)


def _escape_in_json(character: str) -> str:
    return character if character.isprintable() else json.dumps(character)[1:-1]


def shorten_text(text: str, longest: int = 60) -> str:
    """Return a text of at most `longest` characters, of which the last is `…` where there were more."""
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def format_amount(number: float, noun: str) -> str:
    """Return a number and what it counts: `1 epoch`, `2.5 epochs`, `1,000 fixes`."""
    shown = f"{number:,}" if isinstance(number, int) else f"{number:g}"
    return f"{shown} {noun}" if number == 1 else f"{shown} {noun}{'es' if noun.endswith(('s', 'x')) else 's'}"
