"""Follow the forward of a module with torch.export, without computing anything."""

from __future__ import annotations

import logging
import operator
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from io import StringIO
from typing import Any

import torch
from torch import Tensor, fx, nn
from torch.export import ExportedProgram
from torch.export.graph_signature import InputKind

from specnet.importers.imported import Scope
from specnet.importers.torch_export.calls import Call, Calls, Ref


def trace_module(module: nn.Module, shape: tuple[int, ...]) -> Calls:
    """Return the calls of a module for one input of a shape, N×C×H×W; raises what the module raises."""
    example = torch.zeros(shape)
    with _silence(), torch.no_grad():
        program = torch.export.export(module, (example,), strict=False)
    return read_program(program, lambda arrays: _run(module, arrays))


@contextmanager
def _silence() -> Iterator[None]:
    """Keep what torch prints and logs about a module that it cannot follow out of the terminal."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with warnings.catch_warnings(), redirect_stdout(StringIO()), redirect_stderr(StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)


def _run(module: nn.Module, arrays: Sequence[Any]) -> list[Any]:
    with torch.no_grad():
        outputs = module(*(torch.from_numpy(array) for array in arrays))
    return [each.numpy() for each in list_tensors(outputs)]


def list_tensors(value: Any) -> Iterator[Tensor]:
    """Yield the tensors in lists, tuples and dictionaries, in order."""
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from list_tensors(each)
    elif isinstance(value, (tuple, list)):
        for each in value:
            yield from list_tensors(each)


def read_program(program: ExportedProgram, run: Any = None) -> Calls:
    """Return the calls of an exported program."""
    nodes = [node for node in program.graph.nodes if node.op == "call_function"]
    inputs, tensors, names = dict[str, tuple[int, ...]](), dict[str, Tensor](), dict[str, str]()
    shapes = {node.name: _measure(node) for node in program.graph.nodes if node.op == "placeholder"}
    for spec in program.graph_signature.input_specs:
        name = getattr(spec.arg, "name", "")
        if spec.kind is InputKind.USER_INPUT:
            if (shape := shapes.get(name)) is not None:
                inputs[name] = shape
        else:
            names[name] = str(spec.target)
            stored = program.state_dict if spec.target in program.state_dict else program.constants
            tensors[name] = stored[spec.target]
    calls = tuple(_read_call(node) for node in nodes if node.target is not operator.getitem)
    outputs = tuple(spec.arg.name for spec in program.graph_signature.output_specs if hasattr(spec.arg, "name"))
    read = {node.name for node in program.graph.nodes if node.op == "placeholder" and node.users}
    learned = {name: names[name] for name in program.graph_signature.inputs_to_parameters}
    counted = {id(tensors[name]): tensors[name].numel() for name in learned if name in read}
    unread = tuple(given for name, given in learned.items() if name not in read)
    return Calls(inputs, calls, outputs, tensors, names, sum(counted.values()), unread, run, frozenset(learned))


def _measure(node: fx.Node) -> tuple[int, ...] | None:
    value = node.meta.get("val")
    return tuple(int(size) for size in value.shape) if isinstance(value, Tensor) else None


def _read_call(node: fx.Node) -> Call:
    schema = getattr(node.target, "_schema", None)
    given = [argument.name for argument in schema.arguments] if schema else [f"arg{n}" for n in range(len(node.args))]
    arguments = {a.name: a.default_value for a in schema.arguments if a.has_default_value()} if schema else {}
    arguments |= dict(zip(given, node.args, strict=False)) | node.kwargs
    arguments = {name: _replace_nodes(value) for name, value in arguments.items()}
    target = str(node.target).removeprefix("aten.")
    value = node.meta.get("val")
    if isinstance(value, Tensor) or value is None:
        return Call(target, arguments, (node.name,), (_measure(node) or (),), _read_scope(node))
    parts = {user.args[1]: user for user in node.users if user.target is operator.getitem}
    outputs = tuple(parts[n].name if n in parts else "" for n in range(len(value)) if True) if _is_list(value) else ()
    shapes = tuple(tuple(each.shape) if isinstance(each, Tensor) else () for each in value) if _is_list(value) else ()
    return Call(target, arguments, outputs or (node.name,), shapes or ((),), _read_scope(node))


def _is_list(value: object) -> bool:
    return isinstance(value, (tuple, list))


def _replace_nodes(value: Any) -> Any:
    if isinstance(value, fx.Node):
        return Ref(value.name)
    if isinstance(value, (tuple, list)):
        return [_replace_nodes(each) for each in value]
    return value


def _read_scope(node: fx.Node) -> tuple[Scope, ...]:
    """Return the modules around a node, without the whole network."""
    stack = node.meta.get("nn_module_stack") or {}
    return tuple(Scope(name=path, cls=str(cls)) for path, cls in stack.values() if path)
