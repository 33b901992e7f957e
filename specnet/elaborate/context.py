"""Where an element of a spec stands: the network it adds to, the names it sees, how it is named and shared."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from specnet.diagnostics import Code, Diagnostic, Label
from specnet.elaborate.graph_builder import GraphBuilder
from specnet.elaborate.scope import UNSET, LineLabel, Scope, ValueName
from specnet.foreign import closest_word
from specnet.graph import ValueRef
from specnet.layers.base import format_shape
from specnet.source import Source, Span
from specnet.syntax import tree
from specnet.syntax.expressions import EvaluationError, Lookup, UndefinedName, UndefinedTap, UnknownShape, evaluate

Read = Callable[[str, Span], Source]
"""Read a file that `use` names, relative to the file of the span; raises CannotRead."""

SHAPE_NAMES = "HWC"
"""The names that stand for height, width and channels of the shape that reaches a layer."""


class CannotRead(Exception):
    """A file that `use` names cannot be read; the message says why."""


@dataclass(frozen=True)
class Walker:
    """Walks the lines and the elements within braces, for the modules below the one that dispatches them."""

    walk_lines: Callable[[tree.Lines, Context, ValueName], ValueName]
    walk_element: Callable[[tree.Element, Context, ValueName], ValueName]


@dataclass
class UsedFiles:
    """The files of blocks that a spec uses."""

    read: Read
    sources: list[Source] = field(default_factory=list)
    """The files that were read, in this order."""


@dataclass(frozen=True)
class Context:
    """What the functions of this package share. Each also takes the name of the value that reaches it."""

    graph: GraphBuilder
    walker: Walker
    files: UsedFiles
    overrides: dict[str, tree.Expression]
    """The overrides that no line has taken yet."""
    scope: Scope = field(default_factory=Scope)
    label: LineLabel | None = None
    depth: int = 0
    """Blocks and braces around this place."""
    open_files: tuple[str, ...] = ()
    """The files being read, the spec's own first."""
    originals: Iterator[str] | None = None
    """While `same` repeats a line: the nodes whose weights the next nodes share."""

    def change(self, **fields: Any) -> Context:
        """Return a context with other fields, as `dataclasses.replace` does in four times the time."""
        context = object.__new__(Context)
        context.__dict__.update(self.__dict__, **fields)
        return context

    def within(self, scope: Scope) -> Context:
        return self.change(scope=scope)

    def with_label(self, label: LineLabel | None) -> Context:
        return self if label is self.label else self.change(label=label)

    def name_for(self, word: str) -> str:
        """Take a new name for a node or block called with a word here."""
        return self.scope.name_for(word, self.label)

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
        for diagnostic in diagnostics:
            self.graph.log.add(diagnostic, trace)

    def declare(self, name: str, span: Span) -> None:
        """Note where a name is declared, for messages about names that resemble it."""
        self.graph.log.declared[name] = span

    # Values

    def evaluate(self, expression: tree.Expression, value: ValueName) -> Any:
        """Return the value of an expression; UNSET where it is unknown or, as is reported then, wrong."""
        try:
            return evaluate(expression, self.lookup(value))
        except UnknownShape:
            return UNSET
        except EvaluationError as error:
            self.report_no_value(error)
            return UNSET

    def report_no_value(self, error: EvaluationError) -> None:
        self.report_in_call(error.code, error.message, error.span, meant=error.meant)

    def lookup(self, value: ValueName) -> Lookup:
        """Return the function that finds variables, taps, and C, H and W of the value that reaches this place."""

        def look_up(name: tree.Name | tree.Tap) -> Any:
            if isinstance(name, tree.Tap):
                return self._look_up_tap(name)
            is_known, variable = self.scope.variable(name.text)
            if is_known:
                if variable is UNSET:
                    raise UnknownShape
                return variable
            if name.text in SHAPE_NAMES:
                return self._look_up_size(name, value)
            meant = closest_word(name.text, self.scope.visible_names())
            raise UndefinedName(f"`{name.text}` has no value here", name.span, meant)

        return look_up

    def _look_up_tap(self, tap: tree.Tap) -> ValueRef:
        is_known, value = self.scope.tap(tap.name)
        if not is_known:
            meant = closest_word(tap.name, self.scope.visible_taps())
            raise UndefinedTap(f"no value above is named `@{tap.name}`", tap.span, meant and f"@{meant}")
        if value is None:
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
