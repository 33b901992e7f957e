"""The context of an element of a spec: the names in scope, its label, and the network that it adds to."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from specnet.diagnostics import Code, Diagnostic, Label
from specnet.elaborate.graph_builder import GraphBuilder
from specnet.foreign import find_closest_word
from specnet.graph import ValueRef
from specnet.layers.base import format_shape
from specnet.naming import escape_name, is_reserved
from specnet.source import Source, Span
from specnet.syntax import tree
from specnet.syntax.expressions import EvaluationError, Lookup, UndefinedName, UndefinedTap, UnknownShape, evaluate

ValueName = str | None
"""The name of a value of the network; None where it is unknown, or there is none yet."""

Read = Callable[[str, Span], Source]
"""A function that reads a file named by `use`, relative to the file of the span; raises CannotRead."""

SHAPE_NAMES = "HWC"
"""The names of the height, width and channels of a layer's input."""

MOST_COMPARED = 500_000
"""The letters of names that are compared with misspelt ones in one check, which takes about a second."""


class CannotRead(Exception):
    """A file that `use` names cannot be read, for the reason in the message."""


class Unset:
    """The value of a name whose expression depends on an unknown shape."""


UNSET = Unset()


@dataclass
class LineLabel:
    """The label of a line, a name that is taken for its first node; the others add their kind to it."""

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
    """The names that its lines give, those further down included."""
    given: dict[str, tree.Name] = field(default_factory=dict)
    """The labels, inputs and heads so far, by the names that they give."""
    labelled: dict[str, tuple[tree.Chain, list[str]]] = field(default_factory=dict)
    renamed: dict[str, Span] = field(default_factory=dict)
    """The taps that are named again within braces, and where."""
    names: set[str] = field(default_factory=set)
    """The names of its inputs, nodes and blocks, without its path."""
    counts: Counter[str] = field(default_factory=Counter)
    """The number of elements with each word so far."""
    numbers: dict[str, int] = field(default_factory=dict)
    """The last number that was put behind each word; lower ones are taken."""

    def name_tap(self, name: str, value: ValueName, span: Span) -> None:
        """Name a value; a value of that name around the braces is not replaced, which readers of it are told."""
        self.taps[name] = value
        around = [scope for scope in self._within_block() if scope is not self and name in scope.taps]
        if around and not self.is_block:
            around[0].renamed.setdefault(name, span)

    def find_renamed_tap(self, name: str) -> Span | None:
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
        self.names |= copy.names

    def make_inner(self, name: str, single_call: bool = False) -> Scope:
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

    def find_variable(self, name: str) -> tuple[bool, Any]:
        """Return whether a name has a value here, and the value."""
        for scope in self._outwards():
            if name in scope.variables:
                return True, scope.variables[name]
        return False, None

    def find_block(self, name: str) -> tuple[tree.Block, Scope] | None:
        """Return the block of a name, and the scope of its definition."""
        return next((scope.blocks[name] for scope in self._outwards() if name in scope.blocks), None)

    def collect_defaults(self, kind: str) -> dict[str, Default]:
        """Return the defaults of a kind by field; inner scopes override outer ones."""
        found: dict[str, Default] = {}
        for scope in self._outwards():
            found = scope.defaults.get(kind, {}) | found
        return found

    def find_tap(self, name: str) -> tuple[bool, str | None]:
        """Return whether `@name` names a value here, and the value. A block sees its own taps only."""
        for scope in self._within_block():
            if name in scope.taps:
                return True, scope.taps[name]
        return False, None

    def visible_names(self) -> Iterator[str]:
        return (name for scope in self._outwards() for name in scope.variables)

    def visible_taps(self) -> Iterator[str]:
        return (name for scope in self._within_block() for name in scope.taps)

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


@dataclass(frozen=True)
class Walker:
    """The functions of `walk.py`, for the modules that it imports to walk lines and elements within braces."""

    walk_lines: Callable[[tree.Lines, Context, ValueName], ValueName]
    walk_element: Callable[[tree.Element, Context, ValueName], ValueName]


@dataclass
class UsedFiles:
    """The files of blocks that a spec uses, each of which is read once."""

    read: Read
    spec: Source
    homes: dict[Source, Scope] = field(default_factory=dict)
    """The top level of each file."""

    def __post_init__(self) -> None:
        self._found = {os.path.realpath(self.spec.name): self.spec}

    @property
    def sources(self) -> tuple[Source, ...]:
        """The files in the order in which they were read."""
        return tuple(self._found.values())[1:]

    @property
    def length(self) -> int:
        """The characters of all files."""
        return sum(len(source.text) for source in self.sources)

    def find(self, path: str, span: Span) -> Source:
        """Return the file that `use` names at a place; raises CannotRead."""
        name = os.path.realpath(Path(span.source.name).parent / path)
        if name not in self._found:
            self._found[name] = self.read(path, span)
        return self._found[name]


@dataclass
class BlockUse:
    """The blocks that are defined, with the scopes of their definitions, and the definitions that are called."""

    defined: list[tuple[tree.Block, Scope]] = field(default_factory=list)
    called: set[Span] = field(default_factory=set)

    def take_uncalled(self, source: Source) -> Iterator[tuple[tree.Block, Scope]]:
        """Yield each block of a file that is not called, those that are defined meanwhile too."""
        while self.defined:
            block, home = self.defined.pop(0)
            if block.span.source is source and block.span not in self.called:
                self.called.add(block.span)
                yield block, home


@dataclass(frozen=True)
class Context:
    """The state that the functions of this package share; each also takes the name of the value that reaches it."""

    graph: GraphBuilder
    walker: Walker
    files: UsedFiles
    blocks: BlockUse
    overrides: dict[str, tree.Expression]
    """The overrides that no line has taken yet."""
    scope: Scope = field(default_factory=Scope)
    label: LineLabel | None = None
    depth: int = 0
    """Blocks and braces around this place."""
    open_files: tuple[Source, ...] = ()
    """The files being walked, the spec's own first."""
    originals: Iterator[str] | None = None
    """While `same` repeats a line: the nodes whose weights the next nodes share."""
    is_uncalled: bool = False
    """Whether this is in a block that nobody calls, whose values are unknown."""

    def replace(self, **fields: Any) -> Context:
        """Return a copy with other values of some fields, four times as fast as `dataclasses.replace`."""
        context = object.__new__(Context)
        context.__dict__.update(self.__dict__, **fields)
        return context

    def within(self, scope: Scope) -> Context:
        """Return a copy with another scope."""
        return self.replace(scope=scope)

    def with_label(self, label: LineLabel | None) -> Context:
        """Return a copy with the label of a line."""
        return self if label is self.label else self.replace(label=label)

    def take_name(self, word: str) -> str:
        """Take a new name for a node or block called with a word here."""
        return self.scope.take_name(word, self.label)

    def take_label(self, name: tree.Name, what: str) -> LineLabel | None:
        """Take the name that a label, an input or a head gives; None, after a report, if it is taken."""
        scope, text = self.scope, escape_name(name.text)
        if text in scope.names:
            first = scope.given.get(text)
            places = [Label(first.span, "first here", primary=False)] if first else []
            self.report(Code.E103, f"the {what} `{name.text}` is taken", name.span, *places)
            return None
        scope.names.add(text)
        scope.given[text] = name
        self.declare(name.text, name.span)
        return LineLabel(text)

    def walk(self, lines: tree.Lines, value: ValueName) -> ValueName:
        """Return the value after some lines; raises LimitExceeded."""
        return self.walker.walk_lines(lines, self, value)

    # Diagnostics

    def report(self, code: Code, message: str, *places: Span | Label, help: str = "", meant: str = "") -> None:
        """Report an error that does not depend on the call that leads here."""
        self.graph.log.report(code, message, *places, help=help, meant=meant)

    def report_in_call(self, code: Code, message: str, *places: Span | Label, help: str = "", meant: str = "") -> None:
        """Report an error that may depend on the calls and repetitions that lead here, and show them."""
        self.graph.log.report(code, message, *places, help=help, trace=self.scope.trace, meant=meant)

    def add_diagnostics(self, diagnostics: list[Diagnostic], trace: tuple[Span, ...] = ()) -> None:
        """Add diagnostics; those without a trace get `trace`."""
        for diagnostic in diagnostics:
            self.graph.log.add(diagnostic, trace)

    def declare(self, name: str, span: Span) -> None:
        """Record where a name is declared, for messages about names that resemble it."""
        self.graph.log.declared[name] = span

    # Values

    def evaluate(self, expression: tree.Expression, value: ValueName) -> Any:
        """Return the value of an expression; UNSET if it is unknown, or if it has none, which is reported."""
        try:
            return evaluate(expression, self.lookup(value))
        except UnknownShape:
            return UNSET
        except EvaluationError as error:
            self.report_no_value(error)
            return UNSET

    def suggest(self, word: str, possible: Iterable[str]) -> str:
        """Return the possible word that is probably meant, "" for none; a check with very many errors stops asking."""
        graph = self.graph
        if graph.compared > MOST_COMPARED:
            return ""
        words = tuple(possible)
        graph.compared += len(word) + sum(map(len, words))
        return find_closest_word(word, words)

    def report_no_value(self, error: EvaluationError) -> None:
        """Report that an expression has no value."""
        self.report_in_call(error.code, error.message, error.span, meant=error.meant)

    def lookup(self, value: ValueName) -> Lookup:
        """Return a function that looks up variables, taps, and C, H and W of the value that reaches this place."""

        def look_up(name: tree.Name | tree.Tap) -> Any:
            if isinstance(name, tree.Tap):
                return self._look_up_tap(name)
            is_known, variable = self.scope.find_variable(name.text)
            if is_known:
                if variable is UNSET:
                    raise UnknownShape
                return variable
            if name.text in SHAPE_NAMES:
                return self._look_up_size(name, value)
            meant = self.suggest(name.text, self.scope.visible_names())
            raise UndefinedName(f"`{name.text}` has no value here", name.span, meant)

        return look_up

    def _look_up_tap(self, tap: tree.Tap) -> ValueRef:
        is_known, value = self.scope.find_tap(tap.name)
        if not is_known:
            meant = self.suggest(tap.name, self.scope.visible_taps())
            raise UndefinedTap(f"no value above is named `@{tap.name}`", tap.span, meant and f"@{meant}")
        if renamed := self.scope.find_renamed_tap(tap.name):
            inner = Label(renamed, "this value has the name within its braces only", primary=False)
            message = f"`@{tap.name}` is still the value from before the braces in which it is named again"
            self.report_in_call(Code.E202, message, tap.span, inner, help="give one of the two values another name")
        if value is None or renamed:
            raise UnknownShape
        return ValueRef(value, tap.name)

    def _look_up_size(self, name: tree.Name, value: ValueName) -> int:
        if not self.graph.inputs and not self.graph.has_gaps:
            raise UndefinedName(f"there is no input here yet, so `{name.text}` has no value", name.span)
        shape = self.graph.shapes[value] if value is not None else None
        if shape is None:
            raise UnknownShape
        if len(shape) == 1 and name.text != "C":
            vector = f"a vector of {format_shape(shape)}"
            raise UndefinedName(f"the input is {vector}, which has no `{name.text}`", name.span)
        return shape[SHAPE_NAMES.index(name.text)] if len(shape) == 3 else shape[0]
