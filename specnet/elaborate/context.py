"""The context of an element of a spec: the names in scope, its label, and the network that it adds to."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NoReturn

from specnet.diagnostics import Code, Diagnostic, Edit, Fix, Label, make_diagnostic, make_replacement
from specnet.elaborate.graph_builder import GraphBuilder
from specnet.elaborate.scope import UNSET, DefinedBlock, LineLabel, Renaming, Scope, ValueName
from specnet.foreign import find_closest_word
from specnet.graph import ValueRef
from specnet.layers.base import format_shape
from specnet.layers.base.axes import LETTERS
from specnet.layers.base.shapes import NOUNS
from specnet.naming import escape_name
from specnet.records import Record
from specnet.source import Source, Span
from specnet.syntax import tree
from specnet.syntax.expressions import (
    EvaluationError,
    Lookup,
    UndefinedName,
    UndefinedTap,
    UnknownShape,
    UnknownWord,
    evaluate,
    evaluate_or_quote,
    find_constant,
)

Read = Callable[[str, Span], Source]
"""A function that reads a file named by `use`, relative to the file of the span; raises CannotRead."""

SHAPE_NAMES = "HWCL"
"""The names of the height, width, channels and length of a layer's input."""

MOST_COMPARED = 500_000
"""The letters of names that are compared with misspelt ones in one check, which takes about a second."""


class CannotRead(Exception):
    """A file that `use` names cannot be read, for the reason in the message."""


class Walker(Record):
    """The functions of `walk.py`, for the modules that it imports to walk lines and elements within braces."""

    walk_lines: Callable[[tree.Lines, Context, ValueName], ValueName]
    walk_element: Callable[[tree.Element, Context, ValueName], ValueName]


@dataclass(eq=False, repr=False)
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


@dataclass(eq=False, repr=False)
class BlockUse:
    """The blocks that are defined, and the definitions that are called."""

    defined: list[DefinedBlock] = field(default_factory=list)
    called: set[Span] = field(default_factory=set)

    def take_uncalled(self, source: Source) -> Iterator[DefinedBlock]:
        """Yield each block of a file that is not called, those that are defined meanwhile too."""
        while self.defined:
            defined = self.defined.pop(0)
            span = defined.block.span
            if span.source is source and span not in self.called:
                self.called.add(span)
                yield defined


class Context(Record):
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

    def report_in_call(
        self, code: Code, message: str, *places: Span | Label, help: str = "", meant: str = "", is_certain: bool = True
    ) -> None:
        """Report an error that may depend on the calls and repetitions that lead here, and show them."""
        trace = self.scope.trace
        self.graph.log.report(code, message, *places, help=help, trace=trace, meant=meant, is_certain=is_certain)

    def add_diagnostics(self, diagnostics: list[Diagnostic], trace: tuple[Span, ...] = ()) -> None:
        """Add diagnostics; those without a trace get `trace`."""
        for diagnostic in diagnostics:
            self.graph.log.add(diagnostic, trace)

    def declare(self, name: str, span: Span) -> None:
        """Record where a name is declared, for messages about names that resemble it."""
        self.graph.log.declared[name] = span

    # Values

    def evaluate(self, expression: tree.Expression, value: ValueName, admits_text: bool = False) -> Any:
        """Return the value of an expression; UNSET if it is unknown, or if it has none, which is reported."""
        try:
            return (evaluate_or_quote if admits_text else evaluate)(expression, self.lookup(value))
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
        self.report_in_call(error.code, error.message, error.span, help=error.help, meant=error.meant)

    def lookup(self, value: ValueName) -> Lookup:
        """Return a function that looks up variables, taps, and C, H, W and L of the value that reaches this place."""

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
            meant = self._find_meant_value(name.text)
            raise UnknownWord(f"`{name.text}` has no value here", name.span, meant)

        return look_up

    def _find_meant_value(self, name: str) -> str:
        """Return `yes` for `True`, the tap or size of this name, its size elsewhere, or a variable like it."""
        from specnet.foreign.words import translate_word

        if constant := find_constant(name):
            return constant
        tap, _, size = name.rpartition(".")
        if self.scope.find_tap(name)[0] or (size in SHAPE_NAMES and self.scope.find_tap(tap)[0]):
            return f"@{name}"
        return translate_word(name, tuple(SHAPE_NAMES)) or self.suggest(name, self.scope.visible_names())

    def _look_up_tap(self, tap: tree.Tap) -> ValueRef | int:
        """Return the value that `@x` names, or the size `@x.C` of it."""
        name, _, size = tap.name.rpartition(".")
        if name and size in SHAPE_NAMES:
            return self._find_size(f"`@{name}`", size, self.find_tap(name, tap.span), tap.span)
        return ValueRef(self.find_tap(tap.name, tap.span), tap.name)

    def find_tap(self, name: str, span: Span) -> str:
        """Return the value with a name.

        Raises UndefinedTap, and UnknownShape where the value is unknown or another error is reported.
        """
        is_known, value = self.scope.find_tap(name)
        if not is_known:
            self._refuse_tap(name, span)
        if renamed := self.scope.find_renamed_tap(name):
            self._report_renamed(name, span, renamed)
        if value is None or renamed:
            raise UnknownShape
        return value

    def _refuse_tap(self, name: str, span: Span) -> NoReturn:
        """Raise UndefinedTap, or UnknownShape after a report that says more."""
        if "." in name or name in tree.RESERVED_TAPS:
            from specnet.elaborate.tap_errors import explain_dotted, explain_reserved

            label = name.partition(".")[0]
            is_known = self.scope.find_tap(label)[0] or label in self.scope.given or self.scope.find_block(label)
            if "." in name and not is_known and (named := self._find_inner_tap(label, span)):
                self._report_inner_tap(name, span, named)
                raise UnknownShape
            if "." in name:
                found = explain_dotted(name, span, self.scope, self.suggest)
            else:
                found = explain_reserved(name, span, self.scope)
            self.add_diagnostics([found], self.scope.trace)
            raise UnknownShape
        if named := self._find_inner_tap(name, span):
            self._report_inner_tap(name, span, named)
            raise UnknownShape
        meant = self.suggest(name, self.scope.visible_taps())
        raise UndefinedTap(f"no value above is named `@{name}`", span, meant and f"@{meant}")

    def _report_renamed(self, name: str, span: Span, renamed: Renaming) -> None:
        """Report a tap that may be meant to be another one, once for each place where that one is named."""
        if renamed.loop:  # each turn reads it, and the lines below
            if renamed.span in self.graph.log.reported:
                return
            self.graph.log.reported.add(renamed.span)
        inner = Label(renamed.span, "this value has the name within its braces only", primary=False)
        message = f"`@{name}` is still the value from before the braces in which it is named again"
        ways, fixes = "give one of the two values another name", []
        if renamed.loop:
            ways += f", or let each turn of the loop take up what the turn before named: `carry @{name}`"
            end = replace(renamed.loop, start=renamed.loop.end)
            fixes = [Fix(f"carry @{name}", (Edit(end, f" carry @{name}"),))]
        found = make_diagnostic(Code.E202, message, span, inner, help=ways, fixes=fixes)
        self.add_diagnostics([found], self.scope.trace)

    def _find_inner_tap(self, name: str, span: Span) -> Span | None:
        """Return where a tap or label above names a value of this name within braces that are closed here."""
        named = self.graph.log.declared.get(name)
        if named is None or named.source is not span.source or named.start > span.start:
            return None
        is_label = named.source.text[named.end :].lstrip().startswith(":")
        return named if is_label or named.text.startswith("@") else None

    def _report_inner_tap(self, name: str, span: Span, named: Span) -> None:
        """Report a tap that is named within braces; at their end, it can be named behind them instead."""
        message = f"`@{name}` is named within braces, and cannot be read behind them"
        label = Label(named, "named here", primary=False)
        last = re.compile(r"\s*->\s*$").search(named.source.text[: named.start])
        brace = re.compile(r"\s*\}").match(named.source.text, named.end)
        fixes = []
        if last and brace:
            inner, behind = Span(named.source, last.start(), named.end), Span(named.source, brace.end(), brace.end())
            edits = (Edit(inner, ""), Edit(behind, f" -> @{name}"))
            fixes = [Fix(f"-> @{name} behind the braces, line {behind.line}", edits)]
        labels = [
            f"{call}.{name}" for call, (_, scope) in self.scope.visible_calls() if scope and scope.find_own_tap(name)[0]
        ]
        fixes += [make_replacement(span, f"@{each}") for each in labels]
        self.add_diagnostics([make_diagnostic(Code.E202, message, span, label, fixes=fixes)], self.scope.trace)

    def _look_up_size(self, name: tree.Name, value: ValueName) -> int:
        if not self.graph.inputs and not self.graph.has_gaps:
            raise UndefinedName(f"there is no input here yet, so `{name.text}` has no value", name.span)
        return self._find_size("the input", name.text, value, name.span)

    def _find_size(self, subject: str, size: str, value: ValueName, span: Span) -> int:
        """Return H, W, C or L of a value; raises UnknownShape, and UndefinedName where its shape has none."""
        shape = self.graph.shapes[value] if value is not None else None
        if value is None or shape is None:
            raise UnknownShape
        place = LETTERS[len(shape)].find(size)
        if place < 0:
            what = f"a {NOUNS[len(shape)]} of {format_shape(shape)}"
            raise UndefinedName(f"{subject} is {what}, which has no `{size}`", span)
        self.graph.shape_uses.sizes.add((value, place))
        return shape[place]
