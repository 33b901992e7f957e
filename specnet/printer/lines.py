"""Syntax tree → logical lines: cells and groups of text, not yet placed on lines of the file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, takewhile

from specnet.printer.expressions import format_argument, format_expression, format_key_value, format_positional
from specnet.source import Span
from specnet.syntax import tree

WIDTH = 100
"""The width in characters at which lines are broken, if they can be; claims and comments may exceed it."""

ARROW = "-> "

SECTION = "train"
"""The word whose lines are named settings: their values are aligned in a column."""


@dataclass(frozen=True)
class Cell:
    """A word or value. Cells with the same key are aligned with each other."""

    key: str
    text: str


Cells = tuple[Cell, ...]


@dataclass(frozen=True)
class LogicalLine:
    """A label, segments joined by arrows and a claim, with its offsets in the source."""

    start: int
    end: int
    label: str
    segments: tuple[Segment, ...]
    claim: str

    @cached_property
    def flat(self) -> Cells | None:
        """The cells on one line, as between braces; None if they do not fit on one."""
        label = [Cell(":", self.label)] if self.label else []
        arrow, claim = Cell(ARROW, ARROW.rstrip()), [Cell("=>", self.claim)] if self.claim else []
        segments = [part for segment in self.segments for part in ((arrow,), segment.flat)][1:]
        return _concatenate([label, *segments, claim])


@dataclass(frozen=True)
class Segment:
    """An element of a chain, or a whole line that is no chain, with its offsets in the source."""

    start: int
    end: int
    pieces: tuple[Cell | BraceGroup, ...]

    @property
    def has_braces(self) -> bool:
        return any(isinstance(piece, BraceGroup) for piece in self.pieces)

    @cached_property
    def flat(self) -> Cells | None:
        """The cells on one line; None if they do not fit on one."""
        return _concatenate([piece] if isinstance(piece, Cell) else piece.flat for piece in self.pieces)

    @property
    def head(self) -> Cells:
        """The cells up to the first brace, which is included."""
        before = takewhile(lambda piece: isinstance(piece, Cell), self.pieces)
        return (*(piece for piece in before if isinstance(piece, Cell)), Cell("{", "{"))


@dataclass(frozen=True)
class BraceGroup:
    """Lines or arms between braces, with the offsets of the braces in the source."""

    start: int
    end: int
    is_on_one_line: bool
    lines: tuple[LogicalLine, ...]
    arms: tuple[tuple[LogicalLine, ...], ...] = ()

    @cached_property
    def flat(self) -> Cells | None:
        """`{`, the line or the arms, `}`; None unless the source has them on one line and they fit on one."""
        parts = (self.lines, *self.arms)
        if not self.is_on_one_line or any(len(part) > 1 for part in parts):
            return None
        bar = Cell("|", "|")
        inner = [cells for part in parts for cells in ((bar,), part[0].flat if part else ())][1:]
        cells = _concatenate([(Cell("{", "{"),), *inner])
        if cells is None or len(join_segments([cells])) > WIDTH:
            return None
        return (*cells[:-1], Cell(cells[-1].key, f"{cells[-1].text} }}"))


def _concatenate(parts: Iterable[Sequence[Cell] | None]) -> Cells | None:
    """Return all cells; None if a part has no flat layout."""
    known = list(parts)
    return None if None in known else tuple(chain.from_iterable(part for part in known if part))


def join_segments(segments: Iterable[Cells]) -> str:
    """Return segments as text without alignment."""
    return f" {ARROW}".join(" ".join(cell.text for cell in cells) for cells in segments)


def to_logical_line(line: tree.Line, name_width: int = 0) -> LogicalLine:
    """Convert a line; its first word is padded to `name_width` if anything follows it."""
    match line:
        case tree.Chain(label=label, elements=elements, claim=claim):
            segments = [_segment(element.span, _element(element, name_width)) for element in elements[:1]]
            segments += [_segment(element.span, _element(element)) for element in elements[1:]]
            label_text = f"{label.text}:" if label else ""
            claim_text = f"=> {format_positional(claim)}" if claim else ""
            return LogicalLine(line.span.start, line.span.end, label_text, tuple(segments), claim_text)
        case tree.Unreadable():
            raise ValueError("a line that could not be read has no layout")
        case _:
            return LogicalLine(line.span.start, line.span.end, "", (_segment(line.span, _statement(line)),), "")


def _segment(span: Span, pieces: Iterator[Cell | BraceGroup]) -> Segment:
    return Segment(span.start, span.end, tuple(pieces))


def _statement(line: tree.Let | tree.Expect | tree.Block) -> Iterator[Cell | BraceGroup]:
    match line:
        case tree.Let(name=name, value=value):
            yield Cell("let", f"let {name.text} = {format_expression(value)}")
        case tree.Expect(quantity=quantity, comparison=comparison, value=value):
            operator = "" if comparison == "==" else f"{comparison} "
            yield Cell("expect", f"expect {quantity.text} {operator}{format_expression(value)}")
        case tree.Block(name=name, parameters=parameters, body=body):
            yield from _signature(name.text, parameters)
            yield _group(body)


def _signature(name: str, parameters: Sequence[tree.Parameter]) -> Iterator[Cell | BraceGroup]:
    """Yield `block NAME(…)`, with layers that take several lines between its pieces."""
    text = f"block {name}("
    for number, parameter in enumerate(parameters):
        text += ", " if number else ""
        if parameter.layers and not tree.is_chain(parameter.layers):
            yield Cell("block", f"{text}{parameter.name.text}=")
            yield _group(parameter.layers)
            text = ""
        else:
            text += _parameter(parameter)
    yield Cell("block", f"{text})")


def _parameter(parameter: tree.Parameter) -> str:
    if parameter.layers:
        return f"{parameter.name.text}={format_layers(parameter.layers)}"
    return format_key_value(parameter.name.text, parameter.default) if parameter.default else parameter.name.text


def _element(element: tree.Element, name_width: int = 0) -> Iterator[Cell | BraceGroup]:
    match element:
        case tree.Call():
            yield from _call(element, name_width)
        case tree.Resume(tap=tap):
            yield Cell("@", f"@{tap.name}")
        case tree.Repeat(variable=variable, count=count, body=body):
            yield Cell("repeat", "repeat")
            variable_in = f"{variable.text} in " if variable else ""
            yield Cell(variable_in, f"{variable_in}{format_positional(count)}")
            yield from _carry(element.carried)
            yield _group(body)
        case tree.For(variable=variable, values=values, body=body):
            yield Cell("for", f"for {variable.text} in")
            yield from (Cell("", format_positional(value)) for value in values)
            yield from _carry(element.carried)
            yield _group(body)
        case tree.If():
            yield from _if(element)


def _carry(taps: tuple[tree.Tap, ...]) -> Iterator[Cell]:
    if taps:
        yield Cell("carry", " ".join(["carry", *(f"@{tap.name}" for tap in taps)]))


def _call(call: tree.Call, name_width: int) -> Iterator[Cell | BraceGroup]:
    is_alone = not (call.arguments or call.has_braces)
    yield Cell(call.word.text, call.word.text if is_alone else call.word.text.ljust(name_width))
    for argument in call.given:
        yield from _argument(argument)
    if call.body:
        yield _group(call.body, has_names=call.word.text == SECTION)
    if call.alternative is not None:
        yield Cell("or", "or")
        yield _alternative(call, call.alternative)


def _argument(argument: tree.Argument | tree.LayersArgument) -> Iterator[Cell | BraceGroup]:
    key = f"{argument.key.text}=" if argument.key else ""
    if isinstance(argument, tree.Argument):
        yield Cell(key, format_argument(argument))
    elif tree.is_chain(argument.body):
        yield Cell(key, f"{key}{format_layers(argument.body)}")
    else:
        yield Cell(key, key)
        yield _group(argument.body)


def format_layers(layers: tree.Body) -> str:
    """Return a chain of layers in braces on one line: `{ bn -> relu }`."""
    lines = (to_logical_line(line).flat or () for line in layers.lines)
    chain = f" {ARROW}".join(" ".join(cell.text for cell in cells) for cells in lines)
    return f"{{ {chain} }}" if chain else "{ }"


def _if(element: tree.If) -> Iterator[Cell | BraceGroup]:
    condition = f"if {format_expression(element.condition)}"
    yield Cell(condition, condition)
    yield _group(element.body)
    if element.otherwise:
        yield Cell("else", "else")
        yield from _if(element.otherwise) if isinstance(element.otherwise, tree.If) else [_group(element.otherwise)]


def _group(body: tree.Body, has_names: bool = False) -> BraceGroup:
    width = max((len(_first_word(line)) for line in body.lines), default=0) if has_names else 0
    lines = tuple(to_logical_line(line, width) for line in body.lines)
    arms = tuple(tuple(map(to_logical_line, arm)) for arm in body.arms)
    return BraceGroup(body.span.start, body.span.end - 1, "\n" not in body.span.text, lines, arms)


def _first_word(line: tree.Line) -> str:
    first = line.elements[0] if isinstance(line, tree.Chain) else None
    return first.word.text if isinstance(first, tree.Call) else ""


def _alternative(call: tree.Call, lines: tree.Lines) -> BraceGroup:
    """Return the group `{ … }` after `or`, of which the tree has only the lines."""
    before = call.body or (call.arguments[-1] if call.arguments else call.word)
    source = call.span.source
    span = Span(source, source.text.find("{", before.span.end), call.span.end)
    return BraceGroup(span.start, span.end - 1, "\n" not in span.text, tuple(map(to_logical_line, lines)))
