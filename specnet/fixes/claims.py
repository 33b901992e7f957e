"""Claims that hold: `=> SHAPE` and `expect QUANTITY VALUE`, as `fmt --fill` writes and corrects them."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import replace

from specnet.analyses.expectations import QUANTITIES
from specnet.compiler import Checked, check_lines, read_beside
from specnet.diagnostics import Code
from specnet.elaborate.walk import STATEMENTS
from specnet.layers.base import Shape
from specnet.source import Source
from specnet.syntax import tree

ROUNDS = 5
"""Rounds of checking claims and correcting them, at most: behind a wrong claim, others may be wrong."""


def fill_claims(source: Source, lines: tree.Lines) -> tree.Lines:
    """Return the lines with true claims wherever the shape is known, and true expectations if the spec is sound.

    The shapes are those of the network without claims, as none is known behind a wrong claim; the network with claims
    tells which value belongs to which line.
    """
    bare = _check(source, tuple(replace(line, claim=None) if isinstance(line, tree.Chain) else line for line in lines))
    claimed = lines = _correct_expectations(lines, bare)
    claims = _guess_claims(lines, bare)
    for _ in range(ROUNDS):
        claimed = tuple(_set_claim(line, claims.get(number)) for number, line in enumerate(lines))
        better = _compare_claims(claims, claimed, bare)
        if better == claims:
            break
        claims = better
    return claimed


def summarize_claims(before: tree.Lines, after: tree.Lines) -> str:
    """Return what was changed: `5 claims written, 1 claim corrected`; empty if nothing was."""
    pairs = [(old, new) for old, new in zip(before, after, strict=True) if old != new]
    claims = [old.claim is None for old, _ in pairs if isinstance(old, tree.Chain)]
    counts = [
        (claims.count(True), "claim", "written"),
        (claims.count(False), "claim", "corrected"),
        (len(pairs) - len(claims), "expectation", "corrected"),
    ]
    return ", ".join(f"{count} {what}{'s' if count > 1 else ''} {done}" for count, what, done in counts if count)


def _check(source: Source, lines: tree.Lines) -> Checked:
    return check_lines(source, lines, (), {}, read_beside)


Claims = dict[int, Shape | None]
"""Claims by the number of their line; None where the line is left as it is."""


def _guess_claims(lines: tree.Lines, bare: Checked) -> Claims:
    """Return, for each line without a claim, the shape of the last node on it, or some shape if there is none."""
    guesses: Claims = {number: (1,) for number, line in enumerate(lines) if _wants_claim(line)}
    starts = [line.span.start for line in lines]
    for value, place in bare.elaborated.places.items():
        outermost = (*place.trace, place.element)[0]
        number = bisect_right(starts, outermost.start) - 1
        if outermost.source is bare.source and number in guesses:
            guesses[number] = bare.network.shapes.get(value)
    return guesses


def _wants_claim(line: tree.Line) -> bool:
    """Return whether a line has no claim but could: it ends in a layer, a block, a join or a repetition."""
    if not isinstance(line, tree.Chain) or line.claim is not None:
        return False
    last = next((element for element in reversed(line.elements) if not isinstance(element, tree.Resume)), None)
    if isinstance(last, tree.Call):
        return last.word.text == "same" or last.word.text not in STATEMENTS
    return isinstance(last, tree.Repeat | tree.For)


def _compare_claims(claims: Claims, claimed: tree.Lines, bare: Checked) -> Claims:
    """Return the claims corrected by the network that has them, or None where it does not know the shape."""
    numbers = {line.span: number for number, line in enumerate(claimed)}
    answers: Claims = dict.fromkeys(claims)
    for value, claim in _check(bare.source, claimed).elaborated.claims.items():
        number, shape = numbers.get(claim.line), bare.network.shapes.get(value)
        if number is not None and (number in claims or (shape and shape != claim.shape)):
            answers[number] = shape
    return answers


def _set_claim(line: tree.Line, shape: Shape | None) -> tree.Line:
    """Return the line with a claim of this shape."""
    if not shape or not isinstance(line, tree.Chain):
        return line
    span = (line.claim or line).span
    sizes = tuple(tree.Number(span, size, str(size)) for size in shape)
    return replace(line, claim=tree.Size(span, sizes) if len(sizes) > 1 else sizes[0])


# Expectations


def _correct_expectations(lines: tree.Lines, bare: Checked) -> tree.Lines:
    """Return the lines with each `expect QUANTITY VALUE` corrected, unless there are other errors."""
    if any(diagnostic.code is not Code.E402 for diagnostic in bare.errors):
        return lines
    return tuple(_correct_expectation(line, bare) if isinstance(line, tree.Expect) else line for line in lines)


def _correct_expectation(line: tree.Expect, bare: Checked) -> tree.Line:
    """Return the line with the value of the network; inequalities such as `<` stay."""
    for expected in bare.elaborated.expectations:
        if expected.value_span == line.value.span and expected.comparison == "==":
            actual = QUANTITIES[expected.quantity](bare.totals)
            if actual not in (None, expected.value):
                return replace(line, value=tree.Number(line.value.span, actual, f"{actual:_}"))
    return line
