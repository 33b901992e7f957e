"""Syntax tree → sentences: the text of everything, but not yet on which line it stands."""

from __future__ import annotations

from collections.abc import Iterator

from specnet.source import Span
from specnet.syntax import tree
from specnet.syntax.formatter.phrases import Braces, Cell, Phrase, Sentence
from specnet.syntax.formatter.values import named, positional, written

SETTINGS = "train"
"""The word whose lines are named settings: their values stand in a column of their own."""


def sentence(line: tree.Line, name_width: int = 0) -> Sentence:
    """A line; its first word is made `name_width` wide if anything follows it."""
    match line:
        case tree.Chain(label=label, elements=elements, claim=claim):
            phrases = [_phrase(element.span, _element(element, name_width)) for element in elements[:1]]
            phrases += [_phrase(element.span, _element(element)) for element in elements[1:]]
            label_text, claim_text = f"{label.text}:" if label else "", f"=> {positional(claim)}" if claim else ""
            return Sentence(line.span.start, line.span.end, label_text, tuple(phrases), claim_text)
        case tree.Unreadable():
            raise ValueError("a line that could not be read has no layout")
        case _:
            return Sentence(line.span.start, line.span.end, "", (_phrase(line.span, _statement(line)),), "")


def _phrase(span: Span, pieces: Iterator[Cell | Braces]) -> Phrase:
    return Phrase(span.start, span.end, tuple(pieces))


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


def _element(element: tree.Element, name_width: int = 0) -> Iterator[Cell | Braces]:
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
    is_alone = not (call.arguments or call.body or call.alternative is not None)
    yield Cell(call.word.text, call.word.text if is_alone else call.word.text.ljust(name_width))
    yield from map(_argument, call.arguments)
    if call.body:
        yield _braces(call.body, has_names=call.word.text == SETTINGS)
    if call.alternative is not None:
        yield Cell("or", "or")
        yield _alternative(call, call.alternative)


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
    lines = tuple(sentence(line, width) for line in body.lines)
    arms = tuple(tuple(map(sentence, arm)) for arm in body.arms)
    return Braces(body.span.start, body.span.end - 1, "\n" not in body.span.text, lines, arms)


def _first_word(line: tree.Line) -> str:
    first = line.elements[0] if isinstance(line, tree.Chain) else None
    return first.word.text if isinstance(first, tree.Call) else ""


def _alternative(call: tree.Call, lines: tree.Lines) -> Braces:
    """`{ … }` after `or`; the tree holds only the lines."""
    before = call.body or (call.arguments[-1] if call.arguments else call.word)
    source = call.span.source
    span = Span(source, source.text.find("{", before.span.end), call.span.end)
    return Braces(span.start, span.end - 1, "\n" not in span.text, tuple(map(sentence, lines)))
