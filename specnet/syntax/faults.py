"""What is said of a line that cannot be read and resembles nothing that is known: what is there, what was expected."""

from __future__ import annotations

import re
from collections.abc import Iterable

from specnet.syntax.reading import Fault

WORD = re.compile(r"\b(?P<word>let|block|expect|repeat|for|if)[ \t]*$")
"""A word of the grammar, which cannot be a label."""

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
"""How the tokens of the grammar are called; a value is also a name, a size, a text."""

NO_VALUE = re.compile(r"(?P<key>[A-Za-z_]\w*)\s*=[ \t]*$")
"""What stands before the place of a value."""

NO_VALUE_BUT_KEY = re.compile(r"(?P<key>[A-Za-z_]\w*)\s*=[ \t]*[A-Za-z_]\w*[ \t]*$")
"""What stands before a `=` that comes too early."""

MOST_EXPECTED = 5
"""More possibilities than that say nothing."""


def explained(text: str, fault: Fault) -> tuple[str, int, int]:
    """The message, and the characters that it is about."""
    shown = text[fault.start : fault.end].strip()
    before = (NO_VALUE_BUT_KEY if shown == "=" else NO_VALUE).search(
        text, text.rfind("\n", 0, fault.start) + 1, fault.start
    )
    if before and not shown[:1].isalpha():
        return f"`{before['key']}=` has no value", before.start("key"), before.end("key") + 1
    if shown == ":" and (word := WORD.search(text, 0, fault.start)):
        return f"`{word['word']}` is a word of the language and cannot be a label", word.start("word"), word.end("word")
    start = text.index(shown, fault.start) if shown else len(text[: fault.end].rstrip())
    return _fact(shown) or _unexpected(shown, fault.possible), start, start + len(shown)


def _fact(shown: str) -> str:
    """What is the matter with a token by itself; empty for most."""
    if shown == "|":
        return "`|` begins an arm, and arms stand between the braces of `add`, `mul` or `concat`"
    if shown[:1].isalpha() and not shown.isascii():
        return f"`{shown}` is no letter of a name: names have the letters a to z, digits and underscores"
    return ""


def _unexpected(shown: str, possible: frozenset[str]) -> str:
    """What is there, and what could be."""
    fact = f"`{shown}` cannot stand here" if shown else "the line ends too early"
    words = [word for token, word in EXPECTED.items() if token in possible]
    if "a value" in words and "a word" in words:
        words.remove("a word")
    return f"{fact}; expected {_listed(words)}" if 0 < len(words) <= MOST_EXPECTED else fact


def _listed(words: Iterable[str]) -> str:
    *others, last = words
    return f"{', '.join(others)} or {last}" if others else last
