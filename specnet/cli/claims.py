"""What `fmt --fill` writes: `=> SHAPE` and `expect QUANTITY VALUE` as they are true of the network."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import replace

from specnet.analyses.expectations import QUANTITIES
from specnet.compiler import Checked, check_lines, check_source, read_beside
from specnet.diagnostics import Code, Diagnostic
from specnet.elaborate.statements import STATEMENTS
from specnet.layers.base import Shape
from specnet.source import Source
from specnet.syntax import tree

ROUNDS = 5
"""How often the claims are compared with what their lines give, at most; where one was wrong, others may be so."""


def with_claims(source: Source, lines: tree.Lines) -> tree.Lines:
    """The lines with claims that hold, wherever the shape is known, and with sums that hold, if all of it is known.

    The network without claims tells the shapes, as none is known behind a wrong claim; the network with claims tells
    which value stands at the end of which line.
    """
    bare = _checked(
        source, tuple(replace(line, claim=None) if isinstance(line, tree.Chain) else line for line in lines)
    )
    claimed = lines = _with_sums(lines, bare)
    claims = _guesses(lines, bare)
    for _ in range(ROUNDS):
        claimed = tuple(_claiming(line, claims.get(number)) for number, line in enumerate(lines))
        better = _compared(claims, claimed, bare)
        if better == claims:
            break
        claims = better
    return claimed


def filled(before: tree.Lines, after: tree.Lines) -> str:
    """What became of the claims: `5 claims written, 1 claim corrected`; empty where all stay."""
    pairs = [(old, new) for old, new in zip(before, after, strict=True) if old != new]
    claims = [old.claim is None for old, _ in pairs if isinstance(old, tree.Chain)]
    counts = [
        (claims.count(True), "claim", "written"),
        (claims.count(False), "claim", "corrected"),
        (len(pairs) - len(claims), "expectation", "corrected"),
    ]
    return ", ".join(f"{count} {what}{'s' if count > 1 else ''} {done}" for count, what, done in counts if count)


def errors(source: Source) -> list[Diagnostic]:
    """What is wrong with a text."""
    return list(check_source(source).errors)


def _checked(source: Source, lines: tree.Lines) -> Checked:
    return check_lines(source, lines, (), {}, read_beside)


# Claims, by the number of their line; None where there is to be none, or the one that is there stays

Claims = dict[int, Shape | None]


def _guesses(lines: tree.Lines, bare: Checked) -> Claims:
    """For each line that wants a claim the shape of the last node that stands on it; some shape if there is none."""
    guesses: Claims = {number: (1,) for number, line in enumerate(lines) if _wants_claim(line)}
    starts = [line.span.start for line in lines]
    for value, place in bare.elaborated.places.items():
        outermost = (*place.trace, place.element)[0]
        number = bisect_right(starts, outermost.start) - 1
        if outermost.source is bare.source and number in guesses:
            guesses[number] = bare.network.shapes.get(value)
    return guesses


def _wants_claim(line: tree.Line) -> bool:
    """Whether a line has no claim but could: it ends in a layer, block, join or repetition, or a name for its value."""
    if not isinstance(line, tree.Chain) or line.claim is not None:
        return False
    last = next((element for element in reversed(line.elements) if not isinstance(element, tree.Resume)), None)
    if isinstance(last, tree.Call):
        return last.word.text == "same" or last.word.text not in STATEMENTS
    return isinstance(last, tree.Repeat | tree.For)


def _compared(claims: Claims, claimed: tree.Lines, bare: Checked) -> Claims:
    """The claims as the network answers them: corrected, or withdrawn where it cannot tell."""
    numbers = {line.span: number for number, line in enumerate(claimed)}
    answers: Claims = dict.fromkeys(claims)
    for value, claim in _checked(bare.source, claimed).elaborated.claims.items():
        number, shape = numbers.get(claim.line), bare.network.shapes.get(value)
        if number is not None and (number in claims or (shape and shape != claim.shape)):
            answers[number] = shape
    return answers


def _claiming(line: tree.Line, shape: Shape | None) -> tree.Line:
    """The line with a claim; what it claims already stays if it comes to the same."""
    if not shape or not isinstance(line, tree.Chain):
        return line
    span = (line.claim or line).span
    sizes = tuple(tree.Number(span, size, str(size)) for size in shape)
    return replace(line, claim=tree.Size(span, sizes) if len(sizes) > 1 else sizes[0])


# Sums


def _with_sums(lines: tree.Lines, bare: Checked) -> tree.Lines:
    """The lines with each `expect QUANTITY VALUE` as the network has it, unless there are other errors."""
    if any(diagnostic.code is not Code.E402 for diagnostic in bare.errors):
        return lines
    return tuple(_expecting(line, bare) if isinstance(line, tree.Expect) else line for line in lines)


def _expecting(line: tree.Expect, bare: Checked) -> tree.Line:
    """The line with the value that the network has; what comes to the same stays, and so does `<` and its like."""
    for expected in bare.elaborated.expectations:
        if expected.value_span == line.value.span and expected.comparison == "==":
            actual = QUANTITIES[expected.quantity](bare.totals)
            if actual != expected.value:
                return replace(line, value=tree.Number(line.value.span, actual, f"{actual:_}"))
    return line
