"""Translate calls of Python, above all of PyTorch, Keras and TensorFlow, into lines of a spec, by the tables of layers.

A call may stand in another, `F.relu(F.max_pool2d(x, 2))`, or hold others, `nn.Sequential(nn.ReLU(), nn.Dropout())`.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from specnet.builder import KEYWORDS
from specnet.foreign import keras_layers, torch_layers
from specnet.foreign.chains import Draft, Step, explain_length, is_join, takes_values
from specnet.foreign.counterparts import explain_layer
from specnet.foreign.meaning import Signature, Table, read_table
from specnet.foreign.tools import ALONE, KERAS, Program, find_rows, guess_tool, name_tool, read_program
from specnet.foreign.translation import translate
from specnet.foreign.values import Expression, Value, format_foreign_value
from specnet.layers import get_layer_class, list_kinds
from specnet.syntax import tree

LONGEST_SHOWN = 50
"""The largest length of a call that is shown as it is."""

VARIABLES = frozenset({"x", "y", "z", "h", "out", "output", "outputs", "inputs", "net", "model"})
"""Common names of tensors and models, which do not become labels."""

SWAP = "permute CL"
"""The layer of `transpose(1, 2)`, which a second one undoes."""

EXPRESSION_FUNCTIONS = frozenset({"min", "max", "ceil", "floor"})
"""Functions of SpecNet's own expressions."""

OURS: Table = read_table(
    """
conv(K: K = None, F: F = None, S: S = None, P: P = None, D: D = None, G: G = None, bias: bias = None) -> conv
deconv(K: K = None, F: F = None, S: S = None, P: P = None, bias: bias = None) -> deconv
"""
)
"""SpecNet's own layers whose values have keys, called like a function."""


@dataclass(frozen=True)
class Call:
    """A call as steps of a chain; nothing of it is lost if `differences` is empty and `is_known`."""

    steps: tuple[Step, ...]
    function: str
    """The name of the function that is called, as written."""
    tool: str = ""
    differences: tuple[str, ...] = ()
    is_known: bool = True
    """Whether all of it has a meaning here."""
    inputs: tuple[str, ...] = ()
    """The names of the values that it reads, in their order."""

    @property
    def is_exact(self) -> bool:
        return self.is_known and not self.differences

    @property
    def layers(self) -> tuple[str, ...]:
        return tuple(layer for step in self.steps for layer in step.layers)


def translate_statement(text: str, program: Program = ALONE, line: int = 1) -> Call | None:
    """Translate a Python statement that calls a layer; None if it does not.

    `line` is the line of the file on which the statement begins.
    """
    match program.fill_in(parse_python(text, line)):
        case [ast.Expr(value=ast.Call() as call)]:
            return translate_call(call, program)
        case [ast.Expr(value=ast.Tuple() | ast.List() as items) | ast.Assign(value=ast.List() as items)]:
            first = items.elts[0] if items.elts else None
            return (
                _translate_sequence(ast.unparse(first.func), [items], program) if isinstance(first, ast.Call) else None
            )
        case [ast.Assign(targets=[ast.Name(id=name) | ast.Attribute(attr=name)], value=ast.Call() as call)]:
            found = translate_call(call, program)
            return found and set_label(found, "" if name in VARIABLES else name)
        case [ast.Assign(targets=[ast.Name(id=name)], value=ast.BinOp() as value)]:
            found = _translate_operator(value)
            return found and set_label(found, "" if name in VARIABLES else name)
        case [ast.AugAssign(target=ast.Name(id=name), op=operation, value=ast.Name() as value)]:
            return _translate_operator(ast.BinOp(ast.Name(name, ast.Load()), operation, value))
    return None


OPERATORS: Mapping[type[ast.operator], str] = {ast.Add: "add", ast.Sub: "sub", ast.Mult: "mul"}
"""The joins that operators between values are."""


def _translate_operator(node: ast.BinOp) -> Call | None:
    """Translate a sum, a product or a difference of named values, `a + b`; None for any other."""
    join, names, rest = OPERATORS.get(type(node.op)), list[str](), list[ast.expr]([node])
    while rest:
        match rest.pop(0):
            case ast.BinOp(left=left, op=operation, right=right) if isinstance(operation, type(node.op)):
                rest[:0] = [left, right]
            case ast.Name(id=name):
                names.append(name)
            case _:
                return None
    is_join = takes_values(join or "", len(names)) and all(name in VARIABLES or not name.isupper() for name in names)
    return Call((Step("", (join or "",), (None,)),), ast.unparse(node), inputs=tuple(names)) if is_join else None


def parse_python(text: str, line: int = 1) -> list[ast.stmt]:
    """Return the statements of a text that begins on a line; none if it cannot be read."""
    for own in dict.fromkeys((text, TAP.sub("", text))):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                tree_of_text = ast.parse(own.strip().rstrip(",;"))
        except (SyntaxError, ValueError, MemoryError, RecursionError):
            continue
        return ast.increment_lineno(tree_of_text, line - 1).body
    return []


def translate_layer_call(text: str, file: str) -> Draft | None:
    """Translate a call of another tool's layer, `MaxPool2d(2)`; None for other calls. `file` is the text around it."""
    call = translate_statement(text, read_program(file)) if "(" in text else None
    return Draft(call.steps, call.differences, call.is_known) if call and call.tool else None


TAP = re.compile(r"(?<=[(,=+*-])[ \t]*@(?=[A-Za-z_])")
"""The sign of a tap among the arguments of a call, which Python does not have."""

TEXT = re.compile(r"same|valid|zeros|circular|reflect|replicate|nearest|bilinear|bicubic|channels_(first|last)")
"""Words of a line that are texts in a call."""


def translate_words(call: tree.Call) -> Draft | None:
    """Translate a layer of another tool whose values follow it as on a line, `Conv2d 3 32 3 padding=1`.

    None if no tool has such a layer, or if the word alone says it all.
    """
    word = call.word.text
    if call.body or not (word in torch_layers.MODULES or word in keras_layers.KERAS):
        return None
    own = [argument for argument in call.arguments if argument.key and argument.key.text.isupper()]
    others = [_format_argument(argument) for argument in call.arguments if argument not in own]
    found = translate_statement(f"{word}({', '.join(others)})", read_program(call.span.source.text))
    if found is None or not found.steps:
        return None
    first, *rest = found.layers if call.arguments else found.layers[:1]
    layers = (" ".join([first, *(argument.span.text for argument in own)]), *rest)
    return Draft((Step("", layers, found.steps[0].reads),), found.differences, found.is_known)


def read_argument(argument: tree.Argument) -> Value:
    """Return the value of an argument of a line."""
    text = _format_argument(argument)
    try:
        return read_value(ast.parse(text.partition("=")[2] or text, mode="eval").body)
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return Expression(argument.value.span.text)


def _format_argument(argument: tree.Argument) -> str:
    """Return an argument of a line as Python has it: `(3, 5)` for 3x5, `True` for yes."""
    value, text = argument.value, argument.value.span.text
    match value:
        case tree.Size(sizes=sizes):
            text = f"({', '.join(size.span.text for size in sizes)})"
        case tree.Name(text="yes" | "no"):
            text = str(text == "yes")
        case tree.Name() if TEXT.fullmatch(text):
            text = repr(text)
    return f"{argument.key.text}={text}" if argument.key else text


def set_label(call: Call, name: str) -> Call:
    """Return a call whose result is assigned to a name, or to none."""
    if not name or not call.steps:
        return call
    name = f"{name}_" if name in KEYWORDS else name
    if call.steps[0].is_input:
        return _label_input(call, name)
    if any(step.label for step in call.steps):
        own = len(call.steps) == 1
        steps = tuple(replace(step, label=name if own else f"{name}_{step.label}") for step in call.steps)
    else:
        layers = tuple(layer for step in call.steps for layer in step.layers)
        steps = (Step(name, layers, tuple(reads for step in call.steps for reads in step.reads)),)
    return replace(call, steps=steps)


def _label_input(call: Call, name: str) -> Call:
    """Return a call that begins with an input, which takes a tap and no label."""
    first, others = call.steps[0], call.steps[1:]
    begin = Step("", first.layers[:1], first.reads[:1])
    rest = [Step(first.label, first.layers[1:], first.reads[1:])] if first.layers[1:] else []
    if not rest and not others:
        return replace(call, steps=(replace(begin, layers=(*begin.layers, f"@{name}"), reads=(*begin.reads, None)),))
    labelled = set_label(replace(call, steps=(*rest, *others)), name)
    return replace(call, steps=(begin, *labelled.steps))


def translate_call(call: ast.Call, program: Program = ALONE) -> Call | None:
    """Translate a call; None for a function of expressions."""
    if isinstance(call.func, ast.Call):  # Keras: Conv2D(96, 11)(x)
        layer = translate_call(call.func, program.of_tool(KERAS))
        return layer and _read_inputs(layer, call.args, program)
    function = ast.unparse(call.func)
    name = function.rpartition(".")[2]
    if name in EXPRESSION_FUNCTIONS and name == function:
        return None
    if _holds_layers(function, call):
        own = program if program.tool else program.of_tool(guess_tool(ast.unparse(call)))
        return _translate_sequence(function, call.args, own)
    if name == function and is_join(name) and len(call.args) > 1:
        inputs = tuple(ast.unparse(each) for each in call.args)
        is_known = all(isinstance(each, ast.Name) for each in call.args) and not call.keywords
        return Call((Step("", (name,), (None,)),), function, inputs=inputs, is_known=is_known)
    found = find_rows(function, program)
    candidates = [(tool, rows) for tool, rows in found if _takes_value(rows) <= _has_value(call)]
    if name in OURS and function == name and all(isinstance(arg, ast.Constant) for arg in call.args):
        candidates = [("", OURS[name])]
    if not candidates:
        return _translate_unknown(function, call, program)
    return _choose([_translate_known(call, tool, rows, program) for tool, rows in candidates])


def _choose(calls: Sequence[Call]) -> Call:
    """Return the translation of the tool whose call it is, which is unknown for a name that two tools have."""
    best = min(calls, key=lambda call: len(call.differences))
    others = [call for call in calls if call.tool != best.tool and len(call.differences) == len(best.differences)]
    if not others:
        return best
    if all(call.layers == best.layers for call in others):
        return replace(best, tool=" and ".join(dict.fromkeys(call.tool for call in [best, *others])))
    tools = (f"in {call.tool} it is `{' -> '.join(call.layers)}`" for call in others)
    return replace(best, differences=(f"this is `{best.function}` of {best.tool}; {', '.join(tools)}",))


# A call of a known layer


def _translate_known(call: ast.Call, tool: str, rows: Sequence[Signature], program: Program) -> Call:
    """Translate a call by the rows of its name; what it reads is translated first."""
    function = ast.unparse(call.func)
    keywords = {keyword.arg or "**": keyword.value for keyword in call.keywords}
    values = {name: read_value(node) for name, node in keywords.items()}
    found = translate(rows, [read_value(node) for node in call.args], values)
    is_own = function in list_kinds() and _takes_value(rows)
    layers = found.layers or ("identity",)  # a linear activation
    is_known = found.is_known and bool(found.layers or not found.differences)
    step = Step(found.label, layers, found.reads)
    own = Call((step,), function, "" if is_own else tool, found.differences, is_known)
    if rows is torch_layers.METHODS.get(function.rpartition(".")[2]) and isinstance(call.func, ast.Attribute):
        return _read_inputs(own, [call.func.value], program)
    if not _takes_value(rows):
        return own
    read = [parameter.name for parameter in rows[0].parameters if parameter.word == "value"]
    nodes = [*call.args[: len(read)], *[node for name, node in keywords.items() if name in read]]
    return _read_inputs(own, nodes, program)


def _takes_value(rows: Sequence[Signature]) -> bool:
    """Whether a function takes the value that it reads, and not only its settings."""
    return bool(rows[0].parameters) and rows[0].parameters[0].word == "value"


def _has_value(call: ast.Call) -> bool:
    return bool(call.args) and not isinstance(call.args[0], ast.Constant)


def _read_inputs(call: Call, arguments: Sequence[ast.expr], program: Program) -> Call:
    """Return a call behind the calls that it reads, with the names of other values that it reads."""
    nodes = [item for node in arguments for item in (node.elts if isinstance(node, ast.List | ast.Tuple) else [node])]
    inner = [node for node in nodes if isinstance(node, ast.Call)]
    if lost := [ast.unparse(node) for node in nodes if not isinstance(node, ast.Call | ast.Name | ast.Attribute)]:
        found = tuple(f"`{text}` has no counterpart here" for text in lost)
        call = replace(call, differences=(*call.differences, *found), is_known=False)
    if not inner:
        return replace(call, inputs=tuple(ast.unparse(node) for node in nodes))
    first = translate_call(inner[0], program.of_tool(call.tool if call.tool == KERAS else ""))
    if first is None or len(nodes) > 1:
        return replace(call, is_known=False)
    if call.layers == (SWAP,) and first.layers[-1:] == (SWAP,):
        return replace(first, steps=(*first.steps[:-1], first.steps[-1].drop_last()), function=call.function)
    return _join(call.function, [first, call])


def _join(function: str, calls: Sequence[Call]) -> Call:
    """Return calls one after the other; the first reads what all of them read."""
    return Call(
        tuple(step for call in calls for step in call.steps if step.layers),
        function,
        next((call.tool for call in reversed(calls) if call.tool), ""),
        tuple(dict.fromkeys(difference for call in calls for difference in call.differences)),
        all(call.is_known for call in calls),
        calls[0].inputs if calls else (),
    )


def read_value(node: ast.expr) -> Value:
    """Return a constant, a tuple of values, or an expression."""
    match node:
        case ast.Tuple(elts=parts) | ast.List(elts=parts):
            return tuple(map(read_value, parts))
    try:
        value = ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return Expression(ast.unparse(node))
    return value if isinstance(value, int | float | str | None) else Expression(ast.unparse(node))


# Calls that hold others


def _holds_layers(function: str, call: ast.Call) -> bool:
    """Whether a call lists layers: `nn.Sequential(…)`, `model.add(Conv2D(…))`."""
    prefix, _, name = function.rpartition(".")
    if name == "Sequential":
        return True
    is_added = name == "add" and prefix not in ("", "torch") and not prefix.endswith("layers")
    return is_added and all(isinstance(argument, ast.Call) for argument in call.args)


def _translate_sequence(function: str, arguments: Iterable[ast.expr], program: Program) -> Call:
    """Translate layers one after the other, in a list, or with a name each: `OrderedDict([("conv1", …)])`."""
    items = [*list_items(arguments)]
    if too_long := explain_length(sum(isinstance(node, ast.Call) for _, item in items for node in ast.walk(item))):
        return Call((Step("", (function,), (None,)),), function, program.tool, too_long, is_known=False)
    calls = [_translate_item(label, node, program) for label, node in items]
    if len(items) > 1:
        calls = [_name_call(call, node) for call, (_, node) in zip(calls, items, strict=True)]
    return replace(_join(function, calls), function=function, inputs=())


def list_items(arguments: Iterable[ast.expr]) -> Iterator[tuple[str, ast.expr]]:
    """Yield the layers of a sequence, each with its name or ""."""
    for node in arguments:
        match node:
            case ast.Tuple(elts=[ast.Constant(value=str(label)), item]):
                yield label, item
            case ast.List(elts=items) | ast.Tuple(elts=items):
                yield from list_items(items)
            case ast.Dict(keys=keys, values=values):
                names = [key.value if isinstance(key, ast.Constant) else "" for key in keys]
                yield from zip(map(str, names), values, strict=True)
            case ast.Call(func=ast.Name(id="OrderedDict") | ast.Attribute(attr="OrderedDict"), args=items):
                yield from list_items(items)
            case _:
                yield "", node


def _translate_item(label: str, node: ast.expr, program: Program) -> Call:
    call = translate_call(node, program) if isinstance(node, ast.Call) else None
    if call is None:
        return Call((), "", differences=("this is left out",), is_known=False)
    return set_label(call, label if label.isidentifier() and label not in VARIABLES else "")


def _name_call(call: Call, node: ast.expr) -> Call:
    """Return one call of several with its line and text in what is lost of it; one that holds others is not named."""
    if isinstance(node, ast.Call) and _holds_layers(ast.unparse(node.func), node):
        return call
    text = ast.unparse(node)
    shown = text if len(text) <= LONGEST_SHOWN else f"{call.function}(…)"
    found = tuple(f"line {node.lineno}, `{shown}`: {difference}" for difference in call.differences)
    return replace(call, differences=found)


# A call of something else


def _translate_unknown(function: str, call: ast.Call, program: Program) -> Call:
    """Translate a word of the spec itself, called like a function: `bottleneck(64, S=2)`."""
    name = function.rpartition(".")[2]
    inner = [arg for arg in call.args if isinstance(arg, ast.Call)]
    values = [arg for arg in call.args if arg not in inner and not _is_variable(arg)]
    texts = [format_foreign_value(read_value(value)) for value in values]
    if name == "input" and len(values) > 1:  # (3, 224, 224)
        layer = f"input {'x'.join(texts)}"
    else:
        keys = [f"{keyword.arg}={format_foreign_value(read_value(keyword.value))}" for keyword in call.keywords]
        layer = " ".join((name, *texts, *keys))
    first = call.args[:1] if get_layer_class(name) is None else []
    read = [each.id for each in first if isinstance(each, ast.Name) and _is_variable(each)]
    is_known = function == name and len(values) + len(read) == len(call.args)
    differences = () if function == name else (explain_layer(function),)
    step = Step("", (layer,), (None,))
    own = Call((step,), function, name_tool(function, program), differences, is_known, tuple(read))
    found = [translate_call(arg, program) for arg in inner]
    return _join(function, [*filter(None, found), own])


def _is_variable(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id in VARIABLES
