"""Export a torch module as an ONNX model by torch.onnx; needs the extra `export`."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from io import BytesIO
from typing import Any

import onnx
import onnxscript  # noqa: F401, torch.onnx needs it, and says so only later
import torch
from torch import Tensor, nn

from specnet.backends.onnx_names import UNNAMED, Names, name_after_layers

LARGEST = 2**31 - 1
"""The bytes of a message of protobuf; an ONNX model in a single file is one."""


class TooLarge(ValueError):
    """A model does not fit into a single file."""


def export_model(
    module: nn.Module,
    examples: tuple[Tensor, ...],
    metadata: Mapping[str, str],
    names: Names = UNNAMED,
    is_dynamic: bool = True,
) -> bytes:
    """Return the ONNX file of a module in evaluation mode.

    `examples` are its inputs, N×C×H×W, for batches of any size, with N ≥ 2, or of that size alone. `metadata` become
    the model's `metadata_props`. Raises TooLarge.
    """
    shapes = tuple({0: "batch"} for _ in examples) if is_dynamic else None
    with without_warnings(), torch.no_grad():  # a mask with a gradient is traced through another kernel's strides
        program = torch.onnx.export(module, examples, dynamo=True, dynamic_shapes=shapes, verbose=False, optimize=False)
        assert program is not None, "torch.onnx returns a program unless it is given a file"
        _optimize(program)
        name_after_layers(program.model.graph, names)
        return _serialize(program.model_proto, metadata)


def _optimize(program: Any) -> None:
    """Fold constants and shapes, but no normalisation into weights: runtimes do that, and a reader sees the layers.

    Only constants are folded, which the weights are not while they are inputs.
    """
    inputs = program.model.graph.inputs
    count = len(inputs)
    inputs.extend(program.model.graph.initializers.values())
    program.optimize()
    del inputs[count:]


def _serialize(proto: onnx.ModelProto, metadata: Mapping[str, str]) -> bytes:
    onnx.helper.set_model_props(proto, dict(metadata))
    if proto.ByteSize() > LARGEST:
        raise TooLarge(f"an ONNX file holds at most 2 GiB, and the network has {proto.ByteSize() / 2**30:.1f} GiB")
    onnx.checker.check_model(proto, full_check=True)
    content = BytesIO()
    onnx.save_model(proto, content)
    return content.getvalue()


@contextmanager
def without_warnings() -> Iterator[None]:
    """Silence warnings of libraries about themselves and about others that are not used."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings(action="ignore"):
            yield
    finally:
        logging.disable(before)
