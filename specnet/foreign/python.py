"""Translate Python, above all calls of PyTorch and Keras: `nn.Conv2d(3, 96, 11, stride=4)` is `conv K=96 F=11 S=4`."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from specnet.foreign.bad_line import BadLine, find_changes
from specnet.foreign.words import ATTRIBUTES, INFERRED, LAYERS, OURS, LayerSignature, translate_word
from specnet.syntax.parser_input import MASK, find_line
from specnet.syntax.recovery import Hint

BY_POSITION = frozenset({("fc", "K"), ("dropout", "p"), ("input", "shape")})
"""Attributes that are given by position, without their key."""

OMITTED_KEYWORDS = frozenset(
    {"in_channels", "in_features", "num_features", "num_channels", "inplace", "input_shape", "dim"}
)
"""Keywords that a spec does not need."""

VARIABLES = frozenset({"x", "y", "z", "h", "out", "output", "outputs", "inputs", "net", "model"})
"""Common names of tensors and models, which do not become labels."""

EXPRESSION_FUNCTIONS = frozenset({"min", "max", "ceil", "floor"})
"""Functions of SpecNet's own expressions."""

DEFINITION = re.compile(r"(?P<indent>[ \t]*)(?P<word>class|def)\b[^\n{}]*:[ \t\0]*$", re.MULTILINE)

PARTS = re.compile(
    r"(?P<before>[\s|{]*(?:[A-Za-z_]\w*[ \t]*:[ \t]*)?)(?P<chain>.*?)(?P<after>\s*(?:=>[^\n]*)?)$", re.DOTALL
)
"""A line's label, its elements, its claim."""

ELEMENT = re.compile(r"(?:\A|->)\s*(?P<text>(?:(?!\s*->).)*)", re.DOTALL)

MOST_LINES = 100
"""The largest number of lines of one call."""


# A call


@dataclass(frozen=True)
class Translation:
    """A call as elements of a chain; `is_exact` if nothing of the call is lost."""

    elements: tuple[str, ...]
    is_exact: bool
    function: str
    """The name of the function that is called, as written."""
    tool: str = ""
    label: str = ""


def translate_statement(text: str) -> Translation | None:
    """Translate a Python statement that calls a layer; None if it does not."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            body = ast.parse(text.strip().rstrip(",;")).body
    except (SyntaxError, ValueError, MemoryError):
        return None
    match body:
        case [ast.Expr(value=ast.Call() as call)]:
            return _translate_call(call)
        case [ast.Assign(targets=[ast.Name(id=name) | ast.Attribute(attr=name)], value=ast.Call() as call)]:
            translation = _translate_call(call)
            return translation and replace(translation, label=translation.label if name in VARIABLES else name)
    return None


def translate_layer_call(text: str) -> str:
    """Translate a call of a PyTorch or Keras layer, `MaxPool2d(2)`; "" unless all of it has a meaning here."""
    translation = translate_statement(text) if "(" in text else None
    return " -> ".join(translation.elements) if translation and translation.tool and translation.is_exact else ""


def _translate_call(call: ast.Call) -> Translation | None:
    if isinstance(call.func, ast.Call):  # Keras: Conv2D(96, 11)(x)
        return _translate_call(call.func)
    function = ast.unparse(call.func)
    name = function.rpartition(".")[2]
    if name in EXPRESSION_FUNCTIONS:
        return None
    if name == "Sequential" or (name == "add" and isinstance(call.func, ast.Attribute)):
        return _translate_all(function, call.args)
    has_numbers = all(isinstance(argument, ast.Constant) for argument in call.args)
    signature = OURS.get(name) if name in OURS and has_numbers else LAYERS.get(name)
    inner = _translate_all(function, [arg for arg in call.args if isinstance(arg, ast.Call)])
    own = _translate_layer(signature, call) if signature else _translate_own_word(name, call)
    is_exact = own.is_exact and inner.is_exact and (signature is not None or function == name)
    return Translation((*inner.elements, *own.elements), is_exact, function, own.tool, own.label)


def _translate_all(function: str, arguments: list[ast.expr]) -> Translation:
    """Translate calls one after the other, or in a list."""
    calls = [item for a in arguments for item in (a.elts if isinstance(a, ast.List | ast.Tuple) else [a])]
    translations = [_translate_call(item) if isinstance(item, ast.Call) else None for item in calls]
    known = [translation for translation in translations if translation]
    elements = tuple(element for translation in known for element in translation.elements)
    tool = next((translation.tool for translation in known if translation.tool), "")
    is_exact = len(known) == len(translations) and all(translation.is_exact for translation in known)
    return Translation(elements, is_exact, function, tool)


def _translate_layer(signature: LayerSignature, call: ast.Call) -> Translation:
    """Translate a call of a PyTorch or Keras layer."""
    kind, words, activations, label, is_exact = signature.words.split(" ")[0], [signature.words], list[str](), "", True
    for attribute, node in _match_arguments(signature, call):
        value = _format_shape(node) if attribute == "shape" else _format_value(node)
        if attribute == "name":
            label = value
        elif attribute == "activation":
            activations += [value] if value and value != "linear" else []
        elif attribute == "to" and value == "1":
            words.append("global")
        elif attribute and attribute != INFERRED and value:
            words.append(value if (kind, attribute) in BY_POSITION else f"{attribute}={value}")
        is_exact &= bool(attribute)
    return Translation((*filter(None, [" ".join(words)]), *activations), is_exact, "", signature.tool, label)


def _match_arguments(signature: LayerSignature, call: ast.Call) -> Iterator[tuple[str, ast.expr]]:
    """Yield the attribute that each argument sets, with its value; "" for an unknown one."""
    keywords = [(_translate_keyword(keyword.arg or ""), keyword.value) for keyword in call.keywords]
    order, needed = list(signature.attributes), signature.attributes[: signature.needed]
    if order[:1] == [INFERRED] and len(call.args) + sum(key in needed for key, _ in keywords) < len(needed):
        order = order[1:]
    yield from zip((*order, *[""] * len(call.args)), call.args, strict=False)
    yield from keywords


def _translate_keyword(keyword: str) -> str:
    if keyword in OMITTED_KEYWORDS:
        return INFERRED
    if keyword in ("activation", "name", "shape", *ATTRIBUTES):
        return keyword
    return translate_word(keyword, (*ATTRIBUTES, "p", "momentum"))


def _translate_own_word(name: str, call: ast.Call) -> Translation:
    """Translate a word of the spec itself, called like a function: `bottleneck(64, S=2)`."""
    given = [arg for arg in call.args if not isinstance(arg, ast.Call)]
    values = [arg for arg in given if not (isinstance(arg, ast.Name) and arg.id in VARIABLES)]
    if name == "input" and len(values) > 1:  # (3, 224, 224)
        return Translation((f"input {'x'.join(map(_format_value, values))}",), True, "")
    keys = [f"{keyword.arg}={_format_value(keyword.value)}" for keyword in call.keywords]
    return Translation((" ".join((name, *map(_format_value, values), *keys)),), len(values) == len(call.args), "")


def _format_value(node: ast.expr) -> str:
    """Return a value as a spec has it; "" for one that it leaves out."""
    match node:
        case ast.Constant(value=True):
            return "yes"
        case ast.Constant(value=False):
            return "no"
        case ast.Constant(value=None | "valid"):
            return ""
        case ast.Constant(value=str(text)):
            return text
        case ast.Tuple(elts=parts) | ast.List(elts=parts) if parts:
            sides = dict.fromkeys(map(_format_value, parts))
            return next(iter(sides)) if len(sides) == 1 else _format_shape(node)
    return ast.unparse(node)


def _format_shape(node: ast.expr) -> str:
    parts = node.elts if isinstance(node, ast.Tuple | ast.List) else [node]
    sizes = [(isinstance(part, ast.Constant), _format_value(part)) for part in parts]
    return "x".join(text if is_constant else f"({text})" for is_constant, text in sizes)


# A line


def recognise_python(line: BadLine) -> Hint | None:
    """Recognise a class or function as a whole, or calls on a line, which may end on a later one."""
    text, code, (start, end) = line.text, line.code, line.bounds
    if definition := DEFINITION.match(code, start):
        body = re.compile(rf"(?:\n{definition['indent']}[ \t]+[^\n]*|\n[ \t]*(?=\n|\Z))*").match(code, definition.end())
        message = f"`{definition['word']}` is Python; a spec lists its layers, one a line"
        region = start, body.end() if body else end
        return Hint(message, definition.start("word"), definition.end("word"), region=region)
    if "(" not in code[start:end]:
        return None
    end = _end_of_call(code, start, end)
    code_end = start + len(code[start:end].rstrip(f"{MASK} \t\r\n"))
    return _translate_line(text[start:code_end], start, end)


def _end_of_call(code: str, start: int, end: int) -> int:
    """Return the end of the line on which the open parentheses are closed."""
    last = end
    for _ in range(MOST_LINES):
        if code.count("(", start, last) <= code.count(")", start, last):
            return last
        last = find_line(code, min(last + 1, len(code)))[1]
    return end


def _translate_line(bad: str, start: int, end: int) -> Hint | None:
    """Translate the calls among the elements of a line."""
    parts = PARTS.match(bad)
    if parts is None:
        return None
    elements = [(found, translate_statement(found["text"])) for found in ELEMENT.finditer(parts["chain"])]
    calls = [translation for _, translation in elements if translation]
    if not calls:
        return None
    words = list[str]()
    for found, translation in elements:
        words += translation.elements if translation else [found["text"].strip()]
    label = f"{calls[0].label}: " if calls[0].label and ":" not in parts["before"] else ""
    replacement = parts["before"] + label + _spread_over_lines(words, bad.count("\n")) + parts["after"]
    first = next(found for found, translation in elements if translation)
    place = start + parts.start("chain") + first.start("text")
    is_exact = all(translation.is_exact for translation in calls)
    changes = find_changes(bad, replacement, start)
    return Hint(
        _make_message(calls[0]),
        place,
        place + len(first["text"].partition("\n")[0].rstrip()),
        changes,
        replacement,
        title=re.sub(r"\s*\n\s*", " -> ", replacement.strip()),
        is_safe=is_exact,
        is_assumed=is_exact,
        region=(start, end),
    )


def _spread_over_lines(words: Sequence[str], breaks: int) -> str:
    """Return a chain over as many lines as before, so that later lines keep their numbers."""
    if len(words) > breaks + 1:
        return " -> ".join(words) + "\n" * breaks
    return "\n".join(words) + "\n" * (breaks + 1 - len(words))


def _make_message(translation: Translation) -> str:
    if translation.tool:
        return f"`{translation.function}(…)` is a call of {translation.tool}; here a layer is a word, then its values"
    if translation.label or not translation.is_exact:
        fact = f"`{translation.function}(…)` is a call of Python"
        return f"{fact}; here a layer is a word, and it reads what the line above gives"
    return f"`{translation.function}` takes no parentheses; its values follow it"
