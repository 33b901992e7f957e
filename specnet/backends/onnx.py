"""Export a torch module as an ONNX model by torch.onnx; needs the extra `export`."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from io import BytesIO

import onnx
import onnxscript  # noqa: F401, torch.onnx needs it, and says so only later
import torch
from torch import Tensor, nn


def export_model(module: nn.Module, examples: tuple[Tensor, ...], labels: Mapping[str, str]) -> bytes:
    """Return the ONNX file of a module in evaluation mode, for batches of any size.

    `examples` are its inputs, N×C×H×W with N ≥ 2; `labels` become the model's `metadata_props`.
    """
    shapes = tuple({0: "batch"} for _ in examples)
    with _without_warnings(), torch.no_grad():  # a mask with a gradient is traced through another kernel's strides
        exported = torch.onnx.export(module, examples, dynamo=True, dynamic_shapes=shapes, verbose=False)
    assert exported is not None, "torch.onnx returns a program unless it is given a file"
    proto = exported.model_proto
    onnx.helper.set_model_props(proto, dict(labels))
    onnx.checker.check_model(proto)
    content = BytesIO()
    onnx.save_model(proto, content)
    return content.getvalue()


@contextmanager
def _without_warnings() -> Iterator[None]:
    """Silence torch's warnings about itself and about libraries that are not used."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings(action="ignore"):
            yield
    finally:
        logging.disable(before)
