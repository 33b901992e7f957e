"""The blocks and repetitions of a network by name, and their calls as text: `3 × bottleneck K=64`."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import Any

from specnet.attributes import Interval
from specnet.graph import GivenLayers, ModuleScope, Network, ValueRef
from specnet.printer.values import format_value

REPETITIONS = ("repeat", "for")

ITERATION = ModuleScope("")
"""An iteration of several lines, which is called by no name."""


class Scopes:
    """The blocks, repetitions and heads of a network by name.

    The layers given to a parameter of a block are layers of that block, and have no scope of their own.
    """

    def __init__(self, network: Network) -> None:
        called = {name: scope for name, scope in network.scopes.items() if not scope.are_given_layers}
        self._scopes = {head.name: ModuleScope("head") for head in network.heads} | called
        self._inside: dict[str, list[ModuleScope]] = defaultdict(list)
        self._repetitions: dict[str, set[str]] = defaultdict(set)
        for name, scope in self._scopes.items():
            self._inside[name.rpartition(".")[0]].append(scope)
        for node in network.nodes:
            for scope_name in self.list_enclosing(node.name):
                self._repetitions[scope_name].add(node.name[len(scope_name) + 1 :].partition(".")[0])
        for name in filter(self.is_repetition, [*self._scopes]):
            for iteration in self._repetitions[name]:
                self._scopes.setdefault(f"{name}.{iteration}", ITERATION)

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
        """Return the call of a scope without defaults: `bottleneck K=64 S=2`, `3 × basic K=64`, `3 × carry @a @b`."""
        scope = self._scopes[name]
        if scope.word not in REPETITIONS:
            return _format_call(scope.word, _list_written(scope))
        count, inside = len(self._repetitions[name]), self._inside[name]
        if len(inside) != count:
            carried = " ".join(["carry", *map(_format_value, scope.carried)]) if scope.carried else ""
            return f"{count} × {carried}".rstrip()
        call = format_common_call(inside)
        return call if count == 1 else f"{count} × {call}".rstrip()

    def format_common_call(self, names: Iterable[str]) -> str:
        """Return what the calls of scopes have in common."""
        return format_common_call([self._scopes[name] for name in names])


def format_common_call(scopes: Sequence[ModuleScope]) -> str:
    """Return what the calls of scopes have in common: their block, and the values that all of them have."""
    if len({each.word for each in scopes}) != 1:
        return ""
    common = [pair for pair in _list_written(scopes[0]) if all(pair in each.values for each in scopes)]
    return _format_call(scopes[0].word, common)


def _list_written(scope: ModuleScope) -> Sequence[tuple[str, Any]]:
    """Return the values of a call that are not the defaults of its block."""
    return [(key, value) for key, value in scope.values if key not in scope.defaults]


def _format_call(word: str, values: Sequence[tuple[str, Any]]) -> str:
    """Return a call with the names of all values, also of those given by position."""
    texts = (f"{key}={_format_value(value)}" for key, value in values)
    return round_fractions(" ".join([word, *texts]))


def _format_value(value: Any) -> str:
    if isinstance(value, ValueRef):
        return f"@{value.tap or value.name}"
    if isinstance(value, GivenLayers):
        return value.text
    return format_value(value) if isinstance(value, int | float | str | tuple | Interval) else "?"


def round_fractions(plain: str) -> str:
    """Round fractions of four and more digits to three significant ones: `drop_path 0.00588`."""
    return re.sub(r"\d+\.\d{4,}", lambda number: f"{float(number[0]):.3g}", plain)
