"""The message for a line that cannot be read and resembles no foreign syntax: what is there, what was expected."""

from __future__ import annotations

import re
from collections.abc import Iterable

from specnet.syntax.parser_input import ParseError

KEYWORD = re.compile(r"\b(?P<word>let|block|expect|repeat|for|if)[ \t]*$")
"""A keyword before a colon, where a label should be."""

EXPECTED = {
    "NUMBER": "a value",
    "NAME": "a word",
    "EQUAL": "`=`",
    "COLON": "`:`",
    "COMMA": "`,`",
    "IN": "`in`",
    "RPAR": "`)`",
    "RSQB": "`]`",
    "LBRACE": "`{`",
    "VBAR": "`|`",
    "RBRACE": "`}`",
    "_ELSE": "`else`",
    "_ARROW": "`->`",
    "_CLAIM": "`=>`",
    "_NEWLINE": "the end of the line",
}
"""How messages call the grammar's terminals; a value may also be a name, a size, a string."""

MISSING_VALUE = re.compile(r"(?P<key>[A-Za-z_]\w*)\s*=[ \t]*$")
"""A key before the place of its value."""

KEY_AS_VALUE = re.compile(r"(?P<key>[A-Za-z_]\w*)\s*=[ \t]*[A-Za-z_]\w*[ \t]*$")
"""A key and the next key before a second `=`: the first has no value."""

MOST_EXPECTED = 5
"""Longer lists of alternatives are left out."""


def describe_parse_error(text: str, error: ParseError) -> tuple[str, int, int]:
    """Return the message, and the start and end of the characters that it is about."""
    token = text[error.start : error.end].strip()
    line_start = text.rfind("\n", 0, error.start) + 1
    before = (KEY_AS_VALUE if token == "=" else MISSING_VALUE).search(text, line_start, error.start)
    if before and not token[:1].isalpha():
        return f"`{before['key']}=` has no value", before.start("key"), before.end("key") + 1
    if token == ":" and (keyword := KEYWORD.search(text, 0, error.start)):
        message = f"`{keyword['word']}` is a word of the language and cannot be a label"
        return message, keyword.start("word"), keyword.end("word")
    start = text.index(token, error.start) if token else len(text[: error.end].rstrip())
    return _describe_token(token) or _describe_unexpected(token, error.expected), start, start + len(token)


def _describe_token(token: str) -> str:
    """Return what is wrong with a token by itself; "" for most."""
    if token == "|":
        return "`|` begins an arm, and arms stand between the braces of `add`, `mul` or `concat`"
    if token[:1].isalpha() and not token.isascii():
        return f"`{token}` is not allowed in a name: names have the letters a to z, digits and underscores"
    return ""


def _describe_unexpected(token: str, expected: frozenset[str]) -> str:
    fact = f"`{token}` cannot stand here" if token else "the line ends too early"
    words = [word for terminal, word in EXPECTED.items() if terminal in expected]
    if "a value" in words and "a word" in words:
        words.remove("a word")
    return f"{fact}; expected {_join_alternatives(words)}" if 0 < len(words) <= MOST_EXPECTED else fact


def _join_alternatives(words: Iterable[str]) -> str:
    *others, last = words
    return f"{', '.join(others)} or {last}" if others else last
