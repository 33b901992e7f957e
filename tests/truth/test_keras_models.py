"""Published networks of keras.applications come to the shapes, parameters and MACs that Keras itself gives them."""

from __future__ import annotations

import json
import os
from math import prod
from pathlib import Path
from typing import Any

import pytest
from paths import SHARED

from specnet.importers import Fate, import_model
from specnet.importers.result import ImportResult
from specnet.layers.base.families import is_frozen

pytestmark = pytest.mark.slow
os.environ.setdefault("KERAS_BACKEND", "torch")
FILES = sorted((SHARED / "truth").glob("keras_*.json"))


def write_config(path: Path, name: str, shape: list[int]) -> Path:
    """Write the configuration of a model without computing its weights."""
    keras = pytest.importorskip("keras")
    keras.utils.clear_session()
    with keras.device("meta"):
        model = getattr(keras.applications, name)(weights=None, input_shape=tuple(shape[1:]))
    file = path / f"{name}.json"
    file.write_text(model.to_json())
    return file


def count_learned(result: ImportResult) -> int:
    """Return the number of parameters that training changes."""
    network, total = result.imported.network, 0
    for node in network.nodes:
        inputs = network.input_shapes(node)
        if node.layer and inputs and not node.shares:
            sizes = node.layer.parameters(inputs).items()
            total += sum(prod(shape) for name, shape in sizes if not is_frozen(node.layer, name))
    return total


@pytest.mark.skipif(not FILES, reason="the reference data is not beside the checkout")
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
@pytest.mark.filterwarnings("ignore")
def test_networks(tmp_path: Path, file: Path) -> None:
    truth: dict[str, Any] = json.loads(file.read_text())
    result = import_model(str(write_config(tmp_path, file.stem.removeprefix("keras_"), truth["input"])))
    assert not result.imported.lost
    assert count_learned(result) == truth["totals"]["trainable"]
    assert result.checked.totals.macs == truth["totals"]["macs"]
    shapes = result.imported.network.shapes
    entries = {entry.source.name: entry for entry in result.imported.entries}
    for layer in truth["layers"]:
        entry, output = entries[layer["name"]], tuple(layer["output"][1:])
        if entry.nodes and entry.fate is Fate.EXACT:
            own = shapes[entry.nodes[-1]]
            assert own is not None
            assert own == output or prod(own) == output[0], layer["name"]
