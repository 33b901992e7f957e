"""A program of torch.export, with the metadata as its extra files: `--to pt2`."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from io import BytesIO

import torch
from torch import Tensor
from torch.export import Dim

from specnet.exports.comparison import compute_outputs
from specnet.exports.exportable import Exportable, make_examples
from specnet.exports.writer import Files, Request, Runner, Writer

EXAMPLES = 2
"""Images of the batch that torch traces the network with; with one, it would take the batch size as fixed."""


def encode(exportable: Exportable, request: Request) -> Files:
    """Return the file of the whole module."""
    examples = make_examples(exportable.shapes, request.batch or EXAMPLES)
    batch = None if request.batch else Dim("batch")
    shapes = tuple({0: batch} for _ in examples) if batch else None
    content = BytesIO()
    with warnings.catch_warnings(action="ignore"):  # torch warns of itself
        exported = torch.export.export(exportable.module, examples, dynamic_shapes=shapes)
        torch.export.save(exported, content, extra_files=dict(exportable.metadata))
    return {".pt2": content.getvalue()}


def open_files(exportable: Exportable, files: Files) -> Runner:
    """Return the program, loaded again."""
    with warnings.catch_warnings(action="ignore"):
        module = torch.export.load(BytesIO(files[".pt2"])).module()

    def run(inputs: Sequence[Tensor]) -> Sequence[Tensor]:
        return compute_outputs(module, inputs)

    return Runner("loaded again by torch.export", run)


WRITER = Writer(encode, open_files)
