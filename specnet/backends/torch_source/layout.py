"""Text of Python that breaks its lines where they are too long, as ruff and black do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

WIDTH = 100


class Name(str):
    """A value that is written as it is: the name of a function."""


@dataclass(frozen=True)
class Group:
    """Parts in brackets: `nn.Conv2d(`, the arguments, `)`; those of a comprehension have nothing between them."""

    head: str
    parts: tuple[Text, ...]
    tail: str = ")"
    separator: str = ","


Text = str | Group


def call(function: str, parts: Iterable[Text]) -> Group:
    return Group(f"{function}(", tuple(parts))


def flat(text: Text) -> str:
    """The text on one line."""
    if isinstance(text, str):
        return text
    return text.head + f"{text.separator} ".join(flat(part) for part in text.parts) + text.tail


def lines(text: Text, indent: int, before: str = "", after: str = "", comment: str = "") -> list[str]:
    """The text between `before` and `after`, on as many lines as it needs; a comment where it fits beside."""
    margin = " " * indent
    line = f"{margin}{before}{flat(text)}{after}"
    if comment and len(line) + len(comment) + 4 <= WIDTH:
        return [f"{line}  # {comment}"]
    if len(line) <= WIDTH or isinstance(text, str) or not text.parts:
        return [line]
    together = f"{margin}    {', '.join(flat(part) for part in text.parts)}"
    if len(together) <= WIDTH and all(isinstance(part, str) for part in text.parts):
        inner = [together]
    else:
        inner = [line for part in text.parts for line in lines(part, indent + 4, after=text.separator)]
    head = f"{margin}{before}{text.head}{f'  # {comment}' if comment else ''}"
    return [head, *inner, f"{margin}{text.tail}{after}"]


def literal(value: object) -> Text:
    """A value as Python writes it."""
    if isinstance(value, Name):
        return value
    if isinstance(value, tuple | list) and len(value) > 1:
        head, tail = ("(", ")") if isinstance(value, tuple) else ("[", "]")
        return Group(head, tuple(literal(part) for part in value), tail)
    if isinstance(value, float) and value in (float("inf"), float("-inf")):
        return f'float("{value}")'
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return repr(value)
