"""ONNX models: their names are those of the layers, and onnxruntime computes what torch does."""

from __future__ import annotations

import sys

import pytest
import torch
from made_exports import make_exportable, vary_statistics
from paths import SPECS

from specnet.api import check
from specnet.exports.exportable import export_untrained
from specnet.exports.registry import FORMATS
from specnet.exports.writer import Request
from specnet.exports.writing import write_export

pytest.importorskip("onnx")
pytest.importorskip("onnxscript")
ONNX = FORMATS["onnx"]

TEXT = """input image 8x8x3
block twice(K) {
  conv K F=2 P=0:1 -> bn -> relu
  conv K F=3 P=1 -> bn
}
stem: conv 4 F=3 P=1 -> relu -> @stem
body: repeat 2 { add { | twice 4 | identity } -> relu }
head aux { pool avg global -> fc 2 }
concat @stem
fc 3
"""


def load(content: bytes) -> object:
    import onnx

    return onnx.load_from_string(content)


def test_nodes_and_values_have_the_names_of_layers() -> None:
    exportable = make_exportable(TEXT)
    graph = load(ONNX.load().encode(exportable, Request())[".onnx"]).graph  # type: ignore[attr-defined]
    assert [each.name for each in graph.input] == ["image"]
    assert [each.name for each in graph.output] == [*exportable.graph.outputs, "aux"]
    names = {node.name: (node.op_type, *node.output) for node in graph.node}
    assert len(names) == len(graph.node)
    layers = {node.name for node in exportable.graph.nodes}
    assert layers - set(names) <= {name for name in layers if "identity" in name}
    operators = {name: found[0] for name, found in names.items()}
    assert operators["stem"] == "Conv"
    assert operators["fc1/Reshape"] == "Reshape"
    assert operators["body.0.twice1.bn1"] == "BatchNormalization", "it is not folded into the convolution"
    assert operators["body.1.add1"] == "Add"
    assert all(output == name or output in {"aux"} for name, (_, output, *_) in names.items())


def test_a_model_says_nothing_of_the_machine_that_made_it() -> None:
    content = ONNX.load().encode(make_exportable(TEXT), Request())[".onnx"]
    for word in (b"site-packages", b"stack_trace", b"torch/nn/modules"):
        assert word not in content


@pytest.mark.parametrize("batch", [None, 1, 4])
def test_batches(batch: int | None) -> None:
    pytest.importorskip("onnxruntime")
    written = write_export(make_exportable(TEXT), ONNX, Request(batch))
    assert {each.images for each in written.comparisons} == ({batch} if batch else {1, 3})
    assert {each.output for each in written.comparisons} == {"fc1", "aux"}
    (dim, *_) = load(written.files[".onnx"]).graph.input[0].type.tensor_type.shape.dim  # type: ignore[attr-defined]
    assert (dim.dim_value or dim.dim_param) == (batch or "batch")


def test_without_onnxruntime_nothing_is_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    written = write_export(make_exportable("input 4x4x1\nfc 2\n"), ONNX, Request())
    assert written.unproved == "onnxruntime is not installed: pip install 'specnet[export]'"
    assert written.files


ZOO = sorted(path.stem for path in SPECS.glob("*.net"))


@pytest.mark.slow
@pytest.mark.parametrize("name", ZOO)
def test_the_zoo(name: str) -> None:
    """Each network of the zoo with random weights, by onnxruntime."""
    pytest.importorskip("onnxruntime")
    exportable = export_untrained(check(SPECS / f"{name}.net"), {})
    vary_statistics(exportable.network)
    written = write_export(exportable, ONNX, Request())
    assert not written.unproved
    assert all(each.is_close for each in written.comparisons)
    assert all(torch.tensor(each.scale).isfinite() for each in written.comparisons)
