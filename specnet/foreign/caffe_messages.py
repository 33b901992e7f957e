"""Read Caffe's messages, `layer { type: "Convolution" … }`, field by field and without their schema.

This is protobuf's text format (https://protobuf.dev/reference/protobuf/textformat-spec/), of which every fork of Caffe
has fields of its own. What is read ends at the first thing that is no field, with an offset and a reason.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, NamedTuple

MOST_FIELDS = 500_000
"""The longest networks in the wild have about 20,000."""

DEEPEST = 64
"""The most messages in each other; those of Caffe have five."""

SPACE = re.compile(r"(?:[\s,;]|#[^\n]*(?:\n|\Z))*")
KEY = re.compile(r"(?P<key>[A-Za-z_]\w*|\[[\w./]+\])[ \t\r]*(?P<sign>:(?!\s*[{<])|:?(?=\s*[{<]))")
OPENING = re.compile(r"\s*[{<]")
VALUE = re.compile(
    r"""\s*(?:(?P<texts>(?:"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')(?:\s*(?:"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'))*)"""
    r"""|(?P<word>[-+]?[\w.][\w.+-]*)|\[(?P<list>[^\[\]{}]*)\])"""
)
TEXT = re.compile(r""""((?:[^"\\\n]|\\.)*)"|'((?:[^'\\\n]|\\.)*)'""")
ITEM = re.compile(rf"{VALUE.pattern}\s*(?:#[^\n]*)?,?")
WHOLE = re.compile(r"[-+]?\d{1,18}")
NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?[fF]?")
INFINITE = re.compile(r"[-+]?(?:inf|infinity|nan)f?", re.IGNORECASE)
WORDS = {"true": True, "false": False, "True": True, "False": False}


class Field(NamedTuple):
    """A field: its name, its value, a number, bool, text, tuple of these or message, and the offset of its name."""

    key: str
    value: Any
    at: int


class Message(list[Field]):
    """The fields of a message in their order; a field may occur several times."""

    def values(self, *keys: str) -> list[Any]:
        """Return the values of all fields of these names; a list of values is several."""
        found = list[Any]()
        for key, value, _ in self:
            if key in keys:
                found.extend(value if isinstance(value, tuple) else (value,))
        return found

    def messages(self, *keys: str) -> list[Message]:
        return [value for value in self.values(*keys) if isinstance(value, Message)]

    def text(self, key: str, default: str = "") -> str:
        """Return the value of a field as text, the last one where there are several."""
        found = [value for value in self.values(key) if not isinstance(value, Message)]
        return str(found[-1]) if found else default


class Scan(NamedTuple):
    """The fields that were read as a whole, the offset behind them, and what is wrong there; nothing at the end."""

    fields: Message
    end: int
    at: int
    fault: str


def scan_fields(text: str, start: int = 0, keys: Iterable[str] = ()) -> Scan:
    """Read fields from an offset on until the text ends, or something is no field; of any names or of these."""
    known, opened, at, end = frozenset(keys), [(Message(), Field("", None, start))], start, start
    for _ in range(MOST_FIELDS):
        at = _skip_space(text, at)
        fields = opened[-1][0]
        if at == len(text):
            return _stop(opened, end, at, "" if len(opened) == 1 else "is never closed")
        if text[at] in "}>":
            if len(opened) == 1:
                return _stop(opened, end, at, "there is a brace that closes nothing")
            fields, owner = opened.pop()
            opened[-1][0].append(owner._replace(value=fields))
            at += 1
        else:
            found = KEY.match(text, at)
            if found is None or (len(opened) == 1 and known and found["key"] not in known):
                return _stop(opened, end, at, "a name is expected")
            if brace := OPENING.match(text, found.end()):
                if len(opened) > DEEPEST:
                    return _stop(opened, end, at, f"there are more than {DEEPEST} messages in each other")
                opened.append((Message(), Field(found["key"], None, at)))
                at = brace.end()
                continue
            value = VALUE.match(text, found.end()) if found["sign"] else None
            if value is None:
                return _stop(opened, end, at, f"`{found['key']}` has no value")
            fields.append(Field(found["key"], _read_value(value), at))
            at = value.end()
        end = at if len(opened) == 1 else end
    return _stop(opened, end, at, f"there are more than {MOST_FIELDS:,} fields")


def _skip_space(text: str, at: int) -> int:
    found = SPACE.match(text, at)
    return found.end() if found else at


def _stop(opened: list[tuple[Message, Field]], end: int, at: int, fault: str) -> Scan:
    """Return the outer fields that are complete; a message that is still open is none of them."""
    outer = opened[1][1] if len(opened) > 1 else None
    if outer and fault == "is never closed":
        return Scan(opened[0][0], end, outer.at, f"`{outer.key} {{` {fault}")
    return Scan(opened[0][0], end, at, fault)


def _read_value(found: re.Match[str]) -> Any:
    if found["word"] is not None:
        return _read_word(found["word"])
    if found["list"] is not None:
        return tuple(map(_read_value, ITEM.finditer(found["list"])))
    return "".join(double or single for double, single in TEXT.findall(found["texts"]))


def _read_word(word: str) -> Any:
    """Return a number, a bool, or the word, as of an enumeration."""
    if WHOLE.fullmatch(word):
        return int(word)
    if NUMBER.fullmatch(word) or INFINITE.fullmatch(word):
        return float(word.rstrip("fF") if word[-1:] in "fF" and not INFINITE.fullmatch(word) else word)
    return WORDS.get(word, word)
