"""Recognise statements of programs that add no layer, and say what becomes of them."""

from __future__ import annotations

import re
from dataclasses import replace

from specnet import settings
from specnet.foreign.bad_line import BadLine, find_end_of_call
from specnet.foreign.dataflow import read_lines
from specnet.foreign.patterns import IDLE, IMAGES, INSTANCE, LEARNS, LOOP, MODEL, NAME, NUMBER, TRAINING, list_outputs
from specnet.foreign.tools import CONSTANT, IMPORT, find_rows, is_import_read, is_read_elsewhere, read_program
from specnet.syntax.parser_input import MASK, mask_text
from specnet.syntax.recovery import Hint

NETWORKS = frozenset({"model", "net", "network"})
"""Common names of networks."""

SECTION = re.compile(r"^[ \t]*train[ \t]*\{", re.MULTILINE)

WITHOUT = "without this line"


def recognise_statement(line: BadLine) -> Hint | None:
    """Recognise a statement that adds no layer."""
    start = line.bounds[0]
    end = find_end_of_call(line.code, start)
    text = _cut_comment(line.text[start:end], line.code[start:end])
    if SECTION.match(line.code, line.statement):
        return None
    if (loop := LOOP.match(line.code, start)) and LEARNS.search(line.text, *loop.span()):
        return _hint_loop(line, loop)
    if TRAINING.match(text):
        return _hint_training(line, text, end)
    if IMPORT.match(text):
        return _hint_idle(line, text, end, is_safe=not is_import_read(text, line.original))
    if IDLE.match(text):
        return _hint_idle(line, text, end)
    if MODEL.match(text):
        return _hint_model(line, text, end)
    if made := INSTANCE.fullmatch(text):
        return _hint_instance(line, made, text, end)
    if IMAGES.match(text):
        return _hint_images(line, text, end)
    if (number := NUMBER.fullmatch(text)) and number["name"] in settings.list_lines():
        return _hint_setting(line, number, text, end)
    if (constant := CONSTANT.match(text)) and constant["name"] in read_program(line.original).constants:
        return _hint_constant(line, constant["name"], text, end)
    return None


def _cut_comment(text: str, code: str) -> str:
    """Return a statement without the comment behind it; `code` has comments and strings masked."""
    end = len(code.rstrip(f"{MASK} \t\r\n;"))
    return (text[:end] if text[end:].lstrip().startswith("#") else text).rstrip()


def _hint_idle(line: BadLine, text: str, end: int, is_safe: bool = True) -> Hint:
    message = f"`{_shorten(text)}` is Python, and adds no layer"
    return _leave_out(line, text, end, message, is_safe)


def _hint_loop(line: BadLine, loop: re.Match[str]) -> Hint:
    """Offer to leave out a loop over epochs or batches, or the tests behind it."""
    start, end = loop.start(), loop.start() + len(loop[0].rstrip())
    first = line.text[start:end].partition("\n")[0]
    message = f"`{first.strip()}` begins lines of a program; `specnet train` runs what the `train` section says"
    changes = ((start, end, "\n" * line.text.count("\n", start, end)),)
    place = start + len(first) - len(first.lstrip()), start + len(first.rstrip())
    return Hint(message, *place, changes, title="without these lines", is_assumed=True, region=(start, end))


def _hint_training(line: BadLine, text: str, end: int) -> Hint:
    """Translate all statements about training as a `train` section, in the place of the first one."""
    from specnet.foreign.training_calls import read_recipe

    start = line.bounds[0]
    place = start + len(text) - len(text.lstrip()), start + len(text.partition("\n")[0])
    message = f"`{_shorten(text)}` says how to train, which a spec says in its `train` section"
    statements = _list_statements(line.original)
    if SECTION.search(line.code) or not statements or statements[0].strip() != text.strip():
        notes = ("the section is offered at the first of these statements",) if statements else ()
        return Hint(message, *place, region=(start, end), notes=notes)
    recipe = read_recipe(statements, line.original)
    changes = [(start, start + len(text), recipe.text)]
    for other in statements[1:]:
        at = line.text.find(other, end)
        changes += [(at, at + len(other), "\n" * other.count("\n"))] if at >= 0 else []
    return Hint(
        message,
        *place,
        tuple(changes) if recipe.lines else (),
        recipe.text,
        is_safe=not recipe.differences,
        region=(start, end),
        notes=tuple(recipe.differences),
    )


def _hint_instance(line: BadLine, made: re.Match[str], text: str, end: int) -> Hint | None:
    """Leave out `net = Net(3, 10)`; its values are needed until its class is translated."""
    if re.search(rf"^class[ \t]+{made['name']}\b", line.original, re.MULTILINE):
        message = f"`{text.strip()}` makes a network of a class; a network here is all lines of its file"
        return _leave_out(line, text, end, message, is_safe=not made["arguments"].strip())
    if made["variable"] not in NETWORKS or any(find_rows(made["name"], read_program(line.original))):
        return None
    message = f"`{text.strip()}` makes a network of a class that is not here; a network here is all lines of its file"
    return replace(_leave_out(line, text, end, message, is_safe=True), is_safe=False)


def _hint_images(line: BadLine, text: str, end: int) -> Hint:
    """Leave out `(x, y), (v, w) = mnist.load_data()` once nothing reads its names."""
    names = re.findall(NAME, text.partition("=")[0])
    message = f"`{_shorten(text)}` reads images, which `data` names in the `train` section"
    is_read = any(is_read_elsewhere(name, line.original, text) for name in names)
    return _leave_out(line, text, end, message, is_safe=not is_read)


def _hint_setting(line: BadLine, number: re.Match[str], text: str, end: int) -> Hint:
    """Leave out `epochs = 15` once the `train` section says it."""
    name, value = number["name"], number["value"]
    message = f"`{text.strip()}` is Python; `{name} {value}` is a line of the `train` section"
    is_said = re.search(rf"^[ \t]+{name}[ \t]+{re.escape(value)}[ \t]*$", line.original, re.MULTILINE)
    return _leave_out(line, text, end, message, is_safe=is_said is not None)


def _list_statements(text: str) -> list[str]:
    """Return the statements of a program that say how to train."""
    code, found, at = mask_text(text), list[str](), 0
    while at < len(text):
        end = find_end_of_call(code, at)
        if TRAINING.match(text, at):
            found.append(text[at : at + len(code[at:end].rstrip(f"{MASK} \t\r"))])
        at = end + 1
    return found


def _leave_out(line: BadLine, text: str, end: int, message: str, is_safe: bool) -> Hint:
    """Return a hint whose fix leaves a statement out, and its line breaks in their place."""
    start = line.bounds[0]
    first = start + len(text) - len(text.lstrip())
    last = start + len(text)
    changes = ((start, end, "\n" * line.text.count("\n", start, end)),) if is_safe else ()
    notes = () if is_safe else ("it can go once no other line needs it",)
    last = first + len(text.strip().partition("\n")[0])
    return Hint(
        message,
        first,
        last,
        changes,
        title=WITHOUT,
        is_safe=is_safe,
        is_assumed=is_safe,
        region=(start, end),
        notes=notes,
    )


def _shorten(text: str) -> str:
    """Return the first line of a statement, and its function alone if it goes on."""
    first, is_longer, _ = text.strip().partition("\n")
    return f"{first.partition('(')[0]}(…)" if is_longer and "(" in first else first


def _hint_model(line: BadLine, text: str, end: int) -> Hint:
    """Leave out `model = Model(inputs, x)` if the network ends with the value above."""
    start, names = line.bounds[0], list_outputs(text)
    own = read_lines(line.original).get(line.find_origin(start))
    is_last = own is None or set(own.sources.values()) <= {own.before}
    if len(names) < 2 and is_last:
        message = f"`{_shorten(text)}` is Python; a network is all lines of its file"
        return _leave_out(line, text, end, message, is_safe=True)
    message = "a network ends with the value of its last line; others are side outputs, `head NAME { … }`"
    note = f"this model ends with {', '.join(f'`{name}`' for name in names)}"
    return Hint(message, start, start + len(text.partition("\n")[0]), region=(start, end), notes=(note,))


def _hint_constant(line: BadLine, name: str, text: str, end: int) -> Hint:
    """Leave out `input_shape = (28, 28, 1)` once no other line has its name."""
    message = f"`{text.strip()}` is Python; the lines that read `{name}` are translated with its value"
    return _leave_out(line, text, end, message, is_safe=not is_read_elsewhere(name, line.original, text))
