"""Ways of writing that are not SpecNet's, recognised where a spec cannot be read. Imported only then."""

from __future__ import annotations

from collections.abc import Callable

from specnet.syntax.habits import claims, closing, opening, python, sections, signs
from specnet.syntax.habits.habit import Habit, Place
from specnet.syntax.reading import Fault

LONGEST_LINE = 500
"""Longer ones resemble nothing."""

RECOGNISERS: tuple[Callable[[Place], Habit | None], ...] = (
    closing.recognised,
    opening.recognised,
    claims.recognised,
    sections.recognised,
    python.recognised,
    signs.recognised,
)
"""Asked in this order."""


def recognised(text: str, statement: int, fault: Fault) -> Habit | None:
    """What a fault resembles; `statement` is where the statement begins that holds it."""
    place = Place(text, statement, fault)
    start, end = place.line
    if end - start > LONGEST_LINE:
        return None
    found = (recogniser(place) for recogniser in RECOGNISERS)
    return next((habit for habit in found if habit), None)
