"""What a line is made of: a label, phrases joined by arrows, a claim; and a phrase of cells and braces."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from specnet.syntax import tree
from specnet.syntax.formatter.values import named, positional, written

SETTINGS = "train"
"""The word whose lines are named settings: their values stand in a column of their own."""


@dataclass(frozen=True)
class Cell:
    """A word or value; in a column stand those that have the same key."""

    key: str
    text: str


@dataclass(frozen=True)
class Braces:
    """Lines or arms within braces: the opening one is at `start` or behind `or`, the closing one at `end`."""

    start: int
    end: int
    lines: tree.Lines
    arms: tuple[tree.Lines, ...] = ()
    name_width: int = 0
    """How wide the first word of each line is made."""


@dataclass(frozen=True)
class Phrase:
    """An element of a chain, or a line that is no chain."""

    start: int
    end: int
    pieces: tuple[Cell | Braces, ...]


@dataclass(frozen=True)
class Sentence:
    """A line of the spec."""

    label: str
    phrases: tuple[Phrase, ...]
    claim: str


def sentence(line: tree.Line, name_width: int = 0) -> Sentence:
    match line:
        case tree.Chain(label=label, elements=elements, claim=claim):
            phrases = tuple(
                Phrase(element.span.start, element.span.end, tuple(_element(element, name_width if i == 0 else 0)))
                for i, element in enumerate(elements)
            )
            return Sentence(f"{label.text}: " if label else "", phrases, f"=> {positional(claim)}" if claim else "")
        case tree.Unreadable():
            raise ValueError("a line that could not be read has no layout")
        case _:
            return Sentence("", (Phrase(line.span.start, line.span.end, tuple(_statement(line))),), "")


def _statement(line: tree.Let | tree.Expect | tree.Block) -> Iterator[Cell | Braces]:
    match line:
        case tree.Let(name=name, value=value):
            yield Cell("let", f"let {name.text} = {written(value)}")
        case tree.Expect(quantity=quantity, comparison=comparison, value=value):
            sign = "" if comparison == "==" else f"{comparison} "
            yield Cell("expect", f"expect {quantity.text} {sign}{written(value)}")
        case tree.Block(name=name, parameters=parameters, body=body):
            listed = ", ".join(_parameter(parameter) for parameter in parameters)
            yield Cell("block", f"block {name.text}({listed})")
            yield _braces(body)


def _parameter(parameter: tree.Parameter) -> str:
    return named(parameter.name.text, parameter.default) if parameter.default else parameter.name.text


def _element(element: tree.Element, name_width: int) -> Iterator[Cell | Braces]:
    match element:
        case tree.Call():
            yield from _call(element, name_width)
        case tree.Resume(tap=tap):
            yield Cell("@", f"@{tap.name}")
        case tree.Repeat(variable=variable, count=count, body=body):
            yield Cell("repeat", "repeat")
            range_of = f"{variable.text} in " if variable else ""
            yield Cell(range_of, f"{range_of}{positional(count)}")
            yield _braces(body)
        case tree.For(variable=variable, values=values, body=body):
            yield Cell("for", f"for {variable.text} in")
            yield from (Cell("", positional(value)) for value in values)
            yield _braces(body)
        case tree.If():
            yield from _if(element)


def _call(call: tree.Call, name_width: int) -> Iterator[Cell | Braces]:
    pieces = [*map(_argument, call.arguments)]
    is_alone = not (pieces or call.body or call.alternative is not None)
    yield Cell(call.word.text, call.word.text if is_alone else call.word.text.ljust(name_width))
    yield from pieces
    if call.body:
        yield _braces(call.body, call.word.text == SETTINGS)
    if call.alternative is not None:
        yield Cell("or", "or")
        before = call.body or (call.arguments[-1] if call.arguments else call.word)
        yield Braces(before.span.end, call.span.end - 1, call.alternative)


def _argument(argument: tree.Argument) -> Cell:
    if argument.key:
        return Cell(f"{argument.key.text}=", named(argument.key.text, argument.value))
    return Cell("", positional(argument.value))


def _if(element: tree.If) -> Iterator[Cell | Braces]:
    condition = f"if {written(element.condition)}"
    yield Cell(condition, condition)
    yield _braces(element.body)
    if element.otherwise:
        yield Cell("else", "else")
        yield from _if(element.otherwise) if isinstance(element.otherwise, tree.If) else [_braces(element.otherwise)]


def _braces(body: tree.Body, has_names: bool = False) -> Braces:
    width = max((len(_first_word(line)) for line in body.lines), default=0) if has_names else 0
    return Braces(body.span.start, body.span.end - 1, body.lines, body.arms, width)


def _first_word(line: tree.Line) -> str:
    first = line.elements[0] if isinstance(line, tree.Chain) else None
    return first.word.text if isinstance(first, tree.Call) else ""
