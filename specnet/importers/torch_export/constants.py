"""Compute what depends on no input: masks, tables of positions, weights that are made of others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from specnet.importers.torch_export.calls import Call, Calls, Ref

FILLED = ("new_zeros", "new_ones", "new_full", "zeros_like", "ones_like", "full_like")
"""Operators that read the shape of their input only."""

RANDOM = ("rand", "bernoulli", "normal", "uniform", "dropout")


def fold_constants(program: Calls) -> Calls:
    """Return a program without the calls that read only its tensors, whose results are among its tensors."""
    tensors, rest = dict(program.tensors), list[Call]()
    with torch.no_grad():
        for call in program.calls:
            if not _fold(call, tensors):
                rest.append(call)
    return replace(program, calls=tuple(rest), tensors=tensors)


def _fold(call: Call, tensors: dict[str, Tensor]) -> bool:
    """Compute a call if all values that it reads are known, and it is one of torch's own operators."""
    name, _, overload = call.target.partition(".")
    packet = getattr(torch.ops.aten, name, None)
    function = getattr(packet, overload, None)
    if function is None or name.startswith(RANDOM):
        return False
    if name in FILLED:
        tensors[call.outputs[0]] = torch.full(call.shapes[0], _read_filling(name, call.arguments))
        return True
    if not all(each in tensors for each in list_refs(call.arguments)):
        return False
    keywords = {key: _look_up(value, tensors) for key, value in call.arguments.items()}
    results = function(**_move_to_cpu(keywords))
    parts = results if isinstance(results, (tuple, list)) else [results]
    for output, part in zip(call.outputs, parts, strict=False):
        if isinstance(part, Tensor):
            tensors[output] = part
    return True


def _move_to_cpu(keywords: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments with the CPU for any device."""
    return {key: torch.device("cpu") if key == "device" and value else value for key, value in keywords.items()}


def _read_filling(name: str, arguments: Mapping[str, Any]) -> float:
    return float(arguments["fill_value"]) if "full" in name else float("ones" in name)


def list_refs(value: Any) -> list[str]:
    """Return the names of the values in arguments, however nested."""
    if isinstance(value, Ref):
        return [value.name]
    if isinstance(value, Mapping):
        return [name for each in value.values() for name in list_refs(each)]
    if isinstance(value, list):
        return [name for each in value for name in list_refs(each)]
    return []


def _look_up(value: Any, tensors: Mapping[str, Tensor]) -> Any:
    if isinstance(value, Ref):
        return tensors[value.name]
    return [_look_up(each, tensors) for each in value] if isinstance(value, list) else value
