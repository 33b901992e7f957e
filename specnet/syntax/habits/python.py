"""Python: layers that are called as in PyTorch and Keras, values that are assigned, classes and functions."""

from __future__ import annotations

import re
from collections.abc import Sequence

from specnet.syntax.habits.calls import Phrase, phrase
from specnet.syntax.habits.habit import HIDDEN, Habit, Place, changes_to
from specnet.syntax.statements import line_around

DEFINITION = re.compile(r"(?P<indent>[ \t]*)(?P<word>class|def)\b[^\n{}]*:[ \t\0]*$", re.MULTILINE)

PARTS = re.compile(
    r"(?P<before>[\s|{]*(?:[A-Za-z_]\w*[ \t]*:[ \t]*)?)(?P<chain>.*?)(?P<after>\s*(?:=>[^\n]*)?)$", re.DOTALL
)
"""A line's label, its elements, its claim."""

ELEMENT = re.compile(r"(?:\A|->)\s*(?P<text>(?:(?!\s*->).)*)", re.DOTALL)

MOST_LINES = 100
"""Lines of one call, at most."""


def recognised(place: Place) -> Habit | None:
    """A class or function as a whole, or a line, and those that its parentheses go on to, with calls in it."""
    text, code, (start, end) = place.text, place.code, place.line
    if definition := DEFINITION.match(code, start):
        body = re.compile(rf"(?:\n{definition['indent']}[ \t]+[^\n]*|\n[ \t]*(?=\n|\Z))*").match(code, definition.end())
        message = f"`{definition['word']}` is Python; a spec lists its layers, one a line"
        region = start, body.end() if body else end
        return Habit(message, definition.start("word"), definition.end("word"), region=region)
    if "(" not in code[start:end]:
        return None
    end = _end_of_call(code, start, end)
    code_end = start + len(code[start:end].rstrip(f"{HIDDEN} \t\r\n"))
    return _translated(text[start:code_end], start, end)


def _end_of_call(code: str, start: int, end: int) -> int:
    """The end of the line on which the parentheses are closed that are open."""
    last = end
    for _ in range(MOST_LINES):
        if code.count("(", start, last) <= code.count(")", start, last):
            return last
        last = line_around(code, min(last + 1, len(code)))[1]
    return end


def _translated(bad: str, start: int, end: int) -> Habit | None:
    """The line with its Python elements as SpecNet's."""
    parts = PARTS.match(bad)
    if parts is None:
        return None
    elements = [(found, phrase(found["text"])) for found in ELEMENT.finditer(parts["chain"])]
    calls = [said for _, said in elements if said]
    if not calls:
        return None
    words = [word for found, said in elements for word in (said.elements if said else (found["text"].strip(),))]
    label = f"{calls[0].label}: " if calls[0].label and ":" not in parts["before"] else ""
    meant = parts["before"] + label + _over_lines(words, bad.count("\n")) + parts["after"]
    first = next(found for found, said in elements if said)
    place = start + parts.start("chain") + first.start("text")
    is_sure = all(said.is_sure for said in calls)
    changes = changes_to(bad, meant, start)
    marked = place + len(first["text"].partition("\n")[0].rstrip())
    title = re.sub(r"\s*\n\s*", " -> ", meant.strip())
    return Habit(_message(calls[0]), place, marked, changes, meant, title, is_sure, is_sure, region=(start, end))


def _over_lines(words: Sequence[str], breaks: int) -> str:
    """A chain over as many lines as there were, so that what follows keeps its line."""
    if len(words) > breaks + 1:
        return " -> ".join(words) + "\n" * breaks
    return "\n".join(words) + "\n" * (breaks + 1 - len(words))


def _message(said: Phrase) -> str:
    if said.tool:
        return f"`{said.called}(…)` is a call of {said.tool}; here a layer is a word, then its values"
    if said.label or not said.is_sure:
        return f"`{said.called}(…)` is a call of Python; here a layer is a word, and it reads what the line above gives"
    return f"`{said.called}` takes no parentheses; its values stand behind it"
