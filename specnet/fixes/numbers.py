"""Fixes that change a number on the line of an error, on the lines that called it, or in the input."""

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

MAX_MEASURED = 150
MAX_NODES_MEASURED = 15_000
"""The largest number of numbers to try for one expectation, and of nodes to check for that."""

Recheck = Callable[[Sequence[Edit]], Checked]
"""Checks the edited spec as a whole."""


def change_numbers(
    checked: Checked, diagnostic: Diagnostic, claim: Shape | None, actual: Shape | None
) -> Iterator[Fix]:
    """Yield changes of each number on the relevant lines: scaled by claim/actual, or slightly smaller or larger."""
    for line in _find_relevant_lines(checked, diagnostic):
        numbers = _find_numbers(line)
        others = [_list_alternatives(int(number.value), claim, actual) for number in numbers]
        for values in zip(*others, strict=True):
            for number, value in zip(numbers, values, strict=True):
                if value is not None:
                    yield _replace_number(number, value)


def _find_numbers(line: tree.Line) -> list[tree.Number]:
    """Return the integers of a line that describe layers, which excludes claims, expectations and `train`."""
    if isinstance(line, tree.Expect) or line.span.text.startswith("train"):
        return []
    built = replace(line, claim=None) if isinstance(line, tree.Chain) else line
    return [number for number in tree.find_numbers(built) if isinstance(number.value, int)]


def _find_relevant_lines(checked: Checked, diagnostic: Diagnostic) -> Iterator[tree.Line]:
    """Yield the line of the error, those that called it, and those of the inputs."""
    spans = [*diagnostic.trace[::-1], *([diagnostic.span] if diagnostic.span else [])]
    for line in checked.lines:
        is_input = isinstance(line, tree.Chain) and line.span.text.startswith("input")
        if is_input or any(_touches(line.span, span) for span in spans):
            yield line


def _touches(line: Span, span: Span) -> bool:
    return line.source is span.source and line.start <= span.start < line.end


def _list_alternatives(value: int, claim: Shape | None, actual: Shape | None) -> tuple[int | None, ...]:
    """Return a fixed number of alternative values, with None for those that do not apply."""
    scaled = None
    if claim and actual and value * claim[-1] % actual[-1] == 0 and claim[-1] != actual[-1]:
        scaled = value * claim[-1] // actual[-1]
    tried = (scaled, value - 1, value + 1, value // 2 or None, value * 2, value - 2, value + 2)
    return tuple(v if v is not None and v >= 0 and v != value else None for v in tried)


def _replace_number(number: tree.Number, value: int) -> Fix:
    """Return a fix whose title is the new word around the number, such as `K=64` or `227x227x3`."""
    text, start, end = number.span.source.text, number.span.start, number.span.end
    while start > 0 and not text[start - 1].isspace():
        start -= 1
    while end < len(text) and not text[end].isspace():
        end += 1
    title = f"{text[start : number.span.start]}{value}{text[number.span.end : end]}"
    return make_replacement(number.span, str(value), f"{title} in line {number.span.line}")


def close_gap(checked: Checked, diagnostic: Diagnostic, recheck: Recheck) -> Iterator[Fix]:
    """Yield changes of one number that close the gap between a total and its expectation, unless the total is unknown.

    Most totals are linear in each single number, so that changing it by one gives the slope.
    """
    expectation = next(e for e in checked.elaborated.expectations if e.value_span == diagnostic.labels[0].span)
    measure = QUANTITIES[expectation.quantity]
    actual = measure(checked.totals)
    if actual is None:
        return
    limit = min(MAX_MEASURED, MAX_NODES_MEASURED // (1 + len(checked.network.nodes)))
    for number in [n for line in checked.lines for n in _find_numbers(line)][:limit]:
        after = recheck(_replace_number(number, int(number.value) + 1).edits)
        if not _only_expectations_fail(after):
            after, step = recheck(_replace_number(number, int(number.value) - 1).edits), -1
            if number.value < 1 or not _only_expectations_fail(after):
                continue
        else:
            step = 1
        changed = measure(after.totals)
        offset = 0 if changed is None else _solve_offset(expectation, actual, (changed - actual) * step)
        if offset and number.value + offset > 0:
            yield _replace_number(number, int(number.value) + offset)


def _only_expectations_fail(checked: Checked) -> bool:
    return all(error.code is Code.E402 for error in checked.errors)


def _solve_offset(expectation: Expectation, actual: int, slope: int) -> int:
    """Return the change of a number that closes the gap; 0 if no integer does."""
    gap = expectation.value - actual
    is_whole = expectation.comparison == "==" and slope and gap % slope == 0
    return int(gap // slope) if is_whole else 0
