"""Write and correct claims, `=> SHAPE` and `expect QUANTITY VALUE`, for `fmt --fill`."""

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

MAX_ROUNDS = 5
"""The largest number of rounds of checking and correcting claims, as a wrong claim can make later ones wrong."""

Claims = dict[int, Shape | None]
"""Claims by the numbers of their lines; None if the line stays unchanged."""


def fill_claims(source: Source, lines: tree.Lines) -> tree.Lines:
    """Return the lines with correct claims wherever the shape is known, and correct expectations if the spec is sound.

    The shapes come from the network without claims, as shapes behind a wrong claim are unknown; the network with
    claims relates values to lines. Of a network beyond the limits nothing is filled in: it is not read to its end, and
    each check of it takes as long as a check may take.
    """
    bare = _check(source, tuple(replace(line, claim=None) if isinstance(line, tree.Chain) else line for line in lines))
    if any(diagnostic.code is Code.E002 for diagnostic in bare.errors):
        return lines
    claimed = lines = _correct_expectations(lines, bare)
    claims = _guess_claims(lines, bare)
    for _ in range(MAX_ROUNDS):
        claimed = tuple(_set_claim(line, claims.get(number)) for number, line in enumerate(lines))
        better = _compare_claims(claims, claimed, bare)
        if better == claims:
            break
        claims = better
    return claimed


def summarize_claims(before: tree.Lines, after: tree.Lines) -> str:
    """Return a summary such as `5 claims written, 1 claim corrected`; empty if nothing has changed."""
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


def _guess_claims(lines: tree.Lines, bare: Checked) -> Claims:
    """Return, for each line without a claim, the shape of its last node, or a placeholder if it has no node."""
    guesses: Claims = {number: (1,) for number, line in enumerate(lines) if _wants_claim(line)}
    starts = [line.span.start for line in lines]
    for value, place in bare.elaborated.places.items():
        outermost = (*place.trace, place.element)[0]
        number = bisect_right(starts, outermost.start) - 1
        if outermost.source is bare.source and number in guesses:
            guesses[number] = bare.network.shapes.get(value)
    return guesses


def _wants_claim(line: tree.Line) -> bool:
    """Whether a line lacks a claim that it could have: it ends in a layer, a block, a join or a repetition."""
    if not isinstance(line, tree.Chain) or line.claim is not None:
        return False
    last = next((element for element in reversed(line.elements) if not isinstance(element, tree.Resume)), None)
    if isinstance(last, tree.Call):
        return last.word.text == "same" or last.word.text not in STATEMENTS
    return isinstance(last, tree.Repeat | tree.For)


def _compare_claims(claims: Claims, claimed: tree.Lines, bare: Checked) -> Claims:
    """Return the claims corrected by the network that contains them; None for an unknown shape."""
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


def _correct_expectations(lines: tree.Lines, bare: Checked) -> tree.Lines:
    """Return the lines with each `expect QUANTITY VALUE` corrected, unless there are other errors."""
    if any(diagnostic.code is not Code.E402 for diagnostic in bare.errors):
        return lines
    return tuple(_correct_expectation(line, bare) if isinstance(line, tree.Expect) else line for line in lines)


def _correct_expectation(line: tree.Expect, bare: Checked) -> tree.Line:
    """Return the line with the network's value; inequalities such as `<` stay unchanged."""
    for expected in bare.elaborated.expectations:
        if expected.value_span == line.value.span and expected.comparison == "==":
            actual = QUANTITIES[expected.quantity](bare.totals)
            if actual not in (None, expected.value):
                return replace(line, value=tree.Number(line.value.span, actual, f"{actual:_}"))
    return line
