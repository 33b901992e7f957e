"""Imports are as short as what a person writes: lines that are neither blank nor comments."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from oracles import import_or_skip

from specnet.importers import import_model


def count_lines(text: str) -> int:
    return sum(bool(line.strip()) and not line.lstrip().startswith("#") for line in text.splitlines())


@pytest.mark.parametrize(
    "file, most",
    [
        ("caffe/mobilenet_v2.deploy.prototxt", 40),
        ("caffe/ResNet-101-deploy.prototxt", 40),
        ("darknet/pjreddie/darknet53_448.cfg", 50),
    ],
)
def test_models_in_the_wild_are_short(file: str, most: int, shared: Callable[[str], Path]) -> None:
    path = shared("corpus") / file
    if not path.exists():
        pytest.skip(f"{path} is not there")
    assert count_lines(import_model(path).text) <= most


@pytest.mark.slow
@pytest.mark.torch
def test_the_densenet_of_keras_is_short(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "KERAS_BACKEND", os.environ.get("KERAS_BACKEND", "torch"))
    keras = import_or_skip("keras")
    model = keras.applications.DenseNet121(weights=None)
    (tmp_path / "densenet121.json").write_text(json.dumps(json.loads(model.to_json())))
    assert count_lines(import_model(tmp_path / "densenet121.json").text) <= 40


@pytest.mark.slow
@pytest.mark.torch
def test_the_resnet_of_torchvision_is_short() -> None:
    import_or_skip("torchvision")
    assert count_lines(import_model("torchvision.models:resnet50").text) <= 40
