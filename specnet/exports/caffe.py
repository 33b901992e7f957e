"""A prototxt with its caffemodel, for Caffe and what reads its files: `--to caffe`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial

import numpy as np
import torch
from torch import Tensor

from specnet.exports.errors import NothingRan
from specnet.exports.exportable import Exportable
from specnet.exports.old_formats import describe_bare, refuse, remark_on
from specnet.exports.opencv import Result, open_network
from specnet.exports.protobuf import write_bytes, write_floats, write_integers, write_text
from specnet.exports.reimport import open_or_reimport
from specnet.exports.writer import Files, Request, Runner, Writer
from specnet.foreign.caffe_text import CaffeLayer, format_prototxt, list_caffe_layers

TEXT, WEIGHTS = ".prototxt", ".caffemodel"

NET_NAME, NET_LAYER = 1, 100
LAYER_NAME, LAYER_TYPE, LAYER_BOTTOM, LAYER_TOP, LAYER_BLOBS = 1, 2, 3, 4, 7
BLOB_DATA, BLOB_SHAPE, SHAPE_DIM = 5, 7, 1
"""Numbers of fields in caffe.proto."""

WITH_WEIGHT_AND_BIAS = frozenset({"Convolution", "Deconvolution", "DepthwiseConvolution", "InnerProduct", "Scale"})


def encode(exportable: Exportable, request: Request) -> Files:
    """Return both files; raises Inexpressible."""
    graph = exportable.graph
    layers, refused, _ = list_caffe_layers(graph)
    refuse("Caffe", exportable, refused)
    text = format_prototxt(graph, layers, request.batch or 1, remark_on(exportable))
    weights = b"".join(_write_model(graph.name, layers, exportable.network.state_dict()))
    return {TEXT: text.encode(), WEIGHTS: weights}


def _write_model(name: str, layers: Sequence[CaffeLayer], tensors: Mapping[str, Tensor]) -> Iterator[bytes]:
    yield write_text(NET_NAME, name)
    for layer in layers:
        parts = [write_text(LAYER_NAME, layer.name), write_text(LAYER_TYPE, layer.type)]
        parts += [write_text(LAYER_BOTTOM, blob) for blob in layer.bottoms]
        parts += [write_text(LAYER_TOP, layer.top), *map(_write_blob, list_blobs(layer, tensors))]
        yield write_bytes(NET_LAYER, b"".join(parts))


def _write_blob(values: Tensor) -> bytes:
    shape = write_bytes(BLOB_SHAPE, write_integers(SHAPE_DIM, values.shape))
    return write_bytes(LAYER_BLOBS, shape + write_floats(BLOB_DATA, values.numpy()))


def list_blobs(layer: CaffeLayer, tensors: Mapping[str, Tensor]) -> list[Tensor]:
    """Return the arrays of a layer in Caffe's order, which has torch's layouts."""
    if layer.type == "BatchNorm":
        names, last = ("running_mean", "running_var"), [torch.ones(1)]  # by which both are divided
    elif layer.type in WITH_WEIGHT_AND_BIAS or layer.type == "PReLU":
        names, last = ("weight", "bias"), []
    else:
        return []
    node = layer.shared or layer.node
    return [tensors[f"{node}.{name}"] for name in names if f"{node}.{name}" in tensors] + last


def open_files(exportable: Exportable, files: Files) -> Runner:
    """Return the network as OpenCV reads it, or else as it is imported again; raises NothingRan."""
    return open_or_reimport(exportable, files, partial(_open_in_opencv, exportable, files))


def _open_in_opencv(exportable: Exportable, files: Files) -> Runner:
    found = list_caffe_layers(exportable.graph)
    if any(layer.type == "LRN" and layer.parameters.get("k", 1) != 1 for layer in found.layers):
        raise NothingRan("OpenCV takes the `k` of an LRN as 1")
    text = files[TEXT].replace(b"round_mode: FLOOR", b"ceil_mode: false")  # which is OpenCV's word for it
    results = [Result(value, found.blobs[value]) for value in exportable.values]
    return open_network(exportable, lambda dnn: dnn.readNetFromCaffe(_view(text), _view(files[WEIGHTS])), results)


def _view(content: bytes) -> np.ndarray[tuple[int], np.dtype[np.uint8]]:
    return np.frombuffer(content, np.uint8)


WRITER = Writer(encode, open_files, describe_bare, is_bare=True)
