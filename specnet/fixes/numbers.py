"""Other values for the numbers that stand on a line, on the lines that led there, and in the input."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from specnet.compiler import Checked
from specnet.diagnostics import Diagnostic, Fix, replacing
from specnet.layers.base import Shape
from specnet.source import Span
from specnet.syntax import tree


def literals_near(checked: Checked, diagnostic: Diagnostic, claim: Shape | None, actual: Shape | None) -> Iterator[Fix]:
    """Each number of the lines in question, a little smaller or larger, or in proportion to what is claimed."""
    for line in _lines(checked, diagnostic):
        numbers = numbers_of(line)
        others = [_others(int(number.value), claim, actual) for number in numbers]
        for values in zip(*others, strict=True):
            for number, value in zip(numbers, values, strict=True):
                if value is not None:
                    yield replaced(number, value)


def numbers_of(line: tree.Line) -> list[tree.Number]:
    """The whole numbers of a line that say what is built: none of a claim, an expectation or the training."""
    if isinstance(line, tree.Expect) or line.span.text.startswith("train"):
        return []
    built = replace(line, claim=None) if isinstance(line, tree.Chain) else line
    return [number for number in tree.find_numbers(built) if isinstance(number.value, int)]


def _lines(checked: Checked, diagnostic: Diagnostic) -> Iterator[tree.Line]:
    """The statement of the error itself, those that called it, the input."""
    spans = [*diagnostic.trace[::-1], *([diagnostic.span] if diagnostic.span else [])]
    for line in checked.lines:
        is_input = isinstance(line, tree.Chain) and line.span.text.startswith("input")
        if is_input or any(_touches(line.span, span) for span in spans):
            yield line


def _touches(line: Span, span: Span) -> bool:
    return line.source is span.source and line.start <= span.start < line.end


def _others(value: int, claim: Shape | None, actual: Shape | None) -> tuple[int | None, ...]:
    """Values to try instead; always as many, None where there is none."""
    scaled = None
    if claim and actual and value * claim[-1] % actual[-1] == 0 and claim[-1] != actual[-1]:
        scaled = value * claim[-1] // actual[-1]
    tried = (scaled, value - 1, value + 1, value // 2 or None, value * 2, value - 2, value + 2)
    return tuple(v if v is not None and v >= 0 and v != value else None for v in tried)


def replaced(number: tree.Number, value: int) -> Fix:
    """The fix, named by the word that the number stands in: `K=64`, `227x227x3`."""
    text, start, end = number.span.source.text, number.span.start, number.span.end
    while start > 0 and not text[start - 1].isspace():
        start -= 1
    while end < len(text) and not text[end].isspace():
        end += 1
    title = f"{text[start : number.span.start]}{value}{text[number.span.end : end]}"
    return replacing(number.span, str(value), f"{title} in line {number.span.line}")
