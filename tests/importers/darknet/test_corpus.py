"""Darknet's files in the wild come to the layers, outputs, parameters and MACs that they have."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from corpus import STEP, list_expectations, measure, read_file

from specnet.layers.base import Shape

LOCAL = frozenset({"yolov1_yolo-coco.cfg", "yolov1_yolo.cfg", "yolov1_yolo.train.cfg"})
"""Files with a locally connected layer, of which there is none here."""


def write_as_map(shape: Shape) -> Shape:
    return shape if len(shape) == 3 else (1, 1, *shape)


@pytest.mark.parametrize("step", [STEP, pytest.param(1, marks=pytest.mark.slow)])
def test_files_come_to_their_known_sizes(step: int, shared: Callable[[str], Path]) -> None:
    rows = list_expectations(shared("corpus"), "darknet")
    assert len(rows) == 62
    for row in rows[::step]:
        result = read_file(shared, row.file)
        if Path(row.file).name in LOCAL:
            assert result.imported.lost[0].source.kind == "local"
            continue
        assert not result.imported.lost, row.file
        assert measure(result, write_as_map, with_statistics=True) == row._replace(file=""), row.file
        assert result.imported.totals.parameters == row.parameters
