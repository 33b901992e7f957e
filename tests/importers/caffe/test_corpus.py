"""Caffe's files in the wild come to the layers, outputs, parameters and MACs that they have."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from corpus import STEP, list_expectations, measure, read_file

from specnet.layers.base import Shape


def put_channels_first(shape: Shape) -> Shape:
    return (shape[2], *shape[:2]) if len(shape) == 3 else shape


@pytest.mark.parametrize("step", [STEP, pytest.param(1, marks=pytest.mark.slow)])
def test_files_come_to_their_known_sizes(step: int, shared: Callable[[str], Path]) -> None:
    rows = list_expectations(shared("corpus"), "caffe")
    assert len(rows) == 24
    for row in rows[::step]:
        result = read_file(shared, row.file)
        assert not result.imported.lost, row.file
        assert measure(result, put_channels_first, with_statistics=False) == row._replace(file=""), row.file
