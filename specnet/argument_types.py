"""Refuse arguments of Python's functions that have another type than they say, in one sentence, before any work."""

from __future__ import annotations

import os
from collections.abc import Collection
from typing import Any

from specnet.printable import escape_unprintable, shorten_text

PLAIN = (type(None), bool, int, float, complex, str, bytes, list, tuple, dict, set)
"""The types whose values say more in a message than their names."""


def require_type(name: str, value: object, types: type | tuple[type, ...], meaning: str) -> None:
    """Raise TypeError unless a value has one of the types; a bool is a number only where `bool` is among them."""
    expected = types if isinstance(types, tuple) else (types,)
    is_stray_bool = isinstance(value, bool) and bool not in expected and object not in expected
    if is_stray_bool or not isinstance(value, expected):
        raise TypeError(f"`{name}` is {meaning}, not {describe_value(value)}")


def require_path(name: str, value: object, meaning: str = "a path") -> None:
    """Raise TypeError unless a value is a path or a text, and ValueError for an empty one, or one that cannot be."""
    require_type(name, value, (str, os.PathLike), meaning)
    text = str(value)
    if not text.strip():
        raise ValueError(f"`{name}` is {meaning}, not an empty text")
    try:
        is_possible = b"\0" not in os.fsencode(text)
    except UnicodeEncodeError:
        is_possible = False
    if not is_possible:
        raise ValueError(f"`{name}` is {meaning}, and none can be {describe_value(text)}")


def require_whole(name: str, value: object, least: int) -> None:
    """Raise TypeError unless a value is a whole number, and ValueError if it is below the least."""
    meaning = f"a whole number from {least}"
    require_type(name, value, int, meaning)
    if isinstance(value, int) and value < least:
        raise ValueError(f"`{name}` is {meaning}, not {value}")


def require_choice(name: str, value: object, choices: Collection[object]) -> None:
    """Raise ValueError for a text or None that is none of the choices, and TypeError for any other such value."""
    if value not in [*choices]:
        error = ValueError if value is None or isinstance(value, str) else TypeError
        raise error(f"`{name}` is {' or '.join(map(repr, choices))}, not {describe_value(value)}")


def describe_value(value: Any) -> str:
    """Return a plain value as Python writes it, shortened, and for any other the name of its type."""
    if type(value) in PLAIN:
        return shorten_text(escape_unprintable(repr(value)))
    if isinstance(value, type):
        return f"the class {value.__name__}"
    return f"an object of the class {type(value).__name__}"
