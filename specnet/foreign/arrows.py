"""Recognise signs that are meant as arrows between layers: `conv K=8 F=3 => bn | relu - dropout`."""

from __future__ import annotations

import re
from functools import lru_cache

from specnet.diagnostics import AnyCode, Code, Diagnostic, make_diagnostic, make_replacement
from specnet.foreign.bad_line import BadLine
from specnet.layers import get_layer_class
from specnet.source import Span
from specnet.syntax.recovery import Hint

SIGN = re.compile(
    r"(?<=[^\s|{=<>~–—−-])[ \t]*(?P<sign>[-=–—−]*>+|\|>?|~>|[→⇒]|(?<=[ \t])[-–—−]+)[ \t]*"
    r"(?=(?P<word>[A-Za-z_]\w*)\b(?!\s*=[^>]))"
)
"""A sign between a layer and a word."""

MESSAGE = "two layers on one line are joined by `->`"


NO_VALUE = frozenset({Code.E102, Code.E120})
"""The errors of a layer that is read as a value."""


def recognise_arrows(line: BadLine) -> Hint | None:
    """Recognise signs before layers on a line that cannot be read."""
    start, end = line.bounds
    found = [sign for sign in SIGN.finditer(line.code, start, end) if _is_misused(sign, line)]
    if not found or line.error.end < found[0].start("sign"):
        return None
    changes = tuple((sign.start("sign"), sign.end("sign"), "->") for sign in found)
    text = line.text
    for first, last, arrow in reversed(changes):
        text = f"{text[:first]}{arrow}{text[last:]}"
    replacement = text[start : end + len(text) - len(line.text)]
    return Hint(MESSAGE, *found[0].span("sign"), changes, replacement, is_safe=True, is_assumed=True)


def _is_misused(sign: re.Match[str], line: BadLine) -> bool:
    """Return whether a sign stands before a layer; a bar, which begins an arm, only where the parser stopped at it."""
    is_bar = sign["sign"] == "|"
    return (
        sign["sign"] != "->"
        and (not is_bar or sign.start("sign") == line.error.start)
        and is_layer(sign["word"], line.text)
    )


def recognise_sign(code: AnyCode, place: Span) -> Diagnostic | None:
    """Recognise `conv K=8 F=3 - relu`, in which a layer is subtracted, compared or claimed, at either operand."""
    line = place.source.span_of_line(place.line)
    first, last = place.start - line.start, place.end - line.start
    found = next((sign for sign in SIGN.finditer(line.text) if sign.end() == first or sign.start() == last), None)
    if code not in NO_VALUE or found is None or not is_layer(found["word"], place.source.text):
        return None
    sign = Span(place.source, line.start + found.start("sign"), line.start + found.end("sign"))
    return make_diagnostic(code, MESSAGE, sign, fixes=[make_replacement(sign, "->", safe=True)])


def is_layer(word: str, text: str) -> bool:
    """Return whether a word is a layer, or a block that a text defines."""
    return get_layer_class(word) is not None or word in _find_blocks(text)


@lru_cache(maxsize=4)
def _find_blocks(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"^[ \t]*block[ \t]+(\w+)", text, re.MULTILINE))
