"""Recognise classes and functions of a program: a class with a `forward` is translated as a whole."""

from __future__ import annotations

import ast
import re

from specnet.foreign.bad_line import BadLine, find_changes
from specnet.foreign.calls import parse_python
from specnet.foreign.chains import Draft, format_lines, lay_out, put_input_first
from specnet.foreign.classes import METHODS, find_network, translate_class
from specnet.foreign.tools import guess_tool, read_program
from specnet.syntax.parser_input import MASK, find_line
from specnet.syntax.recovery import Hint

DEFINITION = re.compile(r"(?P<indent>[ \t]*)(?P<word>class|def)\b[^\n{}]*:[ \t\0]*$", re.MULTILINE)
BETWEEN = re.compile(rf"(?:[ \t\r{MASK}]*\n|@[^\n]*\n)*")
"""Empty lines, comments and decorators between two definitions."""

WHAT = {
    "class": "`class` is Python; a spec lists its layers, one a line, in the order in which `forward` calls them",
    "def": "`def` is Python; layers that stand several times in a spec are a `block NAME(K) { … }`",
}


def recognise_definition(line: BadLine) -> Hint | None:
    """Recognise the classes and functions from the bad line on, up to the first statement of another kind."""
    start = line.bounds[0]
    first = DEFINITION.match(line.code, start)
    if first is None:
        return None
    end = _find_end(line, first)
    message, place = WHAT[first["word"]], (first.start("word"), first.end("word"))
    text = line.text[start:end].rstrip()
    body = parse_python(text, line.find_line_number(start))
    classes = [each for each in body if isinstance(each, ast.ClassDef)]
    if not any(isinstance(each, ast.FunctionDef) and each.name in METHODS for c in classes for each in c.body):
        return Hint(message, *place, region=(start, end))
    network = find_network(classes)
    if network is None:
        note = f"it is not known which of {', '.join(f'`{each.name}`' for each in classes)} is the network"
        return Hint(message, *place, region=(start, end), notes=(note,))
    program = read_program(line.original)
    program = program.of_tool(guess_tool(text) or program.tool)
    draft = translate_class(network, body, program, _find_arguments(network.name, line.original))
    return _make_hint(line, (start, start + len(text)), message, place, put_input_first(draft, line.code[:start]))


def _find_end(line: BadLine, first: re.Match[str]) -> int:
    """Return the end of the last definition."""
    code, definition, end = line.code, first, first.end()
    while definition and definition["indent"] == first["indent"]:
        body = re.compile(rf"(?:\n{first['indent']}[ \t]+[^\n]*|\n[ \t\r{MASK}]*(?=\n|\Z))*").match(
            code, definition.end()
        )
        end = body.end() if body else find_line(code, definition.start())[1]
        between = BETWEEN.match(code, end + 1)
        definition_ = DEFINITION.match(code, between.end() if between else end + 1)
        if definition_ is None:
            break
        definition = definition_
    return end


def _find_arguments(name: str, text: str) -> ast.Call | None:
    """Return the call that makes the network, `model = UNet(3, n_classes=2)`."""
    for found in re.finditer(rf"^[ \t]*\w+[ \t]*=[ \t]*(?P<call>{name}\([^\n]*\))", text, re.MULTILINE):
        for node in parse_python(found["call"]):
            calls = [each for each in ast.walk(node) if isinstance(each, ast.Call)]
            for call in calls:
                if ast.unparse(call.func) == name:
                    return call
    return None


def _make_hint(line: BadLine, region: tuple[int, int], message: str, place: tuple[int, int], draft: Draft) -> Hint:
    start, end = region
    bad = line.text[start:end]
    if not draft.is_known or not draft.steps:
        return Hint(message, *place, region=region, notes=draft.notes)
    body, lost = lay_out(draft.steps, bad.count("\n"))
    notes = (*draft.notes, *lost)
    return Hint(
        message,
        *place,
        find_changes(bad, body, start),
        body,
        title=format_lines(draft.steps),
        is_safe=not notes,
        is_assumed=not notes,
        region=region,
        notes=notes,
        inputs=draft.inputs,
    )
