"""The tables of other tools' layers, read backwards and forwards again, give the layer."""

from __future__ import annotations

import pytest

from specnet.compiler import check_source
from specnet.foreign.caffe_layers import CAFFE
from specnet.foreign.caffe_layers import complete as complete_caffe
from specnet.foreign.inverse import Unsaid, describe_layer, find_call
from specnet.foreign.translation import translate
from specnet.graph import Network
from specnet.source import Source


def check_line(line: str) -> Network:
    checked = check_source(Source("a.net", f"input 12x10x8\n{line}\n"))
    assert checked.ok, checked.errors
    return checked.network


def invert(line: str) -> tuple[str, dict[str, object]]:
    network = check_line(line)
    (node,) = network.nodes
    shapes = network.input_shapes(node)
    assert node.layer and shapes
    call = find_call([describe_layer(node.kind, node.layer, shapes)], CAFFE)
    return call.name, dict(call.arguments)


@pytest.mark.parametrize(
    "line",
    [
        "conv 16 F=3",
        "conv 16 F=4x5 S=2x1 P=1x2",
        "conv 16 F=3 D=2 G=4 bias=no P=2",
        "deconv 4 F=3 S=2 P=1",
        "fc 7 bias=no",
        "pool max F=3 S=2 ceil",
        "pool avg F=3 S=2 P=1 ceil",
        "pool max global",
        "pool avg global",
        "bn affine=no eps=1e-3 momentum=0.05",
        "scale bias=yes",
        "lrn n=3 alpha=2e-4 beta=0.5 k=1",
        "lrn",
        "leaky_relu slope=0.2",
        "prelu",
        "elu alpha=0.5",
        "softmax",
        "dropout 0.3",
        "times by=0.5",
        "shuffle 4",
    ],
)
def test_there_and_back(line: str) -> None:
    name, arguments = invert(line)
    arguments = {key: tuple(map(min, value)) if key == "pad" else value for key, value in arguments.items()}
    (again,) = translate(CAFFE[name], (), complete_caffe(arguments)).layers
    assert check_line(again).nodes[0].layer == check_line(line).nodes[0].layer


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("silu", ""),
        ("pool avg F=3 P=1 S=1 exclude_padding", "exclude_padding"),
        ("softmax groups=2", "groups=2"),
        ("pool avg to=3x2", "to=3x2"),
        ("deconv 4 F=3 S=2 P=1 OP=1", "OP=1"),
    ],
)
def test_what_cannot_be_said(line: str, reason: str) -> None:
    with pytest.raises(Unsaid) as caught:
        invert(line)
    assert str(caught.value) == reason


def test_what_comes_to_the_same() -> None:
    """Windows that leave no remainder are rounded in any way, and `same` is a number of pixels."""
    assert invert("pool max F=2")[1] == {"kernel_size": (2, 2), "stride": (2, 2)}
    assert invert("conv 16 F=3 P=same")[1]["pad"] == ((1, 1), (1, 1))
    assert invert("pool max F=3 S=2 floor")[1]["round_mode"] == "FLOOR"
