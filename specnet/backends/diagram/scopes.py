"""Blocks, repetitions and heads: which of them a layer stands in, and what each was written as."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from itertools import accumulate
from typing import Any

from specnet.attributes import Interval
from specnet.backends.diagram.label import rounded
from specnet.graph import ModuleScope, Network, ValueRef
from specnet.printer.values import format_value

REPETITIONS = ("repeat", "for")


class Scopes:
    """The scopes of a network by name, heads among them, as they hold their layers in the same way."""

    def __init__(self, network: Network) -> None:
        self._scopes = {head.name: ModuleScope("head") for head in network.heads} | dict(network.scopes)
        self._inside: dict[str, list[ModuleScope]] = defaultdict(list)
        self._rounds: dict[str, set[str]] = defaultdict(set)
        for name, scope in self._scopes.items():
            self._inside[name.rpartition(".")[0]].append(scope)
        for node in network.nodes:
            for around in self.around(node.name):
                self._rounds[around].add(node.name[len(around) + 1 :].partition(".")[0])

    def __contains__(self, name: str) -> bool:
        return name in self._scopes

    def around(self, name: str) -> list[str]:
        """The scopes that a layer or a scope stands in, outermost first."""
        parents = accumulate(name.split(".")[:-1], lambda path, part: f"{path}.{part}")
        return [parent for parent in parents if parent in self._scopes]

    def called(self, name: str) -> str:
        """What a scope was written as: `bottleneck K=64`, `inception 64 96 128 16 32 32`, `3 × bottleneck K=64`."""
        scope = self._scopes[name]
        if scope.word not in REPETITIONS:
            return _call(scope.word, scope.values)
        rounds, inside = len(self._rounds[name]), self._inside[name]
        if len(inside) != rounds or len({each.word for each in inside}) != 1:
            return f"{rounds} ×"
        common = [pair for pair in inside[0].values if all(pair in each.values for each in inside)]
        call = _call(inside[0].word, common)
        return call if rounds == 1 else f"{rounds} × {call}"


def short(name: str, scope: str) -> str:
    """The name as it reads within a scope: conv2 for layer1.0.conv2; but no name is a mere number."""
    within = name.removeprefix(f"{scope}.")
    return name if within.isdigit() else within


def _call(word: str, values: Sequence[tuple[str, Any]]) -> str:
    """Letters have their names, as in a layer, and what stands beside them; other values speak for themselves."""
    has_letters = any(key.isupper() for key, _ in values)
    said = (f"{key}={_value(value)}" if has_letters else _value(value) for key, value in values)
    return rounded(" ".join([word, *said]))


def _value(value: Any) -> str:
    if isinstance(value, ValueRef):
        return f"@{value.name}"
    return format_value(value) if isinstance(value, int | float | str | tuple | Interval) else "?"
