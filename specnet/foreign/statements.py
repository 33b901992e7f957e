"""Recognise statements of programs that add no layer, and say what becomes of them."""

from __future__ import annotations

from specnet.foreign.bad_line import BadLine, find_end_of_call
from specnet.foreign.dataflow import read_lines
from specnet.foreign.patterns import IDLE, MODEL, list_outputs
from specnet.foreign.tools import CONSTANT, IMPORT, is_import_read, is_read_elsewhere, read_program
from specnet.syntax.parser_input import MASK
from specnet.syntax.recovery import Hint

WITHOUT = "without this line"


def recognise_statement(line: BadLine) -> Hint | None:
    """Recognise a statement that adds no layer."""
    start = line.bounds[0]
    end = find_end_of_call(line.code, start)
    text = line.text[start : start + len(line.code[start:end].rstrip(f"{MASK} \t\r\n;"))]
    if IMPORT.match(text):
        return _hint_idle(line, text, end, is_safe=not is_import_read(text, line.original))
    if IDLE.match(text):
        return _hint_idle(line, text, end)
    if MODEL.match(text):
        return _hint_model(line, text, end)
    if (constant := CONSTANT.match(text)) and constant["name"] in read_program(line.original).constants:
        return _hint_constant(line, constant["name"], text, end)
    return None


def _hint_idle(line: BadLine, text: str, end: int, is_safe: bool = True) -> Hint:
    message = f"`{_shorten(text)}` is Python, and adds no layer"
    return _leave_out(line, text, end, message, is_safe)


def _leave_out(line: BadLine, text: str, end: int, message: str, is_safe: bool) -> Hint:
    """Return a hint whose fix leaves a statement out, and its line breaks in their place."""
    start = line.bounds[0]
    first = start + len(text) - len(text.lstrip())
    last = start + len(text)
    changes = ((start, end, "\n" * line.text.count("\n", start, end)),)
    last = first + len(text.strip().partition("\n")[0])
    return Hint(message, first, last, changes, title=WITHOUT, is_safe=is_safe, is_assumed=True, region=(start, end))


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
