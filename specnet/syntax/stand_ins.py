"""What is read in the place of a line that cannot be: it holds the braces that the line holds, gives the names that it
gives, and lets nothing known through."""

from __future__ import annotations

import re

from specnet.syntax.habits.habit import hidden
from specnet.syntax.reading import UNREADABLE

GAP = f"\n{UNREADABLE}\n"
"""What leaves it is unknown."""

NAME = r"([A-Za-z_]\w*)"


def silent(bad: str) -> str:
    """The braces that the line opens and closes for other lines; what stands in them is silent, too."""
    return _around(bad, [])


def naming(bad: str) -> str:
    """The same with the names that the line gives: a variable, a block, a label, a tap."""
    code = hidden(bad)
    variables = [f"let {name} = C" for name in re.findall(rf"\blet\s+{NAME}", code)]
    values = re.findall(rf"^[\s|}}]*{NAME}\s*[:=]|->\s*@{NAME}|\binput\s+{NAME}", code)
    names = dict.fromkeys(filter(None, sum(values, ())))
    return _around(bad, [*variables, *(f"{name}: if yes {{ {UNREADABLE} }}" for name in names)])


def _around(bad: str, names: list[str]) -> str:
    code = hidden(bad)
    before = re.match(r"[\s|}]*", code)[0]  # type: ignore[index]  # matches everywhere
    braces = re.sub(r"[^{}]", "", code[len(before) :])
    while "{}" in braces:
        braces = braces.replace("{}", "")
    openers = [_header(code) if names else "if no {"] * braces.count("{")
    return "\n".join((before + GAP, *names, "}" * braces.count("}"), *openers))
