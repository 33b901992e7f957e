"""Small ONNX files for tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy import ndarray

onnx = pytest.importorskip("onnx", reason="the package onnx writes the models")
TensorProto, helper, numpy_helper = onnx.TensorProto, onnx.helper, onnx.numpy_helper

OPSET = 17


def make_weights(seed: int = 0, **shapes: Sequence[int]) -> dict[str, ndarray]:
    """Return arrays of random numbers; those named `variance` are positive."""
    generator = np.random.default_rng(seed)
    made = {name: generator.normal(size=shape).astype("f4") for name, shape in shapes.items()}
    return {name: np.abs(array) + 0.5 if name.startswith("variance") else array for name, array in made.items()}


def integers(*numbers: int) -> ndarray:
    return np.array(numbers, "i8")


def floats(*numbers: float) -> ndarray:
    return np.array(numbers, "f4")


def node(kind: str, inputs: str, output: str, domain: str = "", **attributes: Any) -> onnx.NodeProto:
    """Return an operator; `inputs` are names with spaces between them, and `-` is none."""
    names = ["" if name == "-" else name for name in inputs.split()]
    return helper.make_node(kind, names, output.split(), name=f"{kind.lower()}_{output.split()[0]}", domain=domain,
                            **attributes)  # fmt: skip


def build(
    nodes: Sequence[onnx.NodeProto],
    shape: Sequence[int | str] = (1, 4, 8, 8),
    weights: Mapping[str, ndarray] | None = None,
    opset: int = OPSET,
    output: str = "y",
    **more: Any,
) -> onnx.ModelProto:
    """Return a model that takes `x` and gives `y`."""
    inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)]
    outputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in output.split()]
    tensors = [numpy_helper.from_array(array, name) for name, array in (weights or {}).items()]
    graph = helper.make_graph(list(nodes), "small", inputs, outputs, tensors)
    imports = [helper.make_opsetid("", opset), helper.make_opsetid("com.microsoft", 1), *more.pop("imports", ())]
    return helper.make_model(graph, opset_imports=imports, ir_version=8, **more)


def write(folder: Path, model: onnx.ModelProto, name: str = "model.onnx") -> str:
    path = folder / name
    path.write_bytes(model.SerializeToString())
    return str(path)
