"""Recognise blocks that are called above their definition, and names of values without their `@`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from specnet.diagnostics import Code, Diagnostic, Edit, Fix, Label, make_diagnostic
from specnet.source import Span
from specnet.syntax.parser_input import find_statement_end, mask_text


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
