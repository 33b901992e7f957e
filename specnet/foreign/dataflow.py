"""Find out which value each line of a program reads: the one that the line above gives, or another with a name."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from specnet.builder import KEYWORDS
from specnet.foreign.bad_line import find_end_of_call
from specnet.foreign.calls import VARIABLES, parse_python, translate_statement
from specnet.foreign.chains import is_join, make_unique
from specnet.foreign.patterns import MODEL, gives_no_value, list_outputs
from specnet.foreign.tools import read_program
from specnet.foreign.torch_layers import JOINING
from specnet.syntax.parser_input import MASK, mask_text

ARRIVING, UNKNOWN = -1, -2
"""The values that arrive at the first line, and that no line gives."""

ASSIGNMENT = re.compile(r"[ \t]*(?:self\.)?(?P<name>[A-Za-z_]\w*)[ \t]*[+*-]?=(?![=>])")
NATIVE = re.compile(r"[ \t]*(?:(?P<name>[A-Za-z_]\w*)[ \t]*:)?")
TAP = re.compile(r"->[ \t]*@(\w+)")
EMPTY = re.compile(rf"[\s{MASK}]*")


@dataclass
class Line:
    """A line that gives a value, and its sources: the line that gives each value that it reads, by the value's name."""

    text: str
    target: str
    is_python: bool
    before: int
    """The line that gives the value that arrives."""
    sources: dict[str, int] = field(default_factory=dict)
    taps: dict[str, int] = field(default_factory=dict)
    """The values that it reads and that lines such as `shortcut = x` above have named."""
    label: str = ""
    """The label that its value needs."""
    is_end: bool = False
    """Whether it gives no value itself, and says with which value the network ends."""


@lru_cache(maxsize=4)
def read_lines(text: str) -> Mapping[int, Line]:
    """Return the lines of a program that give values, by the offsets at which they begin, with labels where needed."""
    lines, values, current, known = dict[int, Line](), dict[str, int](), ARRIVING, list[Line]()
    taps, imported = dict[str, int](), read_program(text).imports
    for start, statement in _split(text):
        found = ASSIGNMENT.match(statement)
        nodes = parse_python(statement) if found or "(" in statement else []
        names = found or NATIVE.match(statement)
        line = Line(statement, names["name"] or "" if names else "", bool(nodes), current)
        line.is_end = MODEL.match(statement) is not None
        found_reads = list_outputs(statement) if line.is_end else [n for node in nodes for n in _list_reads(node)]
        reads = [name for name in found_reads if name not in imported]
        line.taps = {name: taps[name] for name in reads if name in taps}
        for name in reads:
            line.sources[name] = values.setdefault(name, UNKNOWN if known and _is_result(known[-1]) else current)
        lines[start] = line
        known.append(line)
        if line.is_end:
            continue
        if _is_alias(nodes):
            values[line.target] = line.sources[reads[0]]
            taps |= {line.target: current} if values[line.target] == current else {}
            continue
        current = len(known) - 1
        values.update(dict.fromkeys((line.target, *TAP.findall(statement)), current))
    _set_labels(known)
    return lines


def _is_result(line: Line) -> bool:
    """Return whether a line gives a name to what it computes from another value."""
    return bool(line.is_python and line.target and line.sources)


def _set_labels(lines: list[Line]) -> None:
    """Set a label, another one for each line, where a value is read that is not the last one."""
    needed = {
        source
        for line in lines
        if not line.is_end
        for name, source in line.sources.items()
        if source != line.before and line.taps.get(name) != source
    }
    tapped = {tap for line in lines for tap in re.findall(r"@(\w+)", line.text)}
    used, marks, reserved = set[str](), Counter[str](), KEYWORDS | VARIABLES
    for i, line in enumerate(lines):
        if line.is_python and line.target:
            label = make_unique(f"{line.target}_" if line.target in reserved else line.target, used, marks)
            line.label = label if i in needed or label in tapped or line.target not in VARIABLES else ""
        used.add(line.label if line.is_python else line.target)


def find_tap(lines: Mapping[int, Line], line: Line, name: str) -> str | None:
    """Return `@label` for a value that a line reads, "" for the one that arrives; None if it is not known."""
    source = line.sources.get(name, UNKNOWN)
    if source == line.before:
        return ""
    if name in line.taps and line.taps[name] == source:
        return f"@{name}"
    if source < 0:
        return None
    giver = [*lines.values()][source]
    if not giver.is_python:
        return f"@{name}" if name == giver.target or name in TAP.findall(giver.text) else None
    call = translate_statement(giver.text) if giver.target in VARIABLES else None
    own = call.steps[-1].label if call and call.steps else ""
    return f"@{own or giver.label}" if own or giver.label else None


def find_untranslated(lines: Mapping[int, Line], line: Line, names: Iterable[str]) -> str:
    """Return one of the names whose value a line gives that cannot be translated as it is; "" if there is none."""
    known = [*lines.values()]
    for name in names:
        source = line.sources.get(name, UNKNOWN)
        if source >= 0 and known[source].is_python and not _is_translated(lines, known[source]):
            return name
    return ""


def _is_translated(lines: Mapping[int, Line], line: Line) -> bool:
    """Return whether it is known which values a line reads."""
    call = translate_statement(line.text)
    taps = [find_tap(lines, line, name) for name in call.inputs] if call else [None, None]
    return None not in taps and len([tap for tap in taps if tap == ""]) < 2


def _split(text: str) -> Iterator[tuple[int, str]]:
    """Yield the statements that give values, with their offsets."""
    code, start = mask_text(text), 0
    while start < len(text):
        first, end = start, find_end_of_call(code, start)
        statement = text[first:end]
        if not EMPTY.fullmatch(code[first:end]) and (MODEL.match(statement) or not gives_no_value(statement)):
            yield first, statement
        start = text.find("\n", end) + 1 or len(text)


def _is_alias(nodes: list[ast.stmt]) -> bool:
    match nodes:
        case [ast.Assign(targets=[ast.Name()], value=ast.Name())]:
            return True
    return False


def _list_reads(node: ast.stmt) -> Iterator[str]:
    """Yield the names that a statement may read values from: first or joined arguments, operands, methods' objects."""
    places = list[ast.expr]()
    for each in ast.walk(node):
        match each:
            case ast.Call(func=func, args=args):
                joins = ast.unparse(func) in JOINING or (isinstance(func, ast.Name) and is_join(func.id))
                places += [*(args if joins else args[:1]), *([func.value] if isinstance(func, ast.Attribute) else [])]
                places += [key.value for key in each.keywords if key.arg in VALUES]
            case ast.BinOp(left=left, right=right):
                places += [left, right]
            case ast.Assign(value=ast.Name() as value):
                places.append(value)
            case ast.AugAssign(target=ast.Name() as target, value=value):
                places += [target, value]
    for place in places:
        parts = place.elts if isinstance(place, ast.List | ast.Tuple) else [place]
        yield from (part.id for part in parts if isinstance(part, ast.Name) and part.id not in MODULES)


VALUES = frozenset({"input", "inputs", "x", "tensors", "other"})
"""Names of arguments that are values."""

MODULES = frozenset({"F", "nn", "torch", "tf", "tensorflow", "keras", "layers", "slim", "K", "L", "KL", "self"})
"""Names of modules and objects that hold functions."""
