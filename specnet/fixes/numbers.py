"""Fixes that change a number on a line, on the lines that led there, or in the input."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from specnet.analyses.expectations import QUANTITIES
from specnet.compiler import Checked
from specnet.diagnostics import Code, Diagnostic, Edit, Fix, make_replacement
from specnet.elaborate import Expectation
from specnet.layers.base import Shape
from specnet.source import Span
from specnet.syntax import tree

MOST_MEASURED = 150
MOST_NODES_MEASURED = 15_000
"""Numbers that are tried out for one expectation, fewer in a large network."""

Recheck = Callable[[Sequence[Edit]], Checked]
"""Checks the spec with edits made."""


def change_numbers(
    checked: Checked, diagnostic: Diagnostic, claim: Shape | None, actual: Shape | None
) -> Iterator[Fix]:
    """Yield each number of the lines in question a little smaller or larger, or in proportion to the claim."""
    for line in _lines(checked, diagnostic):
        numbers = _numbers_of(line)
        others = [_others(int(number.value), claim, actual) for number in numbers]
        for values in zip(*others, strict=True):
            for number, value in zip(numbers, values, strict=True):
                if value is not None:
                    yield _replace_number(number, value)


def _numbers_of(line: tree.Line) -> list[tree.Number]:
    """Return the whole numbers of a line that describe layers: none of a claim, an expectation or the training."""
    if isinstance(line, tree.Expect) or line.span.text.startswith("train"):
        return []
    built = replace(line, claim=None) if isinstance(line, tree.Chain) else line
    return [number for number in tree.find_numbers(built) if isinstance(number.value, int)]


def _lines(checked: Checked, diagnostic: Diagnostic) -> Iterator[tree.Line]:
    """Yield the statement of the error itself, those that called it, and the input."""
    spans = [*diagnostic.trace[::-1], *([diagnostic.span] if diagnostic.span else [])]
    for line in checked.lines:
        is_input = isinstance(line, tree.Chain) and line.span.text.startswith("input")
        if is_input or any(_touches(line.span, span) for span in spans):
            yield line


def _touches(line: Span, span: Span) -> bool:
    return line.source is span.source and line.start <= span.start < line.end


def _others(value: int, claim: Shape | None, actual: Shape | None) -> tuple[int | None, ...]:
    """Return a fixed number of values to try instead, None where there is none."""
    scaled = None
    if claim and actual and value * claim[-1] % actual[-1] == 0 and claim[-1] != actual[-1]:
        scaled = value * claim[-1] // actual[-1]
    tried = (scaled, value - 1, value + 1, value // 2 or None, value * 2, value - 2, value + 2)
    return tuple(v if v is not None and v >= 0 and v != value else None for v in tried)


def _replace_number(number: tree.Number, value: int) -> Fix:
    """Return the fix, named by the word that the number stands in: `K=64`, `227x227x3`."""
    text, start, end = number.span.source.text, number.span.start, number.span.end
    while start > 0 and not text[start - 1].isspace():
        start -= 1
    while end < len(text) and not text[end].isspace():
        end += 1
    title = f"{text[start : number.span.start]}{value}{text[number.span.end : end]}"
    return make_replacement(number.span, str(value), f"{title} in line {number.span.line}")


def close_gap(checked: Checked, diagnostic: Diagnostic, recheck: Recheck) -> Iterator[Fix]:
    """Yield the numbers that close the gap between a total and its expectation.

    Totals grow in proportion to each single number: one more of it says how many would close the gap. Of a total that
    is unknown there is no gap.
    """
    expectation = next(e for e in checked.elaborated.expectations if e.value_span == diagnostic.labels[0].span)
    measure = QUANTITIES[expectation.quantity]
    actual = measure(checked.totals)
    if actual is None:
        return
    most = min(MOST_MEASURED, MOST_NODES_MEASURED // (1 + len(checked.network.nodes)))
    for number in [n for line in checked.lines for n in _numbers_of(line)][:most]:
        after = recheck(_replace_number(number, int(number.value) + 1).edits)
        if not _only_expectations_fail(after):
            after, step = recheck(_replace_number(number, int(number.value) - 1).edits), -1
            if number.value < 1 or not _only_expectations_fail(after):
                continue
        else:
            step = 1
        changed = measure(after.totals)
        others = 0 if changed is None else _missing(expectation, actual, (changed - actual) * step)
        if others and number.value + others > 0:
            yield _replace_number(number, int(number.value) + others)


def _only_expectations_fail(checked: Checked) -> bool:
    return all(error.code is Code.E402 for error in checked.errors)


def _missing(expectation: Expectation, actual: int, slope: int) -> int:
    """Return how many more of a number close the gap; 0 where no whole number does."""
    gap = expectation.value - actual
    whole = expectation.comparison == "==" and slope and gap % slope == 0
    return int(gap // slope) if whole else 0
