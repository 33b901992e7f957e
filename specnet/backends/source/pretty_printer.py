"""Format Python text, with line breaks as by ruff and black."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

LINE_WIDTH = 100


class Verbatim(str):
    """A value that is written without quotes: the name of a function."""


@dataclass(frozen=True)
class Bracketed:
    """Text within brackets: `nn.Conv2d(`, the arguments, `)`; a comprehension has an empty separator."""

    head: str
    parts: tuple[PythonText, ...]
    tail: str = ")"
    separator: str = ","


PythonText = str | Bracketed


def format_call(function: str, arguments: Iterable[PythonText]) -> Bracketed:
    """Return the call of a function with these arguments."""
    return Bracketed(f"{function}(", tuple(arguments))


def format_operand(value: PythonText) -> str:
    """Return a value as a factor or before a method: a sum or a product is put in brackets."""
    return f"({value})" if isinstance(value, str) and not value.isidentifier() else format_flat(value)


def format_keyword(name: str, text: PythonText) -> PythonText:
    """Return an argument passed by name: `stride=2`."""
    return f"{name}={text}" if isinstance(text, str) else Bracketed(f"{name}={text.head}", text.parts, text.tail)


def format_literal(value: object) -> PythonText:
    """Return a value as Python writes it, with double quotes."""
    if isinstance(value, Verbatim):
        return value
    if isinstance(value, tuple | list) and len(value) > 1:
        head, tail = ("(", ")") if isinstance(value, tuple) else ("[", "]")
        return Bracketed(head, tuple(format_literal(part) for part in value), tail)
    if isinstance(value, float) and value in (float("inf"), float("-inf")):
        return f'float("{value}")'
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return re.sub(r"e-0(?=\d)", "e-", repr(value)) if isinstance(value, float) else repr(value)


def format_flat(text: PythonText) -> str:
    """Return the text on one line."""
    if isinstance(text, str):
        return text
    return text.head + f"{text.separator} ".join(format_flat(part) for part in text.parts) + text.tail


def format_lines(text: PythonText, indent: int, before: str = "", after: str = "", comment: str = "") -> list[str]:
    """Return the text between `before` and `after` on as many lines as it needs, with a comment where it fits."""
    margin = " " * indent
    line = f"{margin}{before}{format_flat(text)}{after}"
    if comment and len(line) + len(comment) + 4 <= LINE_WIDTH:
        return [f"{line}  # {comment}"]
    if len(line) <= LINE_WIDTH or isinstance(text, str) or not text.parts:
        return [line]
    together = f"{margin}    {', '.join(format_flat(part) for part in text.parts)}"
    if len(together) <= LINE_WIDTH and all(isinstance(part, str) for part in text.parts):
        inner = [together]
    else:
        inner = [line for part in text.parts for line in format_lines(part, indent + 4, after=text.separator)]
    head = f"{margin}{before}{text.head}{f'  # {comment}' if comment else ''}"
    return [head, *inner, f"{margin}{text.tail}{after}"]
