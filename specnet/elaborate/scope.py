"""Where a line stands: which names it sees, which names it gives."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from specnet.source import Span
from specnet.syntax import tree

Value = str | None
"""The name of the value that arrives; None where it is unknown, or nothing has arrived yet."""


class Unset:
    """The value of a name whose expression depends on an unknown shape."""


UNSET = Unset()


@dataclass
class Label:
    """The label of a line: the first node takes it, the following ones add their kind to it."""

    text: str
    taken: bool = False


@dataclass(frozen=True)
class Default:
    """What `default KIND KEY=VALUE` says of a field."""

    value: Any
    span: Span


@dataclass
class Scope:
    """The names that are seen and given at one level: the file, a block's call, one repetition."""

    path: str = ""
    parent: Scope | None = None
    is_block: bool = False
    single_call: bool = False
    """A repetition of one call: a block that is called there takes the repetition's name."""
    trace: tuple[Span, ...] = ()
    active: tuple[str, ...] = ()
    """The blocks that are being called, outermost first."""
    variables: dict[str, Any] = field(default_factory=dict)
    blocks: dict[str, tuple[tree.Block, Scope]] = field(default_factory=dict)
    defaults: dict[str, dict[str, Default]] = field(default_factory=dict)
    taps: dict[str, str | None] = field(default_factory=dict)
    reserved: set[str] = field(default_factory=set)
    """The labels of all its lines, also of those that are still to come."""
    labels: dict[str, tree.Name] = field(default_factory=dict)
    labelled: dict[str, tuple[tree.Chain, list[str]]] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)
    counts: Counter[str] = field(default_factory=Counter)

    def inner(self, name: str, single_call: bool = False) -> Scope:
        """A repetition below this scope, whose nodes are called NAME.…"""
        return Scope(f"{self.path}{name}.", self, False, single_call, self.trace, self.active)

    def _outwards(self) -> Iterator[Scope]:
        scope: Scope | None = self
        while scope:
            yield scope
            scope = scope.parent

    def variable(self, name: str) -> tuple[bool, Any]:
        """Whether a name has a value here, and which."""
        for scope in self._outwards():
            if name in scope.variables:
                return True, scope.variables[name]
        return False, None

    def block(self, name: str) -> tuple[tree.Block, Scope] | None:
        return next((scope.blocks[name] for scope in self._outwards() if name in scope.blocks), None)

    def default(self, kind: str) -> dict[str, Default]:
        """The defaults of a kind that hold here, inner ones first."""
        found: dict[str, Default] = {}
        for scope in self._outwards():
            found = scope.defaults.get(kind, {}) | found
        return found

    def tap(self, name: str) -> tuple[bool, str | None]:
        """Whether `@name` is given here, and the value it names. A block sees its own taps only."""
        for scope in self._outwards():
            if name in scope.taps:
                return True, scope.taps[name]
            if scope.is_block:
                break
        return False, None

    def visible_names(self) -> list[str]:
        return [name for scope in self._outwards() for name in scope.variables]

    def visible_taps(self) -> list[str]:
        found = list[str]()
        for scope in self._outwards():
            found += scope.taps
            if scope.is_block:
                break
        return found

    def visible_blocks(self) -> list[str]:
        return [name for scope in self._outwards() for name in scope.blocks]

    def name_for(self, word: str, label: Label | None) -> str:
        """A name for the next node or block of this scope, with the scope's path before it."""
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
        """The stem with the first number that no other name of the scope has; without one if it need not."""
        number, mark = first, "_" if numbered and stem[-1].isdigit() else ""
        while (
            name := f"{stem}{mark}{number}" if numbered or number > 1 else stem
        ) in self.names or name in self.reserved:
            number += 1
        return name
