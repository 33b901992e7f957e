"""An ONNX model whose nodes and values are named after the layers: `--to onnx`."""

from __future__ import annotations

from collections.abc import Sequence
from types import ModuleType
from typing import Any

import torch
from torch import Tensor

from specnet.exports.errors import ExportError, MissingProgram, NothingRan
from specnet.exports.exportable import Exportable, make_examples
from specnet.exports.writer import Files, Request, Runner, Writer
from specnet.package import is_own_module

EXAMPLES = 2
"""Images of the batch that torch traces the network with; with one, it would take the batch size as fixed."""


def encode(exportable: Exportable, request: Request) -> Files:
    """Return the file of the whole module; raises MissingProgram, ExportError."""
    onnx, names = _import_exporter()
    network, labels = names.label_calls(exportable.network)
    module = exportable.wrap(network).eval()
    path = next(f"{name}." if name else "" for name, each in module.named_modules() if each is network)
    examples = make_examples(exportable.shapes, request.batch or EXAMPLES)
    by_path = {f"{path}{name}": layer for name, layer in labels.items()}
    words = names.Names(by_path, exportable.inputs, exportable.outputs)
    try:
        content = onnx.export_model(module, examples, exportable.metadata, words, request.batch is None)
    except onnx.TooLarge as error:
        raise ExportError(str(error)) from None
    return {".onnx": content}


def _import_exporter() -> tuple[ModuleType, ModuleType]:
    """Import what makes ONNX models, which is not always installed; raises MissingProgram."""
    try:
        from specnet.backends import onnx, onnx_names
    except ModuleNotFoundError as missing:
        if is_own_module(missing.name):
            raise
        raise MissingProgram(f"the format onnx needs {missing.name}: pip install 'specnet[export]'") from None
    return onnx, onnx_names


def open_files(exportable: Exportable, files: Files) -> Runner:
    """Return the model in a session of onnxruntime; raises NothingRan."""
    session = open_session(files[".onnx"])
    names = [each.name for each in session.get_inputs()]

    def run(inputs: Sequence[Tensor]) -> Sequence[Tensor]:
        given = {name: each.numpy() for name, each in zip(names, inputs, strict=True)}
        return [torch.from_numpy(each) for each in session.run(None, given)]

    return Runner("run by onnxruntime", run)


def open_session(content: bytes) -> Any:
    """Return a session of onnxruntime on the CPU; raises NothingRan where it is not installed."""
    try:
        import onnxruntime
    except ModuleNotFoundError:
        raise NothingRan("onnxruntime is not installed: pip install 'specnet[export]'") from None
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = torch.get_num_threads()
    return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])


WRITER = Writer(encode, open_files)
