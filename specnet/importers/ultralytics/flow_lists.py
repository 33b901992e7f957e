"""Read what model files have of YAML: keys with plain values, and lists in brackets, each with its line.

A whole YAML parser is not needed: rows have no anchors, which can name one list a billion times, no tags, which can
name classes of Python, and no braces; and it would not say the lines of the rows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from specnet.importers.errors import UnreadableModel

DEEPEST = 8
"""Lists within lists; a row of arguments has three."""

TOKEN = re.compile(
    r"(?P<blank>[ \t]+)|(?P<comment>#[^\n]*)|(?P<end>\n)|(?P<open>\[)|(?P<close>\])|(?P<comma>,)"
    r"""|(?P<quoted>"[^"\n]*"|'[^'\n]*')|(?P<dash>-(?=[ \t\n]))|(?P<plain>[^\s\[\],#{}&*!|>'"%@`][^\n\[\],#{}]*)"""
    r"|(?P<other>.)"
)

KEY = re.compile(r"^(?P<indent>[ ]*)(?P<key>[A-Za-z_][\w.-]*)[ ]*:(?=[ \t\n]|$)", re.MULTILINE)


class Items(list[Any]):
    """A list in brackets, and the line that it begins in."""

    line: int = 0


class Token(NamedTuple):
    """A piece of text: a bracket, a comma, a value."""

    kind: str
    text: str
    line: int


@dataclass
class Section:
    """What stands behind a key: a plain value, lists, or keys of its own."""

    line: int
    values: list[Any] = field(default_factory=list)
    keys: dict[str, Section] = field(default_factory=dict)

    @property
    def value(self) -> Any:
        """The only value; None if there is none, or several."""
        return self.values[0] if len(self.values) == 1 else None


def read_sections(text: str) -> dict[str, Section]:
    """Return what stands behind each key at the left edge; raises UnreadableModel with the line."""
    found = list(KEY.finditer(text))
    sections, parent, line, counted = dict[str, Section](), "", 1, 0
    for place, key in enumerate(found):
        line, counted = line + text.count("\n", counted, key.start()), key.start()
        end = found[place + 1].start() if place + 1 < len(found) else len(text)
        section = Section(line, list(_read_values(text[key.end() : end], line)))
        if not key["indent"]:
            parent = key["key"]
            if parent in sections:
                raise UnreadableModel(f"line {line}: `{parent}` stands there a second time")
            sections[parent] = section
        elif parent:
            sections[parent].keys[key["key"]] = section
    return sections


def _read_values(text: str, line: int) -> Iterator[Any]:
    """Yield the values of a section, with or without dashes before them."""
    open_lists = list[Items]()
    for token in _split(text, line):
        if token.kind == "open":
            if len(open_lists) >= DEEPEST:
                raise UnreadableModel(f"line {token.line}: lists are nested more than {DEEPEST} deep")
            items = Items()
            items.line = token.line
            open_lists.append(items)
        elif token.kind == "close":
            if not open_lists:
                raise UnreadableModel(f"line {token.line}: `]` closes no list")
            done = open_lists.pop()
            if not open_lists:
                yield done
            else:
                open_lists[-1].append(done)
        elif token.kind in ("quoted", "plain"):
            value = _read_scalar(token)
            if not open_lists:
                yield value
            else:
                open_lists[-1].append(value)
    if open_lists:
        raise UnreadableModel(f"line {open_lists[-1].line}: a list is not closed by `]`")


def _split(text: str, line: int) -> Iterator[Token]:
    """Yield the tokens that say something; raises UnreadableModel for what no model file has."""
    for found in TOKEN.finditer(text):
        kind = found.lastgroup or ""
        if kind == "other":
            raise UnreadableModel(f"line {line}: `{found[0]}` cannot stand here; rows are lists in brackets")
        if kind not in ("blank", "comment", "end", "comma", "dash"):
            yield Token(kind, found[0].strip(), line)
        line += kind == "end"


def _read_scalar(token: Token) -> Any:
    """Return a number, a truth value, None or a text."""
    if token.kind == "quoted":
        return token.text[1:-1]
    words = {"true": True, "false": False, "none": None, "null": None, "~": None}
    if token.text.lower() in words:
        return words[token.text.lower()]
    if re.fullmatch(r"[+-]?\d{1,12}", token.text):
        return int(token.text)
    if re.fullmatch(r"[+-]?(\d{1,12}\.\d*|\.\d+|\d{1,12})([eE][+-]?\d{1,2})?", token.text):
        return float(token.text)
    return token.text
