"""Prototxt and caffemodel: the text, the arrays, and what OpenCV computes with them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import pytest
from made_exports import make_exportable, vary_statistics
from paths import SPECS

from specnet.api import check
from specnet.exports.errors import Inexpressible
from specnet.exports.exportable import export_untrained
from specnet.exports.registry import FORMATS
from specnet.exports.writer import Request
from specnet.exports.writing import write_export
from specnet.importers.protobuf import Message

CAFFE = FORMATS["caffe"]

TEXT = """net Small "a small network"
input data 9x8x3
conv1: conv 4 F=3x5 P=1x2 bias=no -> bn -> relu
pool1: pool max F=2 S=2 ceil
add { | conv 4 F=3 P=1 | identity } -> leaky_relu slope=0.2
concat { | conv 2 F=1 | pool avg F=3 S=1 P=1 }
fc 5
softmax
"""

PROTOTXT = """name: "Small"
layer {
  name: "data"
  type: "Input"
  top: "data"
  input_param { shape { dim: 1 dim: 3 dim: 9 dim: 8 } }
}
layer {
  name: "conv1"
  type: "Convolution"
  bottom: "data"
  top: "conv1"
  convolution_param {
    num_output: 4
    kernel_h: 3
    kernel_w: 5
    pad_h: 1
    pad_w: 2
    bias_term: false
  }
}
layer {
  name: "conv1_bn"
  type: "BatchNorm"
  bottom: "conv1"
  top: "conv1_bn"
  batch_norm_param { use_global_stats: true moving_average_fraction: 0.9 }
}
layer {
  name: "conv1_bn_scale"
  type: "Scale"
  bottom: "conv1_bn"
  top: "conv1_bn"
  scale_param { bias_term: true }
}
"""


def encode(text: str, batch: int | None = None) -> Mapping[str, bytes]:
    return CAFFE.load().encode(make_exportable(text), Request(batch))


def test_the_text() -> None:
    text = encode(TEXT)[".prototxt"].decode()
    comments, _, layers = text.partition("name: ")
    assert all(line.startswith("#") for line in comments.splitlines())
    assert f"name: {layers}".startswith(PROTOTXT)
    assert 'bottom: "pool1"' in layers and "coeff" not in layers
    assert "dim: 4 dim: 3" in encode(TEXT, batch=4)[".prototxt"].decode()


def test_the_arrays() -> None:
    exportable = make_exportable(TEXT)
    model = Message(memoryview(CAFFE.load().encode(exportable, Request())[".caffemodel"]))
    assert model.text(1) == "Small"
    layers = {layer.text(1): layer for layer in model.messages(100)}
    tensors = exportable.network.state_dict()
    shapes = [blob.message(7).integers(1) for blob in layers["conv1"].messages(7)]
    assert shapes == [[4, 3, 3, 5]]
    assert layers["conv1"].messages(7)[0].floats(5) == tensors["conv1.weight"].flatten().tolist()
    mean, variance, factor = (blob.floats(5) for blob in layers["conv1_bn"].messages(7))
    assert (mean, variance) == tuple(tensors[f"conv1_bn.running_{name}"].tolist() for name in ("mean", "var"))
    assert factor == [1.0]
    assert [len(blob.floats(5)) for blob in layers["conv1_bn_scale"].messages(7)] == [4, 4]


def test_the_text_means_the_same_network_when_it_is_pasted() -> None:
    from specnet.foreign.caffe import read_messages, translate_messages

    exportable = make_exportable(TEXT)
    text = CAFFE.load().encode(exportable, Request())[".prototxt"].decode()
    fields, _ = read_messages(text, text.index("name: "))
    draft = translate_messages(fields)
    assert draft.is_known
    assert not draft.differences
    kinds = Counter(layer.split()[0] for step in draft.steps for layer in step.layers if layer[0] != "@")
    assert kinds == Counter(["input", *(node.kind for node in exportable.graph.nodes)])


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("silu", "silu at made.net:3"),
        ("conv 4 F=2 P=0:1", "conv: padding of 0 before and 1 after the map at made.net:3"),
        ("tokens -> ln", "tokens: a sequence of tokens at made.net:3"),
        (
            "mul { | identity | pool avg global }",
            "mul: inputs of several shapes, of which the smaller is repeated at made.net:3",
        ),
    ],
)
def test_what_cannot_be_expressed_is_refused_with_its_line(line: str, told: str) -> None:
    with pytest.raises(Inexpressible) as caught:
        encode(f"input 8x8x3\nconv 4 F=3\n{line}\n")
    assert f"  {told}" in str(caught.value).splitlines()


def test_opencv_computes_the_same() -> None:
    pytest.importorskip("cv2")
    written = write_export(make_exportable(TEXT), CAFFE, Request())
    assert not written.unproved
    assert {each.images for each in written.comparisons} == {1, 3}


EXPRESSIBLE = (
    "alexnet",
    "densenet121",
    "efficientnet-lite0",
    "mobilenet-v2",
    "resnet50",
    "shufflenet-v1",
    "squeezenet-v1.1",
)


@pytest.mark.slow
@pytest.mark.parametrize("name", EXPRESSIBLE)
def test_the_zoo_in_opencv(name: str) -> None:
    pytest.importorskip("cv2")
    exportable = export_untrained(check(SPECS / f"{name}.net"), {})
    vary_statistics(exportable.network)
    written = write_export(exportable, CAFFE, Request())
    assert not written.unproved
    assert written.comparisons
