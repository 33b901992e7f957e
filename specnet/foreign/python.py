"""Recognise lines of Python, above all calls of PyTorch, Keras and TensorFlow, and translate them as a whole."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from specnet.foreign.bad_line import BadLine, find_changes, find_end_of_call
from specnet.foreign.calls import VARIABLES, Call, set_label, translate_statement
from specnet.foreign.chains import Draft, Step, format_title, join_steps, join_taps, lay_out, put_input_first
from specnet.foreign.counterparts import explain_layer
from specnet.foreign.dataflow import Line, find_tap, find_untranslated, read_lines
from specnet.foreign.definitions import recognise_definition
from specnet.foreign.tools import guess_tool, read_program
from specnet.layers import get_layer_class
from specnet.syntax.parser_input import MASK
from specnet.syntax.recovery import Hint

PARTS = re.compile(
    r"(?P<before>[\s|{]*(?:[A-Za-z_]\w*[ \t]*:[ \t]*)?)(?P<chain>.*?)(?P<after>\s*(?:=>[^\n]*)?)$", re.DOTALL
)
"""A line's label, its elements, its claim."""

ELEMENT = re.compile(r"(?:\A|->)\s*(?P<text>(?:(?!\s*->).)*)", re.DOTALL)

ALIAS = re.compile(
    rf"[ \t]*(?P<text>(?P<name>(?!(?:{'|'.join(VARIABLES)})\b)[A-Za-z_]\w*) *= *(?P<value>[A-Za-z_]\w*))[ \t\r{MASK}]*"
)
"""Another name for a value: `shortcut = x`."""

BLOCK, USE = re.compile(r"^[ \t]*block[ \t]+(\w+)", re.MULTILINE), re.compile(r"^[ \t]*use\b", re.MULTILINE)

WORDS = frozenset({"input", "repeat", "same", "head"})
"""Words that begin an element of a chain and are no layers."""


def recognise_python(line: BadLine) -> Hint | None:
    """Recognise a class or function as a whole, or calls on a line, which may end on a later one."""
    text, code, (start, end) = line.text, line.code, line.bounds
    if definition := recognise_definition(line):
        return definition
    if (alias := ALIAS.fullmatch(code, start, end)) and (hint := _hint_alias(alias, line)):
        return hint
    end = find_end_of_call(code, start)
    if "(" not in code[start:end] and not _joins_values(line, start, end):
        return None
    code_end = start + len(code[start:end].rstrip(f"{MASK} \t\r\n"))
    return _translate_line(line, text[start:code_end], start, end)


JOINED = re.compile(rf"[ \t]*[A-Za-z_]\w*[ \t]*[+*-]?=[ \t]*(?P<values>\w+(?:[ \t]*[+*-][ \t]*\w+)*)[ \t\r{MASK}]*")
"""`x = a + b`, `x += a`."""


def _joins_values(line: BadLine, start: int, end: int) -> bool:
    """Return whether a line joins values of the network by an operator, and not numbers."""
    found = JOINED.fullmatch(line.code, start, end)
    names = re.findall(r"\w+", found["values"]) if found else []
    return bool(names) and all(_is_value(name, line.code[:start]) for name in names)


def _is_value(name: str, above: str) -> bool:
    """Return whether a name is that of a value of the network, given above or usual for one."""
    given = re.search(rf"@{name}\b|^[ \t]*{name}[ \t]*[:=]", above, re.MULTILINE)
    return name in VARIABLES or (given is not None and not re.search(rf"\blet[ \t]+{name}\b", above))


def _hint_alias(alias: re.Match[str], line: BadLine) -> Hint | None:
    """Name the value above, as `shortcut = x` does, unless `x` is another one."""
    name, (start, end) = alias["name"], alias.span("text")
    if not _is_value(alias["value"], line.code[: alias.start()]):
        return None
    own = read_lines(line.original).get(line.find_origin(alias.start()))
    is_above = own is None or set(own.sources.values()) <= {own.before}
    message = f"`{alias['text']}` is Python; `@{name}` names the value above"
    return Hint(message, start, end, ((start, end, f"-> @{name}"),), f"-> @{name}", is_safe=is_above)


Element = tuple[re.Match[str], Call | None]
"""An element of a chain, and its translation if it is a call of Python."""


def _translate_line(line: BadLine, bad: str, start: int, end: int) -> Hint | None:
    """Translate the calls among the elements of a line."""
    parts = PARTS.match(bad)
    if parts is None:
        return None
    program = read_program(line.original)
    program = program.of_tool(guess_tool(bad) or program.tool)
    first = line.find_line_number(start + parts.start("chain"))
    elements = [
        (found, translate_statement(found["text"], program, first + parts["chain"].count("\n", 0, found.start("text"))))
        for found in ELEMENT.finditer(parts["chain"])
    ]
    draft = _put_together(elements, line, start) if any(call for _, call in elements) else None
    draft = draft and _find_unknown_words(draft, line.code)
    if draft is None or not draft.steps:
        return None
    if ":" in parts["before"]:
        draft = replace(draft, steps=tuple(replace(step, label="") for step in draft.steps))
    return _make_hint(parts, elements, draft, start, end)


def _find_unknown_words(draft: Draft, code: str) -> Draft:
    """Return a draft that is known only if its words are layers, or blocks of the spec or of those that it uses."""
    if not draft.is_known or USE.search(code):
        return draft
    words = [match[0] for layer in draft.layers if (match := re.match(r"[A-Za-z_]\w*", layer))]
    blocks = {found[1] for found in BLOCK.finditer(code)}
    unknown = [word for word in words if not (word in WORDS or word in blocks or get_layer_class(word))]
    lost = tuple(explain_layer(word) for word in unknown)
    return replace(draft, differences=(*draft.differences, *lost), is_known=not lost)


def _make_hint(parts: re.Match[str], elements: Sequence[Element], draft: Draft, start: int, end: int) -> Hint:
    """Return the hint with a draft in place of the line, which begins at the offset `start`."""
    bad = parts.string
    body, lost = lay_out(draft.steps, bad.count("\n"))
    draft = replace(draft, differences=(*draft.differences, *lost))
    replacement = parts["before"] + body + parts["after"]
    found, call = next((found, call) for found, call in elements if call)
    place = start + parts.start("chain") + found.start("text")
    return Hint(
        _make_message(call),
        place,
        place + len(found["text"].partition("\n")[0].rstrip()),
        find_changes(bad, replacement, start) if draft.is_known else (),
        replacement,
        title=(parts["before"] + format_title(draft.steps) + parts["after"]).strip(),
        is_safe=draft.is_exact,
        is_assumed=draft.is_exact,
        region=(start, end),
        notes=draft.notes,
        inputs=draft.inputs,
    )


def _put_together(elements: Sequence[Element], line: BadLine, start: int) -> Draft:
    """Return the steps of the elements of the line that begins at an offset."""
    steps, differences, is_known = list[Step](), list[str](), True
    for position, (element, call) in enumerate(elements):
        if call is None:
            steps.append(Step("", (element["text"].strip(),), (None,)))
            continue
        found = _resolve_inputs(call, line, start, is_first=position == 0)
        steps += found.steps
        differences += found.differences
        is_known &= found.is_known
    if len(elements) > 1 or len(steps) == 1:
        steps = [join_steps(steps)]
    return put_input_first(Draft(tuple(steps), tuple(dict.fromkeys(differences)), is_known), line.code[:start])


# What a call reads


def _resolve_inputs(call: Call, line: BadLine, start: int, is_first: bool) -> Call:
    """Return a call that continues from the values that it reads: the one that arrives, or one with a label."""
    if not call.steps:
        return call
    lines = read_lines(line.original)
    own = lines.get(line.find_origin(start))
    if own and is_first:
        call = _label(call, own)
    taps = [_find_tap(name, lines, own, is_first) for name in call.inputs]
    unknown = [f"`{name}`" for name, tap in zip(call.inputs, taps, strict=True) if tap is None]
    if early := own and find_untranslated(lines, own, call.inputs):
        lost = f"`{early}` is a value of a line that is not translated without asking"
        call = replace(call, differences=(*call.differences, lost))
    if unknown or taps.count("") > 1:
        lost = f"it is not known which values {', '.join(unknown or call.inputs)} are"
        return replace(call, differences=(*call.differences, lost if len(taps) > 1 else WHICH.format(*unknown)))
    first, *others = call.steps
    named = [tap for tap in taps if tap is not None]
    if len(named) > 1:
        layers = (*join_taps(first.layers[0], named), *first.layers[1:])
        return replace(call, steps=(replace(first, layers=layers), *others))
    begin = Step("", (named[0],), (None,)) if named and named[0] else None
    return replace(call, steps=(join_steps([begin, first]), *others)) if begin else call


def _label(call: Call, line: Line) -> Call:
    """Return a call with the label that its line needs, unless it has one of its own."""
    labels = [step.label for step in call.steps if step.label]
    if not labels:
        return set_label(call, line.label if line.target in VARIABLES else "")
    is_renamed = len(call.steps) == 1 and line.label and line.target not in VARIABLES
    return replace(call, steps=(replace(call.steps[0], label=line.label),)) if is_renamed else call


WHICH = "{} is not what the line above gives, and has no label"


def _find_tap(name: str, lines: Mapping[int, Line], own: Line | None, is_first: bool) -> str | None:
    """Return the tap of a value that is read, "" for the one that arrives, None if it is not known which one it is.

    Behind an arrow the names of tensors in general stand for what arrives there.
    """
    if own is None or (not is_first and name in VARIABLES):
        return ""
    return find_tap(lines, own, name)


def _make_message(call: Call) -> str:
    if call.tool:
        return f"`{call.function}(…)` is a call of {call.tool}; here a layer is a word, then its values"
    if re.search(r"[+*-]", call.function):
        return f"`{call.function}` is Python; here values are joined by `{call.layers[0].partition(' ')[0]}`"
    if any(step.label for step in call.steps) or not call.is_exact:
        fact = f"`{call.function}(…)` is a call of Python"
        return f"{fact}; here a layer is a word, and it reads what the line above gives"
    return f"`{call.function}` takes no parentheses; its values follow it"
