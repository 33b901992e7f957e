"""Fixes that change a number on the line of an error, on the lines that called it, or in the input."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from functools import cached_property

from specnet.compiler import Checked
from specnet.diagnostics import Diagnostic, Edit
from specnet.fixes.candidates import Candidate, Change
from specnet.fixes.sites import Sites
from specnet.layers.base import Shape
from specnet.source import Span
from specnet.syntax import tree

SCALED, SIBLING, NEXT, DOUBLED, FAR = 1.3, 1.7, 1.8, 1.9, 2.4
"""The cost of a number scaled by the error, of that in a sibling's place, of n ± 1, of half and double, of n ± 2."""


INPUT = "input"
"""The word before an input's shape."""

MOST_SIBLINGS = 8
"""The largest number of siblings' numbers to try."""


@dataclass(frozen=True)
class Located:
    """An integer of the spec, the word that it belongs to, where that stands, and its key or place there."""

    span: Span
    value: int
    word: str
    owner: Span
    position: str


class Numbers:
    """The integers of a spec that describe layers."""

    def __init__(self, checked: Checked, sites: Sites) -> None:
        self.sites = sites
        self.lines = [(line, find_numbers(line)) for line in checked.lines]

    def change(self, number: Located, value: int) -> Change:
        """Return the change of a number, in the words around it: `K=64 → K=128 in conv3, line 9`."""
        span = number.span
        start, end = _find_word_around(span)
        before, after = span.source.text[start : span.start], span.source.text[span.end : end]
        old, new, edit = f"{before}{span.text}{after}", f"{before}{value}{after}", Edit(span, str(value))
        if number.word == INPUT:
            return Change(f"input {old}", new, "", edit)
        return Change(old, new, self.sites.names.get(number.owner, number.word), edit)

    @cached_property
    def siblings(self) -> Mapping[tuple[str, str], list[int]]:
        """The numbers that stand in the same place in all calls of a word, commonest first."""
        found = dict[tuple[str, str], Counter[int]]()
        for _, numbers in self.lines:
            for number in numbers:
                found.setdefault((number.word, number.position), Counter())[number.value] += 1
        return {place: [value for value, _ in counts.most_common(MOST_SIBLINGS)] for place, counts in found.items()}


def _find_word_around(span: Span) -> tuple[int, int]:
    """Return where the word around a number begins and ends, without a comma and brackets that it only half has."""
    text, start, end = span.source.text, span.start, span.end
    while start > 0 and not text[start - 1].isspace():
        start -= 1
    while end < len(text) and not text[end].isspace():
        end += 1
    opened = list[int]()
    for at in range(start, end):
        if text[at] in "([":
            opened.append(at)
        elif text[at] in ")]" and opened:
            opened.pop()
        elif text[at] in ")]" and at >= span.end:
            end = at
            break
    start = max([start, *(at + 1 for at in opened if at < span.start)])
    return start, end - (text[end - 1] == ",")


def change_numbers(
    numbers: Numbers, diagnostic: Diagnostic, claim: Shape | None, actual: Shape | None
) -> Iterator[Candidate]:
    """Yield changes of each number on the lines of an error; close ones unless a layer itself has alternatives."""
    spans = [*diagnostic.trace[::-1], *(label.span for label in diagnostic.labels)]
    relevant = (found for line, found in numbers.lines if any(_touches(line.span, span) for span in spans))
    for number in (number for found in relevant for number in found):
        siblings = numbers.siblings[number.word, number.position]
        near = not any(_is_within(number.span, span) for span in numbers.sites.varied.get(number.span.line, ()))
        for value, cost in _list_alternatives(number.value, claim, actual, siblings, near):
            yield Candidate((numbers.change(number, value),), cost)


def _is_within(span: Span, around: Span) -> bool:
    return span.source is around.source and around.start <= span.start and span.end <= around.end


def find_numbers(line: tree.Line) -> list[Located]:
    """Return the integers of a line that describe layers, which excludes claims, expectations and `train`."""
    if isinstance(line, tree.Expect) or line.span.text.startswith("train"):
        return []
    built = replace(line, claim=None) if isinstance(line, tree.Chain) else line
    return list(_locate_numbers(built, "", line.span, ""))


def _locate_numbers(part: object, word: str, owner: Span, position: str) -> Iterator[Located]:
    """Yield the integers below a part of the tree, each with the word that it belongs to and its position there."""
    if isinstance(part, tree.Number):
        if isinstance(part.value, int):
            yield Located(part.span, part.value, word, owner, position)
    elif isinstance(part, tuple):
        for index, item in enumerate(part):
            yield from _locate_numbers(item, word, owner, f"{position}.{_describe_position(item, index)}")
    elif is_dataclass(part) and isinstance(part, tree.Tree):
        inner, at = _find_word(part)
        word, owner, position = (inner, at, "") if inner else (word, owner, position)
        for each in fields(part):
            if each.name != "span":
                yield from _locate_numbers(getattr(part, each.name), word, owner, position)


def _describe_position(item: object, index: int) -> str:
    """Return the name of a parameter, the key of an argument, or its place among the others."""
    if isinstance(item, tree.Parameter):
        return item.name.text
    return item.key.text if isinstance(item, tree.Argument) and item.key else str(index)


def _find_word(part: tree.Tree) -> tuple[str, Span]:
    """Return the word by which a title names a part of the tree, and where it stands; "" for none."""
    match part:
        case tree.Call(word=tree.Name(text=text) as name) | tree.Block(name=tree.Name(text=text) as name):
            return text, name.span
        case tree.Let(name=tree.Name(text=text) as name):
            return text, name.span
        case tree.Repeat() | tree.For():
            return part.span.text.split()[0], part.span
    return "", part.span


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
