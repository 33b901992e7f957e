"""The weights by name, with the spec, the classes and the normalisation as metadata: `--to safetensors`."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy

from safetensors.torch import load, save
from torch import Tensor

from specnet.exports.comparison import compute_outputs
from specnet.exports.exportable import Exportable
from specnet.exports.writer import Files, Request, Runner, Writer


def encode(exportable: Exportable, request: Request) -> Files:
    """Return the file of the bare network's weights."""
    return {".safetensors": save(exportable.network.state_dict(), dict(exportable.metadata))}


def open_files(exportable: Exportable, files: Files) -> Runner:
    """Return the network with the weights read again."""
    network = deepcopy(exportable.network)
    for parameter in network.parameters():
        parameter.data.zero_()
    network.load_state_dict(load(files[".safetensors"]))

    def run(inputs: Sequence[Tensor]) -> Sequence[Tensor]:
        return compute_outputs(network, inputs)

    return Runner("read again by safetensors", run)


def describe(exportable: Exportable, batch: int | None) -> str:
    return "the weights by name; the metadata holds the spec, the classes and the normalisation"


WRITER = Writer(encode, open_files, describe, is_bare=True)
