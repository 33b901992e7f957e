"""The taps that a loop carries from turn to turn: `repeat 3 carry @a @b { … }`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from specnet.diagnostics import Code, Label, make_diagnostic, make_replacement
from specnet.elaborate.context import Context
from specnet.elaborate.scope import Scope, ValueName
from specnet.graph import ValueRef
from specnet.layers.base import format_shape
from specnet.records import Record
from specnet.source import Span
from specnet.syntax import tree


class CarriedTaps(Record):
    """The taps behind `carry`: each turn reads what the turn before named so, and the lines below the last turn."""

    taps: tuple[tree.Tap, ...]
    body: Span
    keep_shape: bool
    """Whether all turns are alike, so that a value has the same shape at the end of each."""

    @staticmethod
    def of(taps: tuple[tree.Tap, ...], body: Span, keep_shape: bool, context: Context) -> CarriedTaps:
        """Return the taps that can be carried; reports the others, and those that are carried twice."""
        carried = list[tree.Tap]()
        for tap in taps:
            if tap in carried:
                context.report(Code.E113, f"`@{tap.name}` is carried twice", tap.span)
            elif "." in tap.name or tap.name in tree.RESERVED_TAPS:
                help = f"give the value a name before the loop: `@{tap.name} -> @x`, and carry that"
                context.report(Code.E202, f"no turn can name `@{tap.name}` anew", tap.span, help=help)
            else:
                carried.append(tap)
        return CarriedTaps(tuple(carried), body, keep_shape)

    def find(self, context: Context) -> tuple[ValueName, ...]:
        """Return the values before the first turn; reports taps that name none."""
        given = [context.evaluate(tap, None) for tap in self.taps]
        values = tuple(each.name if isinstance(each, ValueRef) else None for each in given)
        context.graph.carried.update(filter(None, values))
        return values

    def list_references(self, values: tuple[ValueName, ...]) -> tuple[ValueRef, ...]:
        """Return the values that are known, with the names by which they are carried."""
        return tuple(ValueRef(value, name) for name, value in zip(self._names, values, strict=True) if value)

    def make_scope(self, around: Scope, values: tuple[ValueName, ...]) -> Scope:
        """Return the scope of a turn's carried values; that around the loop if there are none."""
        return around.make_carrying(dict(zip(self._names, values, strict=True))) if self.taps else around

    def collect(self, turn: Context, before: tuple[ValueName, ...]) -> Iterator[ValueName]:
        """Yield the values that a turn has named; reports those that it has not, and other shapes."""
        for tap, value in zip(self.taps, before, strict=True):
            yield self._collect(tap, turn, value)

    def name(self, context: Context, values: tuple[ValueName, ...]) -> None:
        """Let the taps name the values of the last turn behind the loop, where nothing need read them."""
        for tap, value in zip(self.taps, values, strict=True):
            context.scope.name_tap(tap.name, value, tap.span)
        context.graph.carried.update(filter(None, values))

    @property
    def _names(self) -> list[str]:
        return [tap.name for tap in self.taps]

    def _collect(self, tap: tree.Tap, turn: Context, before: ValueName) -> ValueName:
        if tap.name not in turn.scope.taps:
            self._report_unnamed(tap, turn)
            return None
        value = turn.scope.taps[tap.name]
        shapes = turn.graph.shapes
        one, other = (shapes[each] if each else None for each in (before, value))
        if self.keep_shape and one and other and one != other:
            self._report_shape(tap, turn, format_shape(one), format_shape(other))
            return None
        return value

    def _report_unnamed(self, tap: tree.Tap, turn: Context) -> None:
        """Report a tap that no line of a turn names; one that resembles it may be meant."""
        message = f"`@{tap.name}` is carried, but no line of the loop names it"
        help = f"end a line within the braces with `-> @{tap.name}`"
        misspelt = turn.suggest(tap.name, [name for name in turn.scope.taps if name not in self._names])
        if re.search(rf"->\s*@{tap.name}\b", self.body.text):
            message = f"`@{tap.name}` is carried, but a turn leaves out the line that names it"
            help = f"name it in every turn: `@{tap.name} -> @{tap.name}` hands the value on as it is"
        elif misspelt:
            span = turn.graph.log.declared[misspelt]
            label, fix = Label(span, "meant here?", primary=False), make_replacement(span, f"@{tap.name}")
            found = make_diagnostic(Code.E202, message, tap.span, label, fixes=[fix])
            turn.add_diagnostics([found], turn.scope.trace)
            return
        turn.report_in_call(Code.E202, message, tap.span, help=help)

    def _report_shape(self, tap: tree.Tap, turn: Context, before: str, after: str) -> None:
        message = f"`@{tap.name}` is {before} before a turn of the loop, and {after} after it"
        named = turn.graph.log.declared[tap.name]
        help = "a `repeat` carries values of one shape; a `for` may change them with its variable"
        turn.report_in_call(Code.E310, message, tap.span, Label(named, f"gives {after}", primary=False), help=help)
