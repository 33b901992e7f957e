"""Fixes that change a number on the line of an error, on the lines that called it, or in the input."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace

from specnet.compiler import Checked
from specnet.diagnostics import Diagnostic, Edit
from specnet.fixes.candidates import Candidate, Change
from specnet.layers.base import Shape
from specnet.source import Span
from specnet.syntax import tree

SCALED, SIBLING, NEXT, DOUBLED, FAR = 1.3, 1.7, 1.8, 1.9, 2.4
"""The cost of a number scaled by the error, of that in a sibling's place, of n ± 1, of half and double, of n ± 2."""


@dataclass(frozen=True)
class Located:
    """An integer of the spec, the word that it belongs to, and its key or place there."""

    span: Span
    value: int
    word: str
    position: str


def change_numbers(
    checked: Checked, diagnostic: Diagnostic, claim: Shape | None, actual: Shape | None
) -> Iterator[Candidate]:
    """Yield changes of each number on the lines of an error, except those that are attributes of a single layer."""
    everywhere = [number for line in checked.lines for number in find_numbers(line)]
    attributes = set(_list_varied(checked))
    for line in _find_relevant_lines(checked, diagnostic):
        for number in find_numbers(line):
            siblings = _find_siblings(number, everywhere)
            near = not any(_is_within(number.span, span) for span in attributes)
            for value, cost in _list_alternatives(number.value, claim, actual, siblings, near):
                yield Candidate((change_number(number, value),), cost)


def _list_varied(checked: Checked) -> Iterator[Span]:
    """Yield the attributes of single layers for which the layer itself has alternatives."""
    for node in checked.network.nodes:
        place, inputs = checked.elaborated.places[node.name], checked.network.input_shapes(node)
        if node.layer and inputs and not place.trace:
            fields = {alternative.field for alternative in node.layer.alternatives(inputs, node.output)}
            yield from (span for field, span in place.attributes.items() if field in fields)


def _is_within(span: Span, around: Span) -> bool:
    return span.source is around.source and around.start <= span.start and span.end <= around.end


def find_numbers(line: tree.Line) -> list[Located]:
    """Return the integers of a line that describe layers, which excludes claims, expectations and `train`."""
    if isinstance(line, tree.Expect) or line.span.text.startswith("train"):
        return []
    built = replace(line, claim=None) if isinstance(line, tree.Chain) else line
    return list(_locate_numbers(built, "", ""))


def _locate_numbers(part: object, word: str, position: str) -> Iterator[Located]:
    """Yield the integers below a part of the tree, each with the word that it belongs to and its position there."""
    if isinstance(part, tree.Number):
        if isinstance(part.value, int):
            yield Located(part.span, part.value, word, position)
    elif isinstance(part, tuple):
        for index, item in enumerate(part):
            yield from _locate_numbers(item, word, f"{position}.{_describe_position(item, index)}")
    elif is_dataclass(part) and isinstance(part, tree.Tree):
        inner = _find_word(part)
        for each in fields(part):
            if each.name != "span":
                yield from _locate_numbers(getattr(part, each.name), inner or word, "" if inner else position)


def _describe_position(item: object, index: int) -> str:
    """Return the key of an argument, or its place among the others."""
    return item.key.text if isinstance(item, tree.Argument) and item.key else str(index)


def _find_word(part: tree.Tree) -> str:
    """Return the word by which a title names a part of the tree; "" for none."""
    match part:
        case tree.Call(word=tree.Name(text=text)) | tree.Block(name=tree.Name(text=text)):
            return text
        case tree.Let(name=tree.Name(text=text)) | tree.Parameter(name=tree.Name(text=text)):
            return text
        case tree.Repeat() | tree.For():
            return part.span.text.split()[0]
    return ""


def _find_relevant_lines(checked: Checked, diagnostic: Diagnostic) -> Iterator[tree.Line]:
    """Yield the line of the error, those that called it, and those of its labels."""
    spans = [*diagnostic.trace[::-1], *(label.span for label in diagnostic.labels)]
    for line in checked.lines:
        if any(_touches(line.span, span) for span in spans):
            yield line


def _touches(line: Span, span: Span) -> bool:
    return line.source is span.source and line.start <= span.start < line.end


def _list_alternatives(
    value: int, claim: Shape | None, actual: Shape | None, siblings: Sequence[int], near: bool
) -> list[tuple[int, float]]:
    """Return other values for a number, each with its cost; those `near` it only on demand."""
    found = dict[int, float]()
    if claim and actual and value * claim[-1] % actual[-1] == 0:
        found[value * claim[-1] // actual[-1]] = SCALED
    for sibling in siblings:
        found.setdefault(sibling, SIBLING)
    close = ((value - 1, NEXT), (value + 1, NEXT), (value // 2, DOUBLED), (2 * value, DOUBLED))
    for other, cost in (*close, (value - 2, FAR), (value + 2, FAR)) if near else ():
        found.setdefault(other, cost)
    return [(other, cost) for other, cost in found.items() if other >= 0 and other != value]


def _find_siblings(number: Located, everywhere: Sequence[Located]) -> list[int]:
    """Return the numbers that stand in the same place in other calls of the same word, commonest first."""
    same = [other.value for other in everywhere if other.word == number.word and other.position == number.position]
    return [value for value, _ in Counter(same).most_common()]


def change_number(number: Located, value: int) -> Change:
    """Return the change of a number, in the words around it: `K=64 → K=128 in basic, line 9`."""
    span = number.span
    text, start, end = span.source.text, span.start, span.end
    while start > 0 and not text[start - 1].isspace():
        start -= 1
    while end < len(text) and not text[end].isspace():
        end += 1
    before, after = text[start : span.start], text[span.end : end]
    return Change(f"{before}{span.text}{after}", f"{before}{value}{after}", number.word, Edit(span, str(value)))
