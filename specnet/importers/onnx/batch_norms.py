"""Batch norms that torch's exporter multiplied into the layer before them, which its metadata says."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from specnet.importers.imported import StoredArray
from specnet.importers.onnx.building import Conversion
from specnet.importers.onnx.model import Node
from specnet.importers.onnx.naming import Place, read_modules
from specnet.importers.tensors.program import Operator

if TYPE_CHECKING:
    from numpy import ndarray

RULE, TRACED = "pkg.onnxscript.rewriter.rule_name", "pkg.torch.onnx.fx_node"

NUMBERS = re.compile(r", (?P<momentum>[\d.e-]+), (?P<eps>[\d.e-]+)\), kwargs")
"""The last arguments of a traced batch norm."""

UNDONE = "torch's exporter multiplied the batch norm after it into its weights; it stands here for itself again"


def has_batch_norm(node: Node) -> bool:
    return "FuseBatchNormInto" in node.metadata.get(RULE, "")


def undo_batch_norm(conversion: Conversion) -> None:
    """Let a normalisation follow an operator that has taken it up: statistics 0 and 1, and the bias that it left."""
    program, operator = conversion.program, conversion.program.operators[-1]
    x, weight, bias = (*operator.inputs, None)[:3]
    channels = operator.shape[1]
    own_bias = bias is not None and weight is not None and bias == f"{weight.removesuffix('weight')}bias"
    zeros = program.keep(f"{operator.output}:zeros", _fill(channels, 0.0)) if own_bias or bias is None else None
    eps, momentum = _read_numbers(conversion.node)
    before = f"{operator.output}:folded"
    inputs = (x, weight, zeros if own_bias else None)
    program.operators[-1] = replace(operator, inputs=inputs, output=before, rule=UNDONE)
    program.shapes[before] = operator.shape
    scale = program.keep(f"{operator.output}:scale", _fill(channels, (1 + eps) ** 0.5))
    mean = program.keep(f"{operator.output}:mean", _fill(channels, 0.0))
    variance = program.keep(f"{operator.output}:variance", _fill(channels, 1.0))
    place = _find_place(conversion)
    program.operators.append(
        Operator(
            "batch_norm",
            (before, scale, bias if bias is not None else zeros, mean, variance),
            operator.output,
            operator.shape,
            conversion.source,
            {"eps": eps, "momentum": momentum},
            place.scope,
            place.name,
            rule=UNDONE,
        )
    )


def _find_place(conversion: Conversion) -> Place:
    modules = read_modules(conversion.node)
    return Place(modules[-1].name, tuple(modules[:-1])) if modules else Place(f"{conversion.name}_bn", conversion.scope)


def _read_numbers(node: Node) -> tuple[float, float]:
    """Return the epsilon and the momentum of the batch norm, or torch's own."""
    found = NUMBERS.search(node.metadata.get(TRACED, ""))
    try:
        return (float(found["eps"]), float(found["momentum"])) if found else (1e-5, 0.1)
    except ValueError:
        return 1e-5, 0.1


def _fill(channels: int, value: float) -> StoredArray:
    def read() -> ndarray:
        import numpy as np

        return np.full(channels, value, "f4")

    return StoredArray((channels,), read)
