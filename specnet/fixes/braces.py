"""Fixes of missing bars and braces, where the words of the lines can be read without them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import Field, is_dataclass
from dataclasses import fields as list_fields
from typing import Any

from specnet.compiler import Checked
from specnet.diagnostics import Diagnostic, Edit
from specnet.fixes.candidates import Candidate, Change
from specnet.source import Span
from specnet.syntax import tree
from specnet.syntax.parser_input import MASK, mask_text

COMPLETED = 1.0
"""The cost of the bars or braces of one word."""

SECTION = re.compile(rf"^train[ \t\r{MASK}]*$", re.MULTILINE)
"""A `train` section that opens no brace."""


def complete_braces(checked: Checked, diagnostic: Diagnostic) -> Iterator[Candidate]:
    """Yield a bar before each line between the braces of a join, or the braces of `train`."""
    if diagnostic.span:
        yield from _put_bars(checked, diagnostic.span)
        yield from _put_braces(diagnostic.span)


def _put_bars(checked: Checked, span: Span) -> Iterator[Candidate]:
    body = _find_body(checked.lines, span)
    if body and body.lines and not body.arms:
        starts = [Span(line.span.source, line.span.start, line.span.start) for line in body.lines]
        yield Candidate(tuple(Change("", "a bar", "", Edit(start, "| ")) for start in starts), COMPLETED)


def _find_body(part: object, span: Span) -> tree.Body | None:
    """Return the braces at a place, in a part of the tree."""
    if isinstance(part, tree.Body) and part.span == span:
        return part
    inner = part if isinstance(part, tuple) else [getattr(part, each.name) for each in _list_fields(part)]
    return next((found for each in inner if (found := _find_body(each, span))), None)


def _list_fields(part: object) -> Sequence[Field[Any]]:
    return list_fields(part) if isinstance(part, tree.Tree) and is_dataclass(part) else ()


def _put_braces(word: Span) -> Iterator[Candidate]:
    """Yield `train` with the lines below that are indented between braces."""
    from specnet.foreign.indentation import find_last_line

    code = mask_text(word.source.text)
    section = SECTION.match(code, word.start)
    last = find_last_line(code, "", word.end) if section else -1
    if last > word.end:
        text = f"{word.text} {{{word.source.text[word.end : last]}\n}}"
        change = Change("", f"{word.text} {{ … }}", "", Edit(Span(word.source, word.start, last), text))
        yield Candidate((change,), COMPLETED)
