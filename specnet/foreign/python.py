"""Recognise lines of Python, above all calls of PyTorch, Keras and TensorFlow, and translate them as a whole."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from specnet.foreign.bad_line import BadLine, find_changes
from specnet.foreign.calls import VARIABLES, Call, Step, guess_tool, translate_statement
from specnet.foreign.values import format_foreign_value
from specnet.syntax.parser_input import MASK, PLACEHOLDER, find_line
from specnet.syntax.recovery import Hint

DEFINITION = re.compile(r"(?P<indent>[ \t]*)(?P<word>class|def)\b[^\n{}]*:[ \t\0]*$", re.MULTILINE)

PARTS = re.compile(
    r"(?P<before>[\s|{]*(?:[A-Za-z_]\w*[ \t]*:[ \t]*)?)(?P<chain>.*?)(?P<after>\s*(?:=>[^\n]*)?)$", re.DOTALL
)
"""A line's label, its elements, its claim."""

ELEMENT = re.compile(r"(?:\A|->)\s*(?P<text>(?:(?!\s*->).)*)", re.DOTALL)

TARGET = re.compile(r"^[ \t]*(?:self\.)?(?P<name>[A-Za-z_]\w*)[ \t]*(?:=(?![=>])|:)", re.MULTILINE)
"""The name that a line gives to its value."""

ALIAS = re.compile(rf"[ \t]*(?P<text>(?P<name>(?!(?:{'|'.join(VARIABLES)})\b)[A-Za-z_]\w*) *= *[xh])[ \t\r{MASK}]*")
"""Another name for the value above: `shortcut = x`."""

CODE_LINE = re.compile(rf"^[ \t]*[^\s{MASK}{PLACEHOLDER}][^\n]*$", re.MULTILINE)

INPUT = re.compile(r"^[ \t]*input\b", re.MULTILINE)

MOST_LINES = 400
"""The largest number of lines of one call."""


def recognise_python(line: BadLine) -> Hint | None:
    """Recognise a class or function as a whole, or calls on a line, which may end on a later one."""
    text, code, (start, end) = line.text, line.code, line.bounds
    if definition := DEFINITION.match(code, start):
        body = re.compile(rf"(?:\n{definition['indent']}[ \t]+[^\n]*|\n[ \t]*(?=\n|\Z))*").match(code, definition.end())
        message = f"`{definition['word']}` is Python; a spec lists its layers, one a line"
        region = start, body.end() if body else end
        return Hint(message, definition.start("word"), definition.end("word"), region=region)
    if alias := ALIAS.fullmatch(code, start, end):
        return _hint_alias(alias)
    if "(" not in code[start:end]:
        return None
    end = _end_of_call(code, start, end)
    code_end = start + len(code[start:end].rstrip(f"{MASK} \t\r\n"))
    return _translate_line(line, text[start:code_end], start, end)


def _hint_alias(alias: re.Match[str]) -> Hint:
    """Name the value above, as `shortcut = x` does."""
    name, (start, end) = alias["name"], alias.span("text")
    message = f"`{alias['text']}` is Python; `@{name}` names the value above"
    return Hint(message, start, end, ((start, end, f"-> @{name}"),), f"-> @{name}", is_safe=True)


def _end_of_call(code: str, start: int, end: int) -> int:
    """Return the end of the line on which the open parentheses are closed."""
    last = end
    for _ in range(MOST_LINES):
        if code.count("(", start, last) <= code.count(")", start, last):
            return last
        last = find_line(code, min(last + 1, len(code)))[1]
    return end


@dataclass(frozen=True)
class Draft:
    """The translation of a line as steps of a chain, and in words what they do not say of the original."""

    steps: tuple[Step, ...]
    differences: tuple[str, ...]
    is_known: bool


def _translate_line(line: BadLine, bad: str, start: int, end: int) -> Hint | None:
    """Translate the calls among the elements of a line."""
    parts = PARTS.match(bad)
    if parts is None:
        return None
    tool = guess_tool(bad) or guess_tool(line.original)
    elements = [(found, translate_statement(found["text"], tool)) for found in ELEMENT.finditer(parts["chain"])]
    calls = [call for _, call in elements if call]
    if not calls:
        return None
    draft = _put_together([call or found["text"].strip() for found, call in elements], line.code[:start])
    if ":" in parts["before"]:
        draft = replace(draft, steps=tuple(replace(step, label="") for step in draft.steps))
    body, lost = _lay_out(draft.steps, bad.count("\n"))
    replacement = parts["before"] + body + parts["after"]
    first = next(found for found, call in elements if call)
    place = start + parts.start("chain") + first.start("text")
    differences = (*draft.differences, *lost)
    is_exact = draft.is_known and not differences
    return Hint(
        _make_message(calls[0]),
        place,
        place + len(first["text"].partition("\n")[0].rstrip()),
        find_changes(bad, replacement, start) if draft.is_known else (),
        replacement,
        title=parts["before"] + _format_title(draft.steps) + parts["after"],
        is_safe=is_exact,
        is_assumed=is_exact,
        region=(start, end),
        notes=differences,
    )


def _put_together(elements: Sequence[Call | str], above: str) -> Draft:
    """Return the steps of a line's elements; those of a spec are strings. `above` is the code before the line."""
    steps, differences, is_known = list[Step](), list[str](), True
    for position, element in enumerate(elements):
        if isinstance(element, str):
            steps.append(Step("", (element,), (None,)))
            continue
        found = _resolve_inputs(element, above) if position == 0 else element
        steps += found.steps
        differences += found.differences
        is_known &= found.is_known
    if position > 0 or len(steps) == 1:
        steps = [_join_steps(steps)]
    return _put_input_first(Draft(tuple(steps), tuple(dict.fromkeys(differences)), is_known), above)


def _join_steps(steps: Sequence[Step]) -> Step:
    label = next((step.label for step in steps if step.label), "")
    layers = tuple(layer for step in steps for layer in step.layers)
    return Step(label, layers, tuple(reads for step in steps for reads in step.reads))


def _put_input_first(draft: Draft, above: str) -> Draft:
    """Return a draft that begins with the input that its first layer names, if no line above has one."""
    reads = next((reads for step in draft.steps for reads in step.reads), None)
    if reads is None or reads.quantity != "input" or INPUT.search(above):
        return draft
    sizes = reads.value if isinstance(reads.value, tuple) else (reads.value,)
    if None in sizes:
        return replace(draft, differences=(*draft.differences, f"`{reads.argument}={reads.value}` leaves a size open"))
    return replace(draft, steps=(Step("", (f"input {format_foreign_value(sizes)}",), (None,)), *draft.steps))


# What a call reads


def _resolve_inputs(call: Call, above: str) -> Call:
    """Return a call that continues from the values that it reads: the one above, or a value with a label."""
    if not call.inputs or not call.steps:
        return call
    labels = _find_labels(above)
    taps = [f"@{name}" if name in labels else "" for name in call.inputs]
    first, *others = call.steps
    if len(taps) == 1:
        start = Step("", (taps[0],), (None,)) if taps[0] else None
        return replace(call, steps=(_join_steps([start, first]), *others)) if start else call
    if taps.count("") > 1:
        unknown = ", ".join(f"`{name}`" for name, tap in zip(call.inputs, taps, strict=True) if not tap)
        return replace(call, differences=(*call.differences, f"it is not known which values {unknown} are"))
    return replace(call, steps=(replace(first, layers=_join_taps(first.layers, taps)), *others))


def _find_labels(above: str) -> set[str]:
    """Return the names of values above that are not the last one."""
    last = [*CODE_LINE.finditer(above)][-1:]
    target = TARGET.match(last[0][0]) if last else None
    taps = re.findall(r"-> @(\w+)", above)
    names = {*(found["name"] for found in TARGET.finditer(above)), *taps} - VARIABLES
    return names - {target["name"]} if target else names


def _join_taps(layers: Sequence[str], taps: Sequence[str]) -> tuple[str, ...]:
    """Return a join and what follows it, with the named values that it takes, and "" for what arrives."""
    join, *following = layers
    if taps[0]:
        arms = " ".join(f"| {tap or 'identity'}" for tap in taps)
        return f"{join} {{ {arms} }}", *following
    return f"{join} {' '.join(taps[1:])}", *following


# Layout


def _lay_out(steps: Sequence[Step], breaks: int) -> tuple[str, tuple[str, ...]]:
    """Return the steps as text with so many line breaks, so that later lines keep their numbers, and what is lost."""
    lines = [_format_step(step) for step in steps]
    if len(lines) == 1 and breaks >= len(steps[0].layers) - 1 > 0:
        lines = _spread(steps[0])
    if len(lines) <= breaks + 1:
        return "\n".join(lines) + "\n" * (breaks + 1 - len(lines)), ()
    labels = [step.label for step in steps[1:] if step.label]
    lost = (f"no room for the labels {', '.join(labels)}",) if labels else ()
    return _format_step(_join_steps(steps)) + "\n" * breaks, lost


def _format_title(steps: Sequence[Step]) -> str:
    """Return the steps in one line; a label or an input in between needs lines of its own."""
    is_chain = not any(step.label for step in steps[1:]) and not _is_input(steps[0])
    return (" -> " if is_chain else "\n").join(map(_format_step, steps))


def _is_input(step: Step) -> bool:
    return step.layers[0].startswith("input ")


def _format_step(step: Step) -> str:
    return f"{step.label}: {' -> '.join(step.layers)}" if step.label else " -> ".join(step.layers)


def _spread(step: Step) -> list[str]:
    """Return a line for each layer of a step; those of a label's line continue it."""
    first, *others = step.layers
    if not step.label:
        return [first, *others]
    return [f"{step.label}: {first}", *(f"  -> {layer}" for layer in others)]


def _make_message(call: Call) -> str:
    if call.tool:
        return f"`{call.function}(…)` is a call of {call.tool}; here a layer is a word, then its values"
    if any(step.label for step in call.steps) or not call.is_exact:
        fact = f"`{call.function}(…)` is a call of Python"
        return f"{fact}; here a layer is a word, and it reads what the line above gives"
    return f"`{call.function}` takes no parentheses; its values follow it"
