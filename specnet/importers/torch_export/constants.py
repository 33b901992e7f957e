"""Compute what depends on no input: masks, tables of positions, weights that are made of others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import prod
from typing import Any

import torch
from torch import Tensor

from specnet.importers.torch_export.calls import Call, Calls, Ref

FILLED = ("new_zeros", "new_ones", "new_full", "zeros_like", "ones_like", "full_like")
"""Operators that read the shape of their input only."""

LARGEST = 1 << 27
"""The most numbers of a constant that is computed."""

RANDOM = ("rand", "bernoulli", "normal", "uniform", "dropout")


def fold_constants(program: Calls) -> Calls:
    """Return a program without the calls that read only its tensors, whose results are among its tensors."""
    tensors, learned, rest = dict(program.tensors), set(program.learned), list[Call]()
    with torch.no_grad():
        for call in program.calls:
            if not _fold(call, tensors):
                rest.append(call)
            elif learned.intersection(list_refs(call.arguments)):
                learned.update(call.outputs)
    return replace(program, calls=tuple(rest), tensors=tensors, learned=frozenset(learned))


def _fold(call: Call, tensors: dict[str, Tensor]) -> bool:
    """Compute a call if all values that it reads are known, and it is one of torch's own operators."""
    name = call.name
    if name.startswith(RANDOM):
        return False
    if name in FILLED and prod(call.shapes[0]) <= LARGEST:
        tensors[call.outputs[0]] = torch.full(call.shapes[0], _read_filling(name, call.arguments))
        return True
    is_known = all(each in tensors for each in list_refs(call.arguments))
    return is_known and _is_bounded(call, tensors) and call_operator(call, tensors)


def _is_bounded(call: Call, tensors: Mapping[str, Tensor]) -> bool:
    """Whether a call gives no more numbers than a constant may have, found out without computing them."""
    small: dict[str, Tensor] = {}
    for name in list_refs(call.arguments):
        small[name] = tensors[name].to("meta")
    try:
        known = call_operator(call, small, torch.device("meta"))
    except Exception:  # what depends on the numbers themselves has no shape without them
        return all(abs(number) <= LARGEST for number in _list_numbers(call.arguments))
    return known and all(small[name].numel() <= LARGEST for name in call.outputs if name in small)


def _list_numbers(value: Any) -> list[int]:
    if isinstance(value, Mapping):
        return [number for each in value.values() for number in _list_numbers(each)]
    if isinstance(value, list):
        return [*(number for each in value for number in _list_numbers(each))]
    return [value] if type(value) is int else []


def call_operator(call: Call, tensors: dict[str, Tensor], device: torch.device | None = None) -> bool:
    """Compute a call of an operator of aten, and add what it gives; return False for any other operator."""
    packet, _, overload = call.target.partition(".")
    function = getattr(getattr(torch.ops.aten, packet, None), overload, None)
    if function is None:
        return False
    keywords = {key: _look_up(value, tensors) for key, value in call.arguments.items()}
    results = function(**_move(keywords, device or torch.device("cpu")))
    parts = results if isinstance(results, (tuple, list)) else [results]
    for output, part in zip(call.outputs, parts, strict=False):
        if isinstance(part, Tensor):
            tensors[output] = part
    return True


def _move(keywords: Mapping[str, Any], device: torch.device) -> dict[str, Any]:
    """Return the arguments with another device for any that they name."""
    is_meta = device.type == "meta"
    return {key: device if key == "device" and (value or is_meta) else value for key, value in keywords.items()}


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
