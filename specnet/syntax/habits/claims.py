"""A claim on a line of its own: `=> 55x55x96` below the line whose shape it claims."""

from __future__ import annotations

import re

from specnet.syntax.habits.habit import HIDDEN, Habit, Place
from specnet.syntax.statements import line_around

ABOVE = re.compile(rf"[^\s{HIDDEN}](?=[\s{HIDDEN}]*\Z)")
"""The last sign of code in what stands above."""


def recognised(place: Place) -> Habit | None:
    """The claim at the end of the line above."""
    code, fault, (start, end) = place.code, place.fault, place.line
    line = code[start:end].rstrip(f"{HIDDEN} \t\r")
    before = ABOVE.search(code, 0, start)
    if place.token != "=>" or line[: fault.start - start].strip() or not before:
        return None
    claim, above = line.strip(), code[slice(*line_around(code, before.start()))].split(HIDDEN)[0].strip()
    changes = ((before.end(), before.end(), f" {claim}"), (fault.start, start + len(line), ""))
    message = "`=>` stands at the end of the line whose shape it claims"
    is_alone = "=>" not in above and re.match(r"=>\s*\d", claim) is not None
    return Habit(message, fault.start, fault.end, changes, f"{above} {claim}", is_safe=is_alone, is_assumed=is_alone)
