"""A cfg with its weights, for Darknet and what reads its files: `--to darknet`.

The numbers of a section lie in the file one behind the other, in single precision: those of its normalisation, or its
biases, and then the weights in torch's order (load_weights of Darknet's parser.c).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence
from functools import partial

import numpy as np
import torch
from torch import Tensor

from specnet.exports.exportable import Exportable
from specnet.exports.old_formats import describe_bare, refuse, remark_on
from specnet.exports.opencv import Result, open_network
from specnet.exports.reimport import open_or_reimport
from specnet.exports.writer import Files, Request, Runner, Writer
from specnet.foreign.darknet_text import Section, format_cfg, list_darknet_sections

TEXT, WEIGHTS = ".cfg", ".weights"

HEADER = struct.pack("<iiiq", 0, 2, 5, 0)
"""The version of the format, 0.2.5, and the images that the network has seen."""

EPS = 1e-6
"""What Darknet adds to a variance; the variances of the file make up for another number of the spec."""

WEIGHTED = frozenset({"convolutional", "deconvolutional", "connected"})


def encode(exportable: Exportable, request: Request) -> Files:
    """Return both files; raises Inexpressible."""
    found = list_darknet_sections(exportable.graph)
    refuse("Darknet", exportable, found.refused)
    text = format_cfg(exportable.graph, found.sections, remark_on(exportable))
    arrays = (each for section in found.sections for each in list_arrays(section, exportable))
    weights = b"".join((HEADER, *(each.detach().numpy().astype("<f4").tobytes() for each in arrays)))
    return {TEXT: text.encode(), WEIGHTS: weights}


def list_arrays(section: Section, exportable: Exportable) -> Iterator[Tensor]:
    """Yield the numbers of a section in the order of the file."""
    tensors = exportable.network.state_dict()
    if section.kind == "batchnorm":
        yield from _list_normalisation(section.nodes[0], tensors, exportable)
    if section.kind not in WEIGHTED:
        return
    node, weight = section.nodes[0], tensors[f"{section.nodes[0]}.weight"]
    outputs = (
        weight.shape[1] * int(section.options.get("groups", 1)) if section.kind == "deconvolutional" else len(weight)
    )
    bias = tensors.get(f"{node}.bias", torch.zeros(outputs))
    if not section.options.get("batch_normalize"):
        yield from (bias, weight)
        return
    shift, *others = _list_normalisation(section.nodes[1], tensors, exportable, bias)
    yield from (shift, weight, *others) if section.kind == "connected" else (shift, *others, weight)


def _list_normalisation(
    node: str, tensors: Mapping[str, Tensor], exportable: Exportable, bias: Tensor | float = 0.0
) -> Sequence[Tensor]:
    """Return shift, scale, mean and variance; the `bias` before it is taken off the mean."""
    layer = exportable.graph.by_name[node].layer
    assert layer, "the network is checked"
    eps: float = layer.value_in_force("eps")
    mean, variance = tensors[f"{node}.running_mean"] - bias, tensors[f"{node}.running_var"] + (eps - EPS)
    return tensors[f"{node}.bias"], tensors[f"{node}.weight"], mean, variance


def open_files(exportable: Exportable, files: Files) -> Runner:
    """Return the network as OpenCV reads it, or else as it is imported again; raises NothingRan."""
    return open_or_reimport(exportable, files, partial(_open_in_opencv, exportable, files))


def _open_in_opencv(exportable: Exportable, files: Files) -> Runner:
    places = list_darknet_sections(exportable.graph).places
    results = [Result(value, "") for value in sorted(exportable.values, key=places.__getitem__)]
    return open_network(
        exportable, lambda dnn: dnn.readNetFromDarknet(_view(files[TEXT]), _view(files[WEIGHTS])), results
    )


def _view(content: bytes) -> np.ndarray[tuple[int], np.dtype[np.uint8]]:
    return np.frombuffer(content, np.uint8)


WRITER = Writer(encode, open_files, describe_bare, is_bare=True)
