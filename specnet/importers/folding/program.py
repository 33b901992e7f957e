"""Sequences → lines of the syntax tree."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from specnet.graph import Head
from specnet.importers.folding.defaults import Defaults
from specnet.importers.folding.items import (
    Call,
    Item,
    Join,
    Leaf,
    Mark,
    Repeat,
    Resume,
    Sequence,
    Side,
    find_written,
    get_groups,
    get_result,
)
from specnet.importers.folding.keys import Shapes
from specnet.importers.folding.lines import count_lines, join_lines, split_arm, split_lines
from specnet.importers.folding.unification import FILTERS, Block, Parameter
from specnet.naming import make_unused_name
from specnet.printer.values import NOWHERE, make_name, to_arguments, to_expression
from specnet.syntax import tree
from specnet.syntax.tree import RESERVED_TAPS

MOST_IN_STAGE = 3
"""The largest number of calls and repetitions of a stage that share a line."""

MOST_ARGUMENTS = 4
"""Calls with more arguments together have a line each, as the rows of a table."""


@dataclass
class Writer:
    """Writes sequences; the `taps` are the names of values in the scope at hand."""

    blocks: Mapping[int, Block]
    names: Mapping[int, str]
    """The names of blocks."""
    defaults: Defaults
    shapes: Shapes
    taps: dict[str, str] = field(default_factory=dict)

    def write_block(self, block: Block) -> tree.Block:
        """Return the definition of a block."""
        taps = name_taps(block.body, {each.name for each in block.parameters})
        writer = Writer(self.blocks, self.names, self.defaults, self.shapes, taps | {block.source: "in"})
        parameters = tuple(map(_write_parameter, block.parameters))
        return tree.Block(NOWHERE, make_name(self.names[block.number]), parameters, writer._write_body(block.body))

    def write_lines(self, items: Sequence) -> tuple[tree.Chain, ...]:
        return tuple(map(self.write_line, join_lines(split_lines(items))))

    def write_line(self, line: Sequence, label: str = "", claim: tree.Expression | None = None) -> tree.Chain:
        """Return a line as a chain; a name at its end that is its label is left out."""
        parts = line[:-1] if label and isinstance(line[-1], Mark) and self.taps[line[-1].value] == label else line
        return make_chain(*map(self._write_item, parts), label=label, claim=claim)

    def _write_body(self, items: Sequence) -> tree.Body:
        return tree.Body(NOWHERE, self.write_lines(items), ())

    def _write_item(self, item: Item) -> tree.Element:
        match item:
            case Leaf():
                return self._write_leaf(item)
            case Join():
                return self._write_join(item)
            case Resume(value=value) | Mark(value=value):
                return tree.Resume(NOWHERE, self._tap(value))
            case Side(head=head, body=body):
                return self._write_head(head, body)
            case Call():
                return self._write_call(item)
            case Repeat(turns=turns, count=count):
                return tree.Repeat(NOWHERE, None, count or to_expression(len(turns)), self._write_body(turns[0]))

    def _tap(self, value: str) -> tree.Tap:
        return tree.Tap(NOWHERE, self.taps.get(value, value))

    def _write_leaf(self, leaf: Leaf) -> tree.Call:
        layer = leaf.node.layer
        assert layer is not None
        given = self._count_channels(leaf) | leaf.given
        like = self.taps.get(leaf.like, leaf.like)
        arguments = to_arguments(layer, like, given, self.defaults.get(layer.kind))
        taps = (tree.Argument(NOWHERE, None, self._tap(value)) for value in leaf.taps)
        return tree.Call(NOWHERE, make_name(layer.kind), (*taps, *arguments))

    def _count_channels(self, leaf: Leaf) -> dict[str, tree.Expression]:
        """Return `C` for the filters and the groups of a depthwise convolution."""
        channels = (self.shapes.get(leaf.source) or (0,))[-1]
        layer = leaf.node.layer
        if layer is None or not get_groups(layer) == channels > 1:
            return {}
        return {name: make_name("C") for name in FILTERS if getattr(layer, name, None) == channels}

    def _write_join(self, join: Join) -> tree.Call:
        layer = join.node.layer
        assert layer is not None
        arguments = to_arguments(layer, given=join.given, defaults=self.defaults.get(layer.kind))
        arms = (self._write_arm(arm, place == join.optional) for place, arm in enumerate(join.arms))
        return tree.Call(NOWHERE, make_name(layer.kind), arguments, tree.Body(NOWHERE, (), tuple(arms)))

    def _write_arm(self, arm: Sequence, is_optional: bool) -> tree.Lines:
        lines = tuple(map(self.write_line, split_arm(arm)))
        if arm and not is_optional:
            return lines
        return (make_chain(tree.Call(NOWHERE, make_name("identity"), (), alternative=lines if is_optional else None)),)

    def _write_head(self, head: Head, body: Sequence) -> tree.Call:
        weight = tree.Argument(NOWHERE, make_name("weight"), to_expression(head.weight))
        weights = () if head.weight == 1 else (weight,)
        name = tree.Argument(NOWHERE, None, make_name(self.taps.get(f"head {head.name}", head.name)))
        return tree.Call(NOWHERE, make_name("head"), (name, *weights), self._write_body(body))

    def _write_call(self, call: Call) -> tree.Call:
        arguments = (self._write_argument(call, each) for each in self.blocks[call.block].parameters)
        return tree.Call(NOWHERE, make_name(self.names[call.block]), tuple(a for a in arguments if a))

    def _write_argument(self, call: Call, parameter: Parameter) -> tree.Argument | None:
        """Return the argument of a call; None if it is the default."""
        value: Any = (call.arguments or {})[parameter.name]
        given = call.given.get(parameter.name)
        if given is None and parameter.default is not None and value == parameter.default:
            return None
        key = make_name(parameter.name) if parameter.default is not None else None
        return tree.Argument(NOWHERE, key, given or _write_value(value))

    def join_stages(self, lines: list[Sequence]) -> list[Sequence]:
        """Return the lines of the main chain; calls that keep the shape follow the first of a stage on its line."""
        found = list[Sequence]()
        for line in lines:
            if found and _may_continue_stage(found[-1], line, self.shapes) and self._is_short([*found[-1], *line]):
                found[-1] = [*found[-1], *line]
            else:
                found.append(line)
        return found

    def _is_short(self, line: Sequence) -> bool:
        """Whether the calls of a line have few arguments, as they are written."""
        calls = [item for item in find_written(line) if isinstance(item, Call)]
        return sum(len(self._write_call(call).arguments) for call in calls) <= MOST_ARGUMENTS


def make_chain(*elements: tree.Element, label: str = "", claim: tree.Expression | None = None) -> tree.Chain:
    return tree.Chain(NOWHERE, make_name(label) if label else None, elements, claim)


def _write_value(value: Any) -> tree.Expression:
    """Return the value of a parameter; a word is in quotes, as it would be the name of another one."""
    return tree.Text(NOWHERE, value) if isinstance(value, str) else to_expression(value)


def _write_parameter(parameter: Parameter) -> tree.Parameter:
    default = None if parameter.default is None else _write_value(parameter.default)
    return tree.Parameter(NOWHERE, make_name(parameter.name), default)


def name_taps(items: Sequence, taken: set[str]) -> dict[str, str]:
    """Return short names for the values that a sequence names itself: `skip`, or what makes them."""
    found = dict[str, str]()
    marks = [item.value for item in find_written(items) if isinstance(item, Mark)]
    for number, value in enumerate(marks, 1):
        name = "skip" if len(marks) == 1 else f"skip{number}"
        found[value] = make_unused_name(name, {*taken, *found.values(), *RESERVED_TAPS})
    return found


def _may_continue_stage(before: Sequence, line: Sequence, shapes: Shapes) -> bool:
    """Whether a line is calls, or a repetition of one, behind a call on the line above, and keeps the shape."""
    calls = [*before, *line]
    if not isinstance(before[-1], Call | Repeat) or len(calls) > MOST_IN_STAGE or isinstance(before[0], Repeat):
        return False
    if any(not isinstance(call, Call | Repeat) or _is_nested(call) for call in calls):
        return False
    return shapes.get(get_result(before)) == shapes.get(get_result(line))


def _is_nested(item: Item) -> bool:
    """Whether a part has more than one line, or braces within braces."""
    inner = item.turns[0] if isinstance(item, Repeat) else []
    return count_lines([item]) > 1 or any(isinstance(each, Join | Repeat) for each in inner)
