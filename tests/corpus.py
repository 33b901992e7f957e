"""The model files in the wild with what they must come to, and what an import of them comes to."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from pathlib import Path
from typing import NamedTuple

import pytest

from specnet.importers import ImportResult, import_model
from specnet.layers.base import Shape

STEP = 4
"""One file in so many is read in each run of the tests; all of them in slow ones."""


class Expectation(NamedTuple):
    """A row of EXPECTED.tsv."""

    file: str
    layers: int
    output: str
    parameters: int
    macs: int


def list_expectations(folder: Path, tool: str) -> list[Expectation]:
    rows = [line.split("\t") for line in (folder / "EXPECTED.tsv").read_text(encoding="utf-8").splitlines()[2:]]
    return [
        Expectation(row[0], int(row[1]), row[2], int(row[3]), int(row[4])) for row in rows if row[0].startswith(tool)
    ]


def read_file(shared: Callable[[str], Path], file: str) -> ImportResult:
    path = shared("corpus") / file
    if not path.exists():
        pytest.skip(f"{path} is not there")
    return import_model(path)


def measure(result: ImportResult, order: Callable[[Shape], Shape], with_statistics: bool) -> Expectation:
    """Return what an import comes to, in the words of EXPECTED.tsv."""
    network, totals = result.checked.network, result.checked.totals
    statistics = macs = 0
    for node in network.nodes:
        shapes = network.input_shapes(node)
        assert node.layer and shapes
        buffers = node.layer.buffers(shapes).items()
        statistics += sum(prod(shape) for name, shape in buffers if name.startswith("running"))
        macs += (node.layer.macs(shapes) or 0) * (node.kind != "deconv")
    assert totals.parameters is not None
    output = "x".join(map(str, order(network.shapes[network.outputs[0]] or ())))
    parameters = totals.parameters + statistics * with_statistics
    return Expectation("", result.imported.totals.layers, output, parameters, macs)
