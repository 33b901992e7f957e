"""What is read in the place of a line that cannot be: it holds the braces that the line holds, gives the names that it
gives, and lets nothing known through."""

from __future__ import annotations

import re
from collections.abc import Iterable

from specnet.syntax.habits.habit import hidden
from specnet.syntax.reading import UNREADABLE

GAP = f"\n{UNREADABLE}\n"
"""What leaves it is unknown."""

NAME = r"([A-Za-z_]\w*)"


def silent(bad: str) -> str:
    """The braces that the line opens and closes for other lines; what they hold is not looked at."""
    return _between_braces(hidden(bad), ())


def naming(bad: str) -> str:
    """The same with the names that the line gives to numbers, and to values by a label or a tap."""
    code = hidden(bad)
    numbers = [f"let {name} = C" for name in re.findall(rf"\blet\s+{NAME}", code)]
    found = re.findall(rf"^[\s|}}]*{NAME}\s*[:=]|->\s*@{NAME}|\binput\s+{NAME}", code)
    values = dict.fromkeys(name for alternatives in found for name in alternatives if name)
    return _between_braces(code, (*numbers, *(f"{name}: if yes {{ {UNREADABLE} }}" for name in values)))


def _between_braces(code: str, names: Iterable[str]) -> str:
    before = re.match(r"[\s|}]*", code)[0]  # type: ignore[index]  # matches everywhere
    braces = re.sub(r"[^{}]", "", code[len(before) :])
    while "{}" in braces:
        braces = braces.replace("{}", "")
    return "\n".join((before + GAP, *names, "}" * braces.count("}"), *["if no {"] * braces.count("{")))
