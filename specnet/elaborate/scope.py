"""The names that a line sees, and the names that its nodes get."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from specnet.source import Span
from specnet.syntax import tree

ValueName = str | None
"""The name of a value of the network; None where it is unknown, or there is none yet."""


class Unset:
    """The value of a name whose expression depends on an unknown shape."""


UNSET = Unset()


@dataclass
class LineLabel:
    """The label of a line: its first node takes it as its name, the others add their kind to it."""

    text: str
    taken: bool = False


@dataclass(frozen=True)
class Default:
    """The value that `default KIND KEY=VALUE` gives a field, and where it does."""

    value: Any
    span: Span


@dataclass
class Scope:
    """The names of one level: the file, a block's call, one repetition."""

    path: str = ""
    parent: Scope | None = None
    is_block: bool = False
    single_call: bool = False
    """Whether this is a repetition of a single call, whose nodes take the name of the repetition."""
    trace: tuple[Span, ...] = ()
    active: tuple[str, ...] = ()
    """The names of the blocks being called, outermost first."""
    variables: dict[str, Any] = field(default_factory=dict)
    blocks: dict[str, tuple[tree.Block, Scope]] = field(default_factory=dict)
    defaults: dict[str, dict[str, Default]] = field(default_factory=dict)
    taps: dict[str, str | None] = field(default_factory=dict)
    reserved: set[str] = field(default_factory=set)
    """The labels of all its lines, those further down included."""
    labels: dict[str, tree.Name] = field(default_factory=dict)
    labelled: dict[str, tuple[tree.Chain, list[str]]] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)
    counts: Counter[str] = field(default_factory=Counter)

    def inner(self, name: str, single_call: bool = False) -> Scope:
        """Return a scope below this one, whose nodes are called NAME.…"""
        return Scope(f"{self.path}{name}.", self, False, single_call, self.trace, self.active)

    def _outwards(self) -> Iterator[Scope]:
        scope: Scope | None = self
        while scope:
            yield scope
            scope = scope.parent

    def _within_block(self) -> Iterator[Scope]:
        for scope in self._outwards():
            yield scope
            if scope.is_block:
                return

    def variable(self, name: str) -> tuple[bool, Any]:
        """Return whether a name has a value here, and the value."""
        for scope in self._outwards():
            if name in scope.variables:
                return True, scope.variables[name]
        return False, None

    def block(self, name: str) -> tuple[tree.Block, Scope] | None:
        return next((scope.blocks[name] for scope in self._outwards() if name in scope.blocks), None)

    def defaults_of(self, kind: str) -> dict[str, Default]:
        """Return the defaults of a kind by field; inner scopes override outer ones."""
        found: dict[str, Default] = {}
        for scope in self._outwards():
            found = scope.defaults.get(kind, {}) | found
        return found

    def tap(self, name: str) -> tuple[bool, str | None]:
        """Return whether `@name` names a value here, and the value. A block sees its own taps only."""
        for scope in self._within_block():
            if name in scope.taps:
                return True, scope.taps[name]
        return False, None

    def visible_names(self) -> list[str]:
        return [name for scope in self._outwards() for name in scope.variables]

    def visible_taps(self) -> list[str]:
        return [name for scope in self._within_block() for name in scope.taps]

    def visible_blocks(self) -> list[str]:
        return [name for scope in self._outwards() for name in scope.blocks]

    def name_for(self, word: str, label: LineLabel | None) -> str:
        """Take a new name for a node or block of this scope, below the scope's path."""
        self.counts[word] += 1
        if label and not label.taken:
            label.taken = True
            name = label.text
        elif label:
            name = self._free(f"{label.text}_{word}", first=1)
        else:
            name = self._free(word, first=self.counts[word], numbered=True)
        self.names.add(name)
        return self.path + name

    def _free(self, stem: str, first: int, numbered: bool = False) -> str:
        """Return the stem with the first number that makes it new in the scope; without one where it is new already."""
        number, mark = first, "_" if numbered and stem[-1].isdigit() else ""
        while (
            name := f"{stem}{mark}{number}" if numbered or number > 1 else stem
        ) in self.names or name in self.reserved:
            number += 1
        return name
