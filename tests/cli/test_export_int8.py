"""ONNX models in 8 bits: calibrated on the run's images, with the figures of its task before and after."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from small_runs import Call

pytest.importorskip("onnx")
pytest.importorskip("onnxscript")
ort = pytest.importorskip("onnxruntime")


@pytest.mark.slow
def test_a_run(run: Path, call: Call, trained: Path) -> None:
    import onnx

    code, out, err = call("export", run, "--to", "int8", "--data-dir", trained)
    assert code == 0, err
    assert "calibrated on 27 training images; accuracy on 15 test images: 100.00% before" in err
    assert "wrote moved.int8.onnx; it takes pixels from 0 to 255 as float32 N×3×8×8" in err
    assert out == ""
    model = onnx.load("moved.int8.onnx")
    assert {"QuantizeLinear", "DequantizeLinear"} <= {node.op_type for node in model.graph.node}
    metadata = {each.key: each.value for each in model.metadata_props}
    figures = json.loads(metadata["int8"])
    assert (figures["calibration_images"], figures["part"], figures["before"]) == (27, "test", 1.0)
    assert json.loads(metadata["classes"]) == ["blue", "green", "red"]


def test_data_that_is_not_there(run: Path, call: Call) -> None:
    """It takes a second to find out, as the model is not made before."""
    code, _, err = call("export", run, "--to", "int8", "--data-dir", "nowhere")
    assert (code, err) == (2, "error: there is no data folder nowhere\n")
    assert not Path("moved.int8.onnx").exists()


def test_a_spec_has_no_data(call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.net").write_text("input 4x4x1\nfc 2\n")
    code, _, err = call("export", "a.net", "--to", "int8")
    assert (code, "train it, and export the run" in err) == (1, True)
