"""The values of `--budget` and `--let`: what a search is about, and the number that it begins with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import inf
from typing import Any

from specnet.analyses.budgets import BUDGETS
from specnet.analyses.expectations import IN_BYTES, NAMES
from specnet.byte_sizes import ByteSize
from specnet.cli.output import CommandError
from specnet.source import Source
from specnet.suggest import did_you_mean, find_closest_word
from specnet.syntax import tree
from specnet.syntax.parser import parse


def parse_budgets(given: Sequence[str]) -> dict[str, float]:
    """Return the budgets by quantity; raises CommandError."""
    budgets = dict[str, float]()
    for text in given:
        name, equals, value = (part.strip() for part in text.partition("="))
        if not name or not equals:
            raise CommandError(f"--budget {text}: write QUANTITY=VALUE, such as macs=600M")
        if name not in BUDGETS:
            hint = did_you_mean(find_closest_word(name, BUDGETS, NAMES)) or f"; there are {', '.join(BUDGETS)}"
            raise CommandError(f"--budget {text}: there is no quantity `{name}`{hint}")
        if name in budgets:
            raise CommandError(f"--budget {text}: `{name}` has a budget already")
        budgets[name] = _parse_most(text, name, value)
    return budgets


def _parse_most(budget: str, name: str, text: str) -> float:
    """Return the value of a budget, a number as in a spec; raises CommandError."""
    lines, unreadable = parse(Source("budget", f"let most = {text}"))
    number = lines[0].value if not unreadable and len(lines) == 1 and isinstance(lines[0], tree.Let) else None
    if not isinstance(number, tree.Number) or not 0 < number.value < inf:
        raise CommandError(f"--budget {budget}: `{text}` is not a number above 0, such as 600M or 2GB")
    if isinstance(number.value, ByteSize) and name not in IN_BYTES:
        raise CommandError(f"--budget {budget}: `{name}` is a number, not a size in bytes")
    return number.value


def find_number(variables: Mapping[str, Any], name: str) -> float:
    """Return the number that a `let` gives a name; raises CommandError if there is none to search from."""
    if name not in variables:
        hint = did_you_mean(find_closest_word(name, variables))
        known = f"; there are {', '.join(variables)}" if variables and not hint else hint
        raise CommandError(f"--let {name}: the spec has no `let {name}`{known}")
    value = variables[name]
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise CommandError(f"--let {name}: only a number can be searched for, and it is {_describe(value)}")
    if not 0 <= value < inf:
        raise CommandError(f"--let {name}: a search begins at a number from 0 on, and it is {value:g}")
    return value


def _describe(value: object) -> str:
    if isinstance(value, bool):
        return "yes or no"
    return "a text" if isinstance(value, str) else "another value"
