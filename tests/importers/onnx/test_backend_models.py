"""The models that the package onnx tests runtimes with: networks are imported, and others are refused with a reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from specnet.importers import UnreadableModel, import_model

onnx = pytest.importorskip("onnx", reason="the package onnx writes the models")

DATA = Path(onnx.__file__).parent / "backend" / "test" / "data"

NETWORKS = {
    "bvlc_alexnet": 60_965_224,
    "densenet121": 8_062_504,
    "inception_v1": 6_998_552,
    "inception_v2": 11_214_888,
    "resnet50": 25_557_032,
    "shufflenet": 1_393_320,
    "squeezenet": 1_235_496,
    "vgg19": 143_667_240,
    "zfnet512": 87_250_536,
}
"""Parameters, which are those of the prototxt that the files were made of."""


@pytest.mark.parametrize(("name", "parameters"), NETWORKS.items())
def test_a_network_has_its_parameters(name: str, parameters: int) -> None:
    path = DATA / "light" / f"light_{name}.onnx"
    if not path.exists():
        pytest.skip("this version of the package onnx lacks the file")
    result = import_model(path)
    assert result.checked.totals.parameters == parameters and not result.imported.lost


def test_any_other_model_is_imported_or_refused_with_a_reason() -> None:
    paths = [*DATA.glob("simple/*/model.onnx"), *DATA.glob("pytorch-*/*/model.onnx")]
    imported = 0
    for path in paths:
        try:
            result = import_model(path)
        except UnreadableModel as error:
            assert len(str(error)) > 20, path
        else:
            imported += not result.imported.lost
            assert all(entry.reasons for entry in result.imported.lost)
    assert imported > len(paths) // 3
