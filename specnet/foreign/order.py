"""Recognise what is wrong about a word that is no layer: a block that is defined below, a label without its colon."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from specnet.diagnostics import Code, Diagnostic, Edit, Fix, Label, make_diagnostic
from specnet.foreign.arrows import is_layer
from specnet.layers import get_layer_class
from specnet.source import Span
from specnet.suggest import find_closest_word
from specnet.syntax import tree
from specnet.syntax.parser_input import find_statement_ends, mask_file

BLOCK = re.compile(r"[ \t]*block[ \t]+(?P<name>\w+)")

LOOPS = frozenset({"repeat", "for"})


def recognise_early_call(call: Span) -> Diagnostic | None:
    """Recognise the call of a block that is defined further down; the fix moves the block above its first call."""
    name, source = call.text, call.source
    definitions = _find_definitions(source.text).get(name, ())
    found = next((each for each in definitions if each.start > call.start), None)
    if found is None:
        return None
    first, text = _find_first_call(source.text, name), source.text[found.start : found.end]
    move = (
        Edit(source.span(first, first), text if text.endswith("\n") else f"{text}\n"),
        Edit(source.span(found.start, found.end), ""),
    )
    at = found.name
    label = Label(source.span(at, at + len(name)), "defined here", primary=False)
    message = f"`{name}` is called above its definition; a block stands above the lines that call it"
    title = f"move the block `{name}` above line {source.span(first, first).line}"
    return make_diagnostic(Code.E101, message, call, label, fixes=[Fix(title, move, safe=True)])


def recognise_label(call: tree.Call) -> Diagnostic | None:
    """Recognise `conv1 conv K=8 F=3`, a label without its colon."""
    first = call.arguments[0].value if call.arguments and not call.arguments[0].key else None
    word, text = call.word.span, call.word.span.source.text
    if not isinstance(first, tree.Name) or not begins_line(word):
        return None
    if not (first.text in LOOPS or is_layer(first.text, text)) or _is_loop(call, first.text):
        return None
    colon = Fix(f"{word.text}: {first.text}", (Edit(word.source.span(word.end, word.end), ":"),), safe=True)
    message = f"no layer or block is called `{word.text}`; a label ends with a colon"
    return make_diagnostic(Code.E101, message, word, fixes=[colon])


def _is_loop(call: tree.Call, first: str) -> bool:
    """Return whether a call is rather a loop whose word is misspelt, `repaet n { … }`, even if `n` is a block."""
    is_number = first not in LOOPS and get_layer_class(first) is None
    return bool(call.body and is_number and find_closest_word(call.word.text, LOOPS))


CARRY = re.compile(r"(?P<carry>carry(?:[ \t]+@[A-Za-z_]\w*)+)[ \t]+(?P<loop>(?:repeat|for)\b[^{]*?)[ \t]*(?=\{)")
"""What a loop carries, written before the loop."""


def recognise_early_carry(call: tree.Call) -> Diagnostic | None:
    """Recognise `carry @x repeat 3 { … }`, which stands behind the number of turns."""
    span = call.span
    found = CARRY.match(span.source.text, span.start, span.end)
    if found is None and call.word.text == "carry":
        message = "`carry` is a part of a loop: `repeat 3 carry @x { … }`"
        return make_diagnostic(Code.E101, message, call.word.span)
    if found is None:
        return None
    text = f"{found['loop']} {found['carry']}"
    place = span.source.span(found.start(), found.end("loop"))
    fixes = [Fix(text, (Edit(place, text),), safe=True)]
    return make_diagnostic(Code.E101, f"`carry` stands before the braces: `{text} {{ … }}`", place, fixes=fixes)


@dataclass(frozen=True)
class Definition:
    """The start and the end of a block that is in no braces, with the blank lines after it, and where its name is."""

    start: int
    end: int
    name: int


@lru_cache(maxsize=4)
def _find_definitions(text: str) -> Mapping[str, list[Definition]]:
    """Return the blocks of a file by their names."""
    found = dict[str, list[Definition]]()
    for start, end in _split_into_statements(text):
        if block := BLOCK.match(text, start):
            found.setdefault(block["name"], []).append(Definition(start, end, block.start("name")))
    return found


@lru_cache(maxsize=4)
def _split_into_statements(text: str) -> list[tuple[int, int]]:
    """Return the start and the end of each statement that is in no braces, with the blank lines after it."""
    return [*pairwise((0, *find_statement_ends(text, 0)))]


@lru_cache
def _find_first_call(text: str, name: str) -> int:
    """Return the start of the first statement that has a name."""
    found = re.compile(rf"\b{re.escape(name)}\b").search(mask_file(text))
    assert found, "a call has led here"
    return next(start for start, end in _split_into_statements(text) if found.start() < end)


def begins_line(call: Span) -> bool:
    """Return whether a call is the first element of its line or arm."""
    text = call.source.text
    start = max(text.rfind(sign, 0, call.start) for sign in "\n|{") + 1
    return re.fullmatch(r"\s*(?:\w+:\s*)?", text[start : call.start]) is not None
