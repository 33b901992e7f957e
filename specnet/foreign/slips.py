"""Recognise slips of the pen: a parenthesis too few or too many, a keyword with a wrong letter, `carry x`, `for 4`."""

from __future__ import annotations

import re
from dataclasses import replace

from specnet import suggest
from specnet.foreign.bad_line import BadLine
from specnet.layers import get_layer_class
from specnet.syntax.recovery import Hint

PAIRS = {"(": ("RPAR", ")"), "[": ("RSQB", "]")}
"""The terminal and the sign that close each bracket."""

CARRY = re.compile(r"(?<=[ \t])carry(?P<names>(?:[ \t,]+@?[A-Za-z_]\w*)*)[ \t]*\{")
"""What a loop carries, with or without `@`."""

TAPS = r"(?:[ \t,]+@[A-Za-z_]\w*)+"

EARLY_CARRY = re.compile(
    rf"(?P<head>(?P<loop>repeat|for)[ \t]+)carry(?P<names>{TAPS})[ \t]+(?P<turns>[^{{\s][^{{\n]*?)[ \t]*\{{"
)
"""A loop with `carry` before its number of turns, or before its variable."""

COUNTED_FOR = re.compile(r"(?P<word>for)[ \t]+(?P<count>\w+(?:\.\.\w+)?)(?=[ \t]*\{|[ \t]+carry\b)")
"""A `for` without a variable, `for 4 {`."""

LET_LAYERS = re.compile(r"let[ \t]+(?P<name>[A-Za-z_]\w*)[ \t]*=[ \t]*(?=\{)")
"""A `let` whose value is layers in braces."""

FOR_LAYERS = re.compile(r"for[ \t]+[A-Za-z_]\w*[ \t]+in[ \t]+[^{}\n]*\{[^{}\n]*\}[ \t]*\{")
"""A `for` whose values are layers in braces."""

CALLED = re.compile(r"(?P<name>[A-Za-z_]\w*)\([ \t]*\)")
"""A word with empty parentheses."""

PARAMETER = r"[(,][ \t]*{}[ \t]*="
"""The place where a block declares a parameter with a default."""

KEYWORDS = {"IN": "in", "_ELSE": "else"}
"""Keywords in the middle of a line, by the terminal that is expected there."""


def recognise_slip(line: BadLine) -> Hint | None:
    """Return a hint on the token at which the parser stopped, if changing or leaving out that one is enough."""
    recognisers = (
        _recognise_let_layers,
        _recognise_for_layers,
        _recognise_counted_for,
        _recognise_early_carry,
        _recognise_called_layers,
        _recognise_bracket,
        _recognise_keyword,
        _recognise_carry,
    )
    return next((hint for recogniser in recognisers if (hint := recogniser(line))), None)


def _search(pattern: re.Pattern[str], line: BadLine) -> re.Match[str] | None:
    """Return the match of a pattern on the line around the place where the parser stopped."""
    found = pattern.finditer(line.code, *line.bounds)
    return next((each for each in found if each.start() <= line.error.start <= each.end()), None)


def _recognise_let_layers(line: BadLine) -> Hint | None:
    """Recognise `let act = { silu }`, layers with a name, which are a block."""
    found = _search(LET_LAYERS, line)
    message = "`let` gives a name to a value; layers with a name are a block"
    return _hint(line, found.start(), found.end(), f"block {found['name']} ", message) if found else None


def _recognise_for_layers(line: BadLine) -> Hint | None:
    """Recognise `for a in { relu } { silu } { … }`, a loop over layers."""
    found = FOR_LAYERS.search(line.code, *line.bounds)
    if found is None or not found.start() <= line.error.start <= found.end():
        return None
    message = "`for` takes values, and no layers; a block takes layers, `block unit(act={ relu }) { … }`"
    return Hint(message, line.error.start, line.error.end)


def _recognise_counted_for(line: BadLine) -> Hint | None:
    """Recognise `for 4 { … }`, a number of turns without a variable."""
    found = _search(COUNTED_FOR, line)
    if found is None:
        return None
    message = f"`for` names the values of its turns, `for x in …`; `repeat {found['count']}` is a number of turns"
    return _hint(line, *found.span("word"), "repeat", message)


def _recognise_early_carry(line: BadLine) -> Hint | None:
    """Recognise `repeat carry @x 3 { … }`, whose `carry` stands before the turns."""
    found = EARLY_CARRY.search(line.code, *line.bounds)
    if found is None or not found.start() <= line.error.start <= found.end():
        return None
    carry = " ".join(["carry", *re.findall(r"@\w+", found["names"])])
    message = f"`carry` stands before the braces: `{found['loop']} {found['turns']} {carry} {{ … }}`"
    return _hint(line, *found.span(), f"{found['head']}{found['turns']} {carry} {{", message)


def _recognise_called_layers(line: BadLine) -> Hint | None:
    """Recognise `act()`, layers of a parameter with parentheses, and `act={ relu() }`."""
    found = _search(CALLED, line)
    if found is None:
        return None
    is_given = re.search(r"=[ \t]*\{[^{}\n]*$", line.code[line.bounds[0] : found.start()])
    is_parameter = re.search(PARAMETER.format(found["name"]), line.code)
    if not (is_parameter or (is_given and get_layer_class(found["name"]))):
        return None
    fact = "stands for layers, and takes" if is_parameter else "takes"
    message = f"`{found['name']}` {fact} no parentheses"
    return _hint(line, *found.span(), found["name"], message)


def _recognise_bracket(line: BadLine) -> Hint | None:
    start, token = line.error.start, line.token.strip()
    for opening, (terminal, closing) in PAIRS.items():
        surplus = line.code_of_line.count(opening) - line.code_of_line.count(closing)
        if surplus > 0 and token == opening and line.code[start - 1 : start] == opening:
            return _hint(line, start, start + 1, "", f"`{opening}` is written twice")
        if surplus > 0 and terminal in line.error.expected:
            at = line.bounds[0] + len(line.code[line.bounds[0] : start].rstrip())
            hint = _hint(line, at, at, closing, f"`{opening}` is never closed")
            opened = _find_opened(line.code[:at], opening, closing)
            return replace(hint, start=opened, end=opened + 1)
        if surplus < 0 and token == closing:
            return _hint(line, start, start + 1, "", f"`{closing}` closes nothing")
    return None


def _find_opened(code: str, opening: str, closing: str) -> int:
    """Return the offset of the last bracket that is not closed."""
    depth = 0
    for at in range(len(code) - 1, -1, -1):
        depth += (code[at] == closing) - (code[at] == opening)
        if depth < 0:
            return at
    return len(code) - 1


def _recognise_keyword(line: BadLine) -> Hint | None:
    """Recognise `repeat i on 1..3`, `elze { … }`."""
    token = line.token.strip()
    possible = [word for terminal, word in KEYWORDS.items() if terminal in line.error.expected]
    meant = suggest.find_closest_word(token, possible) if token.isalpha() else ""
    if not meant:
        return None
    return _hint(
        line, line.error.start, line.error.end, meant, f"`{token}` cannot stand here{suggest.did_you_mean(meant)}"
    )


def _recognise_carry(line: BadLine) -> Hint | None:
    """Recognise `repeat 3 carry x { … }`, whose values lack their `@`, and `repeat 3 carry { … }`, which has none."""
    found = CARRY.search(line.code, *line.bounds)
    if found is None or not found.start() <= line.error.start <= found.end():
        return None
    if found["names"] and set(found["names"].split()) == set(re.findall(r"@\w+", found["names"])):
        message = f"`repeat` needs the number of its turns, `repeat 3 carry{found['names']} {{ … }}`"
        return Hint(message, found.start(), found.end("names"))
    taps = [f"@{name.lstrip('@')}" for name in re.findall(r"@?\w+", found["names"])]
    text = " ".join(["carry", *taps, "{"]) if taps else "{"
    message = f"carried values are written as `{text[:-2]}`" if taps else "`carry` names values, as in `carry @x`"
    return _hint(line, found.start(), found.end(), text, message)


def _hint(line: BadLine, start: int, end: int, text: str, message: str) -> Hint:
    """Return a hint that replaces some characters of the line."""
    first, last = line.bounds
    replacement = f"{line.text[first:start]}{text}{line.text[end:last]}"
    return Hint(message, start, end, ((start, end, text),), replacement, is_safe=True, is_assumed=True)
