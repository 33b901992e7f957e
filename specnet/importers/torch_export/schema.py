"""Read the graph of an archive of torch.export, which is JSON in the schema of torch/_export/serde/schema.py."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import reduce
from typing import Any

import torch

from specnet.importers.errors import UnreadableModel
from specnet.importers.imported import Scope
from specnet.importers.torch_export.archive import DTYPES
from specnet.importers.torch_export.calls import Call, Ref

MOST_CALLS = 200_000

PREFIX = "torch.ops.aten."


class Graph:
    """The graph of an archive, whose symbols for sizes have numbers: 1 for a batch, the example's for others."""

    def __init__(self, module: Mapping[str, Any]) -> None:
        self.graph: Mapping[str, Any] = _get(module, "graph", dict)
        self.signature: Mapping[str, Any] = _get(module, "signature", dict)
        self.symbols = dict[str, int]()
        self.values: Mapping[str, Any] = _get(self.graph, "tensor_values", dict)
        self.numbers: Mapping[str, Any] = self.graph.get("sym_int_values") or {}
        for name in self.list_user_inputs():
            sizes = _get(self.values.get(name) or {}, "sizes", list)
            if sizes and (symbol := _find_symbol(sizes[0])):
                self.symbols[symbol] = 1

    def list_user_inputs(self) -> list[str]:
        """Return the names of the inputs that are no tensors of the network itself."""
        return [name for kind, name, _ in self.list_inputs() if kind == "user_input"]

    def list_inputs(self) -> Iterator[tuple[str, str, str]]:
        """Yield the kind of each input, its value and the name of the tensor that it is."""
        for spec in _get(self.signature, "input_specs", list):
            ((kind, content),) = spec.items() if isinstance(spec, Mapping) and len(spec) == 1 else (("", {}),)
            argument = content.get("arg") if isinstance(content, Mapping) else None
            argument = argument.get("as_tensor", argument) if isinstance(argument, Mapping) else None
            name = argument.get("name") if isinstance(argument, Mapping) else None
            if isinstance(name, str):
                given = next((str(content[key]) for key in content if str(key).endswith("_name")), name)
                yield str(kind), name, given

    def list_outputs(self) -> Iterator[str]:
        """Yield the values that a user gets."""
        for spec in _get(self.signature, "output_specs", list):
            content = spec.get("user_output") if isinstance(spec, Mapping) else None
            argument = (content or {}).get("arg") or {}
            name = (argument.get("as_tensor") or {}).get("name")
            if isinstance(name, str):
                yield name

    def shape(self, name: str) -> tuple[int, ...]:
        """Return the sizes of a tensor; () for what is none."""
        entry = self.values.get(name)
        sizes = entry.get("sizes") if isinstance(entry, Mapping) else None
        return tuple(self.size(each) for each in sizes or ())

    def size(self, value: Any) -> int:
        """Return a size, which may be an expression of symbols; raises UnreadableModel for what is none."""
        content = value if isinstance(value, Mapping) else {"as_int": value}
        if isinstance(content.get("as_int"), int):
            return _check_size(int(content["as_int"]))
        if isinstance(content.get("as_name"), str):
            return self.size(self.numbers.get(content["as_name"]) or {})
        expression = content.get("as_expr")
        if not isinstance(expression, Mapping):
            raise UnreadableModel("a size in the graph is no number")
        hint = expression.get("hint") or {}
        return _check_size(self._evaluate(str(expression.get("expr_str")), hint.get("as_int")))

    def _evaluate(self, text: str, hint: Any) -> int:
        """Return the number of `64*s0`, where the batch is 1; otherwise the size that it had in the example."""
        try:
            return int(_compute(ast.parse(text, mode="eval").body, self.symbols))
        except (SyntaxError, ValueError, KeyError, ZeroDivisionError, RecursionError):
            if type(hint) is not int:
                raise UnreadableModel(f"the size `{text}` of the graph is not known: export it for sizes") from None
            return hint

    def list_calls(self) -> Iterator[Call]:
        """Yield the calls of operators, in order."""
        nodes = _get(self.graph, "nodes", list)
        if len(nodes) > MOST_CALLS:
            raise UnreadableModel(f"the graph has {len(nodes):,} calls, of at most {MOST_CALLS:,}")
        for node in nodes:
            if isinstance(node, Mapping) and (call := self._read_call(node)):
                yield call

    def _read_call(self, node: Mapping[str, Any]) -> Call | None:
        outputs = [name for each in node.get("outputs") or () for name in _list_names(each)]
        if not outputs:  # a number, such as the size of an axis, which every shape has already
            return None
        target = str(node.get("target"))
        arguments = self._read_arguments(target, node.get("inputs") or ())
        shapes = tuple(self.shape(name) for name in outputs)
        name = target.removeprefix(PREFIX) if target.startswith(PREFIX) else target.rpartition("ops.")[2]
        return Call(name, arguments, tuple(outputs), shapes, _read_scope(node.get("metadata") or {}))

    def _read_arguments(self, target: str, inputs: Sequence[Any]) -> Mapping[str, Any]:
        packet, _, overload = target.removeprefix(PREFIX).partition(".")
        function = getattr(getattr(torch.ops.aten, packet, None), overload, None) if target.startswith(PREFIX) else None
        schema = function._schema.arguments if function else ()
        found = {each.name: each.default_value for each in schema if each.has_default_value()}
        for each in inputs:
            if isinstance(each, Mapping) and isinstance(each.get("arg"), Mapping):
                found[str(each.get("name"))] = self._read_argument(each["arg"])
        return found

    def _read_argument(self, argument: Mapping[str, Any]) -> Any:
        kind, value = next(iter(argument.items()), ("", None))
        if value is None:
            return None
        if kind == "as_tensor":
            return Ref(str(value.get("name")))
        if kind in ("as_tensors", "as_optional_tensors"):
            return [self._read_argument(each if "name" not in each else {"as_tensor": each}) for each in value]
        if kind == "as_sym_int":
            return self.size(value)
        if kind == "as_sym_ints":
            return [self.size(each) for each in value]
        if kind in ("as_float", "as_floats"):  # JSON has no infinity: it is "-Infinity"
            return [float(each) for each in value] if isinstance(value, list) else float(value)
        if kind == "as_scalar_type":
            return DTYPES.get(value)
        if kind == "as_device":
            return torch.device("cpu")
        return value if kind in PLAIN else None


PLAIN = ("as_int", "as_ints", "as_bool", "as_bools", "as_string", "as_strings")


def _get(holder: Mapping[str, Any], key: str, kind: type) -> Any:
    value = holder.get(key) if isinstance(holder, Mapping) else None
    if not isinstance(value, kind):
        raise UnreadableModel(f"the graph of the archive lacks `{key}`")
    return value


def _check_size(size: int) -> int:
    if abs(size) > 1 << 62:
        raise UnreadableModel(f"the graph has a size of {size}")
    return size


def _list_names(output: Any) -> list[str]:
    """Return the names of the tensors of an output; "" for one that is not there."""
    if not isinstance(output, Mapping):
        return []
    if isinstance(output.get("as_tensor"), Mapping):
        return [str(output["as_tensor"].get("name"))]
    several = output.get("as_tensors") or output.get("as_optional_tensors")
    return [str(each.get("name") or (each.get("as_tensor") or {}).get("name", "")) for each in several or ()]


def _read_scope(metadata: Mapping[str, Any]) -> tuple[Scope, ...]:
    """Return the modules around a call, `key,path,class;key,path,class`, without the whole network."""
    stack = [entry.split(",") for entry in str(metadata.get("nn_module_stack") or "").split(";")]
    return tuple(Scope(name=entry[1], cls=entry[-1]) for entry in stack if len(entry) >= 3 and entry[1])


def _find_symbol(size: Any) -> str:
    expression = size.get("as_expr") if isinstance(size, Mapping) else None
    text = str(expression.get("expr_str")) if isinstance(expression, Mapping) else ""
    found = re.fullmatch(r"Symbol\('(\w+)'.*\)|(\w+)", text)
    return (found[1] or found[2]) if found else ""


OPERATORS: Mapping[type[ast.operator], Callable[[int, int], int]] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.FloorDiv: lambda a, b: a // b,
    ast.Div: lambda a, b: a // b,
    ast.Mod: lambda a, b: a % b,
}


FUNCTIONS: Mapping[str, Callable[[int, int], int]] = {
    "Integer": lambda a, b: a,
    "Add": lambda a, b: a + b,
    "Mul": lambda a, b: a * b,
    "FloorDiv": lambda a, b: a // b,
    "Mod": lambda a, b: a % b,
}
"""Functions of sympy, as which newer archives write expressions."""


def _compute(node: ast.expr, symbols: Mapping[str, int]) -> int:
    """Return the number of an expression of whole numbers and symbols; raises KeyError, ValueError for others."""
    match node:
        case ast.Constant(value=int(number)):
            return number
        case ast.Name(id=name):
            return symbols[name]
        case ast.Call(func=ast.Name(id="Symbol"), args=[ast.Constant(value=str(name))]):
            return symbols[name]
        case ast.Call(func=ast.Name(id=function), args=args) if function in FUNCTIONS and args:
            return reduce(FUNCTIONS[function], [_compute(each, symbols) for each in args])
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_compute(operand, symbols)
        case ast.BinOp(left=left, op=operator, right=right) if type(operator) in OPERATORS:
            return OPERATORS[type(operator)](_compute(left, symbols), _compute(right, symbols))
    raise ValueError("no expression of whole numbers")
