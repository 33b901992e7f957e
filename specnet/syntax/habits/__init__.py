"""Ways of writing that are not SpecNet's, recognised where a spec cannot be read. Imported only then."""

from __future__ import annotations

from specnet.syntax.habits import braces, claims, python, sections, signs
from specnet.syntax.habits.habit import Habit, hidden
from specnet.syntax.reading import Fault
from specnet.syntax.statements import line_around

LONGEST_LINE = 500
"""Longer ones resemble nothing."""


def recognised(text: str, statement: int, fault: Fault) -> Habit | None:
    """What a fault resembles; `statement` is where the statement begins that holds it."""
    code = hidden(text)
    start, end = line_around(text, fault.start)
    if end - start > LONGEST_LINE:
        return None
    return (
        braces.recognised(code, statement, fault)
        or claims.recognised(code, fault)
        or sections.recognised(text, code, statement, fault)
        or python.recognised(text, code, fault)
        or signs.recognised(text[start:end], fault.start - start, start)
    )
