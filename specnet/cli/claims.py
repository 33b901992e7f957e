"""What `fmt --fill` writes: `=> SHAPE` and `expect QUANTITY VALUE` as they are true of the network."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import replace

from specnet.analyses.expectations import QUANTITIES
from specnet.compiler import Checked, check_lines, check_source, read_beside
from specnet.diagnostics import Code, Diagnostic, Severity
from specnet.elaborate.statements import STATEMENTS
from specnet.layers.base import Shape
from specnet.source import Source, Span
from specnet.syntax import tree

ROUNDS = 5
"""How often, at most, the claims are compared with what the lines give: where they were wrong, others may be so."""


def with_claims(source: Source, lines: tree.Lines) -> tree.Lines:
    """The lines with claims that hold wherever the shape is known, and with sums that hold if all is known.

    The shapes are those of the network without any claim, as an error ends at a claim; the check of the network with
    claims then tells which value stands at the end of which line.
    """
    bare = _checked(source, tuple(replace(line, claim=None) if _is_chain(line) else line for line in lines))
    lines = tuple(_with_sum(line, bare) for line in lines)
    numbers = {line.span: number for number, line in enumerate(lines)}
    claims = dict(_first_guesses(lines, bare))
    for _ in range(ROUNDS):
        claimed = tuple(_claiming(line, claims.get(number)) for number, line in enumerate(lines))
        for value, claim in _checked(source, claimed).elaborated.claims.items():
            ...
    return lines


def errors(source: Source) -> list[Diagnostic]:
    """What is wrong with a spec."""
    return _errors(check_source(source))
