"""The names of one level of a spec: its values, blocks, taps, labels and defaults."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from specnet.graph import ValueRef
from specnet.naming import is_reserved
from specnet.records import Record
from specnet.source import Span
from specnet.syntax import tree

ValueName = str | None
"""The name of a value of the network; None where it is unknown, or there is none yet."""


class Unset:
    """The value of a name whose expression depends on an unknown shape."""


UNSET = Unset()

ARRIVING = "in"
"""The tap of the value that reaches a block: `@in`."""


@dataclass(eq=False, repr=False)
class LineLabel:
    """The label of a line, a name that is taken for its first node; the others add their kind to it."""

    text: str
    taken: bool = False


class Default(Record):
    """The value that `default KIND KEY=VALUE` gives a field, and where it does."""

    value: Any
    span: Span


Defaults = dict[str, dict[str, Default]]
"""Defaults by the kind of layer and the field."""


class DefinedBlock(Record):
    """A block, the scope of its definition, and the defaults there, which its lines follow."""

    block: tree.Block
    home: Scope
    defaults: Defaults
    is_parameter: bool = False
    """Whether it holds the layers that a call gives, or the defaults of the parameter that stands for them."""

    def make_scope(self, name: str, active: tuple[str, ...], trace: tuple[Span, ...] = ()) -> Scope:
        """Return the scope of a call with this name; `active` are the blocks being called, `trace` their calls."""
        defaults = {kind: dict(fields) for kind, fields in self.defaults.items()}
        is_block = not self.is_parameter  # given layers see the taps of the place where they are written, too
        return Scope(f"{name}.", self.home, is_block, trace=trace, active=active, defaults=defaults)


class Renaming(Record):
    """Where a tap is named again within braces, and the head of the loop whose braces these are."""

    span: Span
    loop: Span | None


@dataclass(eq=False, repr=False)
class Scope:
    """The names of one level: the file, a block's call, one repetition."""

    path: str = ""
    parent: Scope | None = None
    is_block: bool = False
    single_call: bool = False
    """Whether this is a repetition of a single call, whose nodes take the name of the repetition."""
    loop: Span | None = None
    """The head of the loop of which this is a turn."""
    is_carrying: bool = False
    """Whether this is around a turn, and holds the taps that are carried from one turn to the next."""
    trace: tuple[Span, ...] = ()
    active: tuple[str, ...] = ()
    """The names of the blocks being called, outermost first."""
    variables: dict[str, Any] = field(default_factory=dict)
    blocks: dict[str, DefinedBlock] = field(default_factory=dict)
    defaults: Defaults = field(default_factory=dict)
    """The defaults so far of its own lines; of a block, also those where it is defined."""
    rounding: Default | None = None
    """What `round floor` says."""
    taps: dict[str, str | None] = field(default_factory=dict)
    reserved: set[str] = field(default_factory=set)
    """The names that its lines give, those further down included."""
    given: dict[str, tree.Name] = field(default_factory=dict)
    """The labels, inputs and heads so far, by the names that they give."""
    labelled: dict[str, tuple[tree.Chain, list[str]]] = field(default_factory=dict)
    calls: dict[str, tuple[str, Scope | None] | None] = field(default_factory=dict)
    """The blocks that labelled lines call, and the scopes of these calls, None where their lines are not walked.

    The label of a line that calls several blocks stands for none of them.
    """
    renamed: dict[str, Renaming] = field(default_factory=dict)
    """The taps that are named again within braces, and where."""
    names: set[str] = field(default_factory=set)
    """The names of its inputs, nodes and blocks, without its path."""
    counts: Counter[str] = field(default_factory=Counter)
    """The number of elements with each word so far."""
    numbers: dict[str, int] = field(default_factory=dict)
    """The last number that was put behind each word; lower ones are taken."""

    def set_variable(self, name: str, given: Any) -> None:
        """Give a name to what an expression stands for; a value of the network is known as `@name`, too."""
        self.variables[name] = given
        if given is UNSET or isinstance(given, ValueRef):
            self.taps[name] = given.name if isinstance(given, ValueRef) else None

    def name_tap(self, name: str, value: ValueName, span: Span) -> None:
        """Name a value; a value of that name around the braces is not replaced, which readers of it are told."""
        self.taps[name] = value
        around = [scope for scope in self._within_block() if scope is not self and name in scope.taps]
        if around and not (self.is_block or around[0].is_carrying):
            around[0].renamed.setdefault(name, Renaming(span, self.loop))

    def find_renamed_tap(self, name: str) -> Renaming | None:
        """Return the place within braces where the value that `@name` means here has lost its name to another."""
        owner = next((scope for scope in self._within_block() if name in scope.taps), None)
        return owner.renamed.get(name) if owner else None

    def copy(self) -> Scope:
        """Return a copy, for lines that may or may not be walked."""
        scope = object.__new__(Scope)
        for name, value in vars(self).items():
            setattr(scope, name, value.copy() if isinstance(value, dict | set) else value)
        return scope

    def absorb(self, copy: Scope) -> None:
        """Take over the names of a copy; the values of its taps and variables are unknown."""
        self.taps = dict.fromkeys(copy.taps) | self.taps
        self.variables = dict.fromkeys(copy.variables, UNSET) | self.variables
        self.blocks |= copy.blocks
        self.labelled |= copy.labelled
        self.given |= copy.given
        self.calls |= copy.calls
        self.names |= copy.names

    def make_inner(self, name: str, single_call: bool = False, loop: Span | None = None) -> Scope:
        """Return a scope below this one, whose nodes are called NAME.…; that of a turn has the head of its `loop`."""
        return Scope(f"{self.path}{name}.", self, False, single_call, loop, trace=self.trace, active=self.active)

    def make_carrying(self, taps: dict[str, ValueName]) -> Scope:
        """Return a scope between this one and a turn of a loop, in which the carried taps name these values."""
        return Scope(self.path, self, is_carrying=True, trace=self.trace, active=self.active, taps=taps)

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

    def find_variable(self, name: str) -> tuple[bool, Any]:
        """Return whether a name has a value here, and the value."""
        for scope in self._outwards():
            if name in scope.variables:
                return True, scope.variables[name]
        return False, None

    def find_block(self, name: str) -> DefinedBlock | None:
        """Return the block of a name."""
        return next((scope.blocks[name] for scope in self._outwards() if name in scope.blocks), None)

    def collect_defaults(self, kind: str) -> dict[str, Default]:
        """Return the defaults of a kind by field; inner scopes override outer ones."""
        found: dict[str, Default] = {}
        for scope in self._within_block():
            found = scope.defaults.get(kind, {}) | found
        return found

    def define_block(self, block: tree.Block) -> DefinedBlock:
        """Define a block here, with the defaults of this place."""
        defined = self.blocks[block.name.text] = self.make_definition(block)
        return defined

    def make_definition(self, block: tree.Block, is_parameter: bool = False) -> DefinedBlock:
        """Return a block that sees the names and the defaults of this place."""
        kinds = {kind for scope in self._within_block() for kind in scope.defaults}
        return DefinedBlock(block, self, {kind: self.collect_defaults(kind) for kind in kinds}, is_parameter)

    def find_rounding(self) -> Default | None:
        """Return the rounding of the file, of which blocks are parts."""
        return next((scope.rounding for scope in self._outwards() if scope.rounding), None)

    def find_tap(self, name: str) -> tuple[bool, str | None]:
        """Return whether `@name` names a value here, and the value. A block sees its own taps only."""
        for scope in self._within_block():
            if name in scope.taps:
                return True, scope.taps[name]
        label, dot, inner = name.partition(".")
        call = self.find_call(label) if dot else None
        if call is None:
            return False, None
        return call[1].find_own_tap(inner) if call[1] else (True, None)

    def find_own_tap(self, name: str) -> tuple[bool, str | None]:
        """Return whether `@name` names a value within this block, and the value."""
        return (False, None) if name == ARRIVING else self.find_tap(name)

    def find_call(self, label: str) -> tuple[str, Scope | None] | None:
        """Return the block that the line with a label calls, and the scope of the call."""
        return next((scope.calls[label] for scope in self._within_block() if label in scope.calls), None)

    def record_call(self, label: str, block: str, scope: Scope | None) -> None:
        """Record the block that a labelled line calls; the label of a line with several calls stands for none."""
        self.calls[label] = None if label in self.calls else (block, scope)

    def find_labelled(self, label: str) -> Scope | None:
        """Return the scope of the line with a label."""
        return next((scope for scope in self._within_block() if label in scope.labelled), None)

    def visible_labels(self) -> Iterator[str]:
        return (label for scope in self._within_block() for label in scope.labelled)

    def own_taps(self) -> list[str]:
        """Return the names of the values within this block."""
        return [name for name in self.taps if name != ARRIVING]

    def visible_names(self) -> Iterator[str]:
        return (name for scope in self._outwards() for name in scope.variables)

    def visible_taps(self) -> Iterator[str]:
        return (name for scope in self._within_block() for name in scope.taps)

    def visible_calls(self) -> Iterator[tuple[str, tuple[str, Scope | None]]]:
        return ((label, call) for scope in self._within_block() for label, call in scope.calls.items() if call)

    def visible_blocks(self) -> Iterator[str]:
        return (name for scope in self._outwards() for name in scope.blocks)

    def take_name(self, word: str, label: LineLabel | None) -> str:
        """Take a new name for a node or block of this scope, below the scope's path."""
        self.counts[word] += 1
        if label and not label.taken:
            label.taken = True
            return self.path + label.text
        if label:
            return self.path + self._take_numbered(f"{label.text}_{word}", first=1)
        return self.path + self._take_numbered(word, first=self.counts[word], always=True)

    def _take_numbered(self, stem: str, first: int, always: bool = False) -> str:
        """Take the stem with the lowest number from `first` on that makes it new; 1 is written only if `always`."""
        mark = "_" if always and stem[-1].isdigit() else ""
        number = max(first, self.numbers.get(stem, 0) + 1)
        while not self._is_free(name := f"{stem}{mark}{number}" if always or number > 1 else stem):
            number += 1
        self.numbers[stem] = number
        self.names.add(name)
        return name

    def _is_free(self, name: str) -> bool:
        return name not in self.names and name not in self.reserved and not is_reserved(name)
