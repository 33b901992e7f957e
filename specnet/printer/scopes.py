"""The blocks and repetitions of a network by name, and their calls as text: `3 × bottleneck K=64`."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from itertools import accumulate
from typing import Any

from specnet.attributes import Interval
from specnet.graph import ModuleScope, Network, ValueRef
from specnet.printer.values import format_value

REPETITIONS = ("repeat", "for")


class Scopes:
    """The blocks, repetitions and heads of a network by name."""

    def __init__(self, network: Network) -> None:
        self._scopes = {head.name: ModuleScope("head") for head in network.heads} | dict(network.scopes)
        self._inside: dict[str, list[ModuleScope]] = defaultdict(list)
        self._repetitions: dict[str, set[str]] = defaultdict(set)
        for name, scope in self._scopes.items():
            self._inside[name.rpartition(".")[0]].append(scope)
        for node in network.nodes:
            for scope_name in self.list_enclosing(node.name):
                self._repetitions[scope_name].add(node.name[len(scope_name) + 1 :].partition(".")[0])

    def __contains__(self, name: str) -> bool:
        return name in self._scopes

    def is_repetition(self, name: str) -> bool:
        """Whether a scope is a `repeat` or a `for`, whose iterations are numbered from 0."""
        return name in self._scopes and self._scopes[name].word in REPETITIONS

    def list_enclosing(self, name: str) -> list[str]:
        """Return the scopes around a layer or a scope, outermost first."""
        parents = accumulate(name.split(".")[:-1], lambda path, part: f"{path}.{part}")
        return [parent for parent in parents if parent in self._scopes]

    def format_call(self, name: str) -> str:
        """Return the call of a scope: `bottleneck K=64`, `inception 64 96 128`, `3 × bottleneck K=64`."""
        scope = self._scopes[name]
        if scope.word not in REPETITIONS:
            return _format_call(scope.word, scope.values)
        count, inside = len(self._repetitions[name]), self._inside[name]
        if len(inside) != count or len({each.word for each in inside}) != 1:
            return f"{count} ×"
        common = [pair for pair in inside[0].values if all(pair in each.values for each in inside)]
        call = _format_call(inside[0].word, common)
        return call if count == 1 else f"{count} × {call}"


def _format_call(word: str, values: Sequence[tuple[str, Any]]) -> str:
    """Return a call, with the names of its values if one of them is a letter: `bottleneck K=64`."""
    has_letters = any(key.isupper() for key, _ in values)
    texts = (f"{key}={_format_value(value)}" if has_letters else _format_value(value) for key, value in values)
    return round_fractions(" ".join([word, *texts]))


def _format_value(value: Any) -> str:
    if isinstance(value, ValueRef):
        return f"@{value.tap or value.name}"
    return format_value(value) if isinstance(value, int | float | str | tuple | Interval) else "?"


def round_fractions(plain: str) -> str:
    """Round fractions of four and more digits to three significant ones: `drop_path 0.00588`."""
    return re.sub(r"\d+\.\d{4,}", lambda number: f"{float(number[0]):.3g}", plain)
