"""Cfg and weights: the text, the order of the numbers, and what OpenCV computes with them."""

from __future__ import annotations

import numpy as np
import pytest
from made_exports import make_exportable, vary_statistics
from paths import SPECS

from specnet.api import check
from specnet.exports.errors import Inexpressible
from specnet.exports.exportable import export_untrained
from specnet.exports.registry import FORMATS
from specnet.exports.writer import Request
from specnet.exports.writing import write_export

DARKNET = FORMATS["darknet"]

TEXT = """net Small
input 9x8x3
conv1: conv 4 F=3 P=1 bias=no -> bn -> leaky_relu slope=0.1
pool max F=2 S=2 floor
add { | conv 4 F=3 P=1 -> relu | identity } -> @sum
concat { | slice 2..4 | conv 2 F=1 }
upsample 2
fc 5
softmax
"""

CFG = """[net]
batch=1
height=9
width=8
channels=3

# conv1
[convolutional]
batch_normalize=1
filters=4
size=3
stride=1
pad=1
activation=leaky

# pool1
[maxpool]
size=2
stride=2
padding=0

# conv2
[convolutional]
batch_normalize=0
filters=4
size=3
stride=1
pad=1
activation=relu

# add1
[shortcut]
from=-2
activation=linear

# slice1
[route]
layers=-1
groups=2
group_id=1

[route]
layers=-2

"""


def encode(text: str) -> dict[str, bytes]:
    return dict(DARKNET.load().encode(make_exportable(text), Request()))


def test_the_text() -> None:
    text = encode(TEXT)[".cfg"].decode()
    assert text.partition("\n")[2].startswith("[net]") or text.startswith("# ")
    assert text[text.index("[net]") :].startswith(CFG)


def test_the_order_of_the_numbers() -> None:
    """Biases before weights; with a normalisation shift, scale, mean and variance, which makes up for `eps`."""
    exportable = make_exportable("input 4x4x2\nconv1: conv 3 F=3 -> bn eps=1e-3\nfc1: fc 2\n")
    content = DARKNET.load().encode(exportable, Request())[".weights"]
    assert np.frombuffer(content, "<i4", 3).tolist() == [0, 2, 5]
    numbers = np.frombuffer(content, "<f4", offset=20)
    tensors = {name: tensor.numpy().ravel() for name, tensor in exportable.network.state_dict().items()}
    mean = tensors["conv1_bn.running_mean"] - tensors["conv1.bias"]
    expected = [tensors["conv1_bn.bias"], tensors["conv1_bn.weight"], mean, tensors["conv1_bn.running_var"] + 999e-6]
    expected += [tensors["conv1.weight"], tensors["fc1.bias"], tensors["fc1.weight"]]
    np.testing.assert_allclose(numbers, np.concatenate(expected), rtol=1e-6)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("gn G=2", "gn at made.net:3"),
        ("conv 4 F=3x5", "conv: size of 3 and 5 at made.net:3"),
        ("slice 0..3", "slice: channels that are none of several equal parts, 0..3 at made.net:3"),
        ("add @image", "add: the input of the network, which only the first section can read at made.net:3"),
    ],
)
def test_what_cannot_be_expressed_is_refused_with_its_line(line: str, told: str) -> None:
    with pytest.raises(Inexpressible) as caught:
        encode(f"input 8x8x4 -> @image\nconv 4 F=3 P=1\n{line}\n")
    assert f"  {told}" in str(caught.value).splitlines()


def test_opencv_computes_the_same() -> None:
    pytest.importorskip("cv2")
    written = write_export(make_exportable(TEXT), DARKNET, Request())
    assert not written.unproved
    assert {each.images for each in written.comparisons} == {1, 3}


EXPRESSIBLE = ("darknet53", "googlenet-torchvision", "mobilenet-v1", "resnet18", "squeezenet-v1.1")


@pytest.mark.slow
@pytest.mark.parametrize("name", EXPRESSIBLE)
def test_the_zoo_in_opencv(name: str) -> None:
    pytest.importorskip("cv2")
    exportable = export_untrained(check(SPECS / f"{name}.net"), {})
    vary_statistics(exportable.network)
    written = write_export(exportable, DARKNET, Request())
    assert not written.unproved
    assert written.comparisons
