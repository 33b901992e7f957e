"""Recognise what is wrong about a word that is no layer: a block that is defined below, a label without its colon."""

from __future__ import annotations

import re
from collections.abc import Iterator

from specnet.diagnostics import Code, Diagnostic, Edit, Fix, Label, make_diagnostic
from specnet.foreign.arrows import is_layer
from specnet.source import Span
from specnet.syntax import tree
from specnet.syntax.parser_input import find_statement_end, mask_text

LOOPS = frozenset({"repeat", "for"})


def recognise_early_call(call: Span) -> Diagnostic | None:
    """Recognise the call of a block that is defined further down; the fix moves the block above its first call."""
    name, source = call.text, call.source
    statements = [*_split_into_statements(source.text)]
    define = re.compile(rf"[ \t]*block[ \t]+(?P<name>{re.escape(name)})\b")
    blocks = [(start, end) for start, end in statements if start > call.start and define.match(source.text, start)]
    if not blocks:
        return None
    code, (start, end) = mask_text(source.text), blocks[0]
    first = next(s for s, e in statements if re.search(rf"\b{re.escape(name)}\b", code[s:e]))
    text = source.text[start:end]
    move = (
        Edit(source.span(first, first), text if text.endswith("\n") else f"{text}\n"),
        Edit(source.span(start, end), ""),
    )
    found = define.match(source.text, start)
    label = Label(source.span(*found.span("name")) if found else call, "defined here", primary=False)
    message = f"`{name}` is called above its definition; a block stands above the lines that call it"
    title = f"move the block `{name}` above line {source.span(first, first).line}"
    return make_diagnostic(Code.E101, message, call, label, fixes=[Fix(title, move, safe=True)])


def recognise_label(call: tree.Call) -> Diagnostic | None:
    """Recognise `conv1 conv K=8 F=3`, a label without its colon."""
    first = call.arguments[0].value if call.arguments and not call.arguments[0].key else None
    word, text = call.word.span, call.word.span.source.text
    if not isinstance(first, tree.Name) or not begins_line(word):
        return None
    if not (first.text in LOOPS or is_layer(first.text, text)):
        return None
    colon = Fix(f"{word.text}: {first.text}", (Edit(word.source.span(word.end, word.end), ":"),), safe=True)
    message = f"no layer or block is called `{word.text}`; a label ends with a colon"
    return make_diagnostic(Code.E101, message, word, fixes=[colon])


def _split_into_statements(text: str) -> Iterator[tuple[int, int]]:
    """Yield the start and the end of each statement that is in no braces, with the blank lines after it."""
    start = 0
    while start < len(text):
        end = find_statement_end(text, start)
        yield start, end
        start = end


def begins_line(call: Span) -> bool:
    """Return whether a call is the first element of its line or arm."""
    before = call.source.text[: call.start]
    return re.search(r"(?:^|[\n|{])\s*(?:\w+:\s*)?\Z", before) is not None
