"""Damaged files of Caffe and Darknet end in a network or in one message."""

from __future__ import annotations

import re
from pathlib import Path
from random import Random

import pytest

from specnet.importers import UnreadableModel, import_model

CFG = """[net]
height=8
width=8
channels=3
[convolutional]
batch_normalize=1
filters=4
size=3
stride=1
pad=1
activation=leaky
[maxpool]
size=2
stride=2
[upsample]
stride=2
[route]
layers=-1,0
[shortcut]
from=-4
activation=linear
[connected]
output=3
activation=linear
"""
PROTOTXT = """input: "data"
input_shape { dim: 1 dim: 3 dim: 8 dim: 8 }
layer { name: "c" type: "Convolution" bottom: "data" top: "c" convolution_param { num_output: 4 kernel_size: 3 pad: 1 } }
layer { name: "p" type: "Pooling" bottom: "c" top: "p" pooling_param { pool: MAX kernel_size: 2 stride: 2 } }
layer { name: "s" type: "Slice" bottom: "c" top: "x" top: "y" slice_param { axis: 1 slice_point: 2 } }
layer { name: "e" type: "Eltwise" bottom: "x" bottom: "y" top: "e" eltwise_param { operation: SUM coeff: 2 coeff: 1 } }
layer { name: "r" type: "Reshape" bottom: "p" top: "r" reshape_param { shape { dim: 0 dim: -1 dim: 4 } } }
layer { name: "f" type: "InnerProduct" bottom: "r" top: "f" inner_product_param { num_output: 5 } }
"""  # noqa: E501
VALUES = ("0", "-1", "1000000000000", "nan", "inf", "0.5", "true", '""', "abc", "[1, 2]", "{", "}", "")


def damage(text: str, random: Random) -> str:
    """Return a text with a number replaced, a character lost or put in, or lines swapped."""
    match random.randrange(4):
        case 0:
            found = random.choice([*re.finditer(r"-?\d+|\b[A-Za-z]\w*", text)])
            return text[: found.start()] + random.choice(VALUES) + text[found.end() :]
        case 1:
            at = random.randrange(len(text))
            return text[:at] + text[at + random.randint(1, 12) :]
        case 2:
            at = random.randrange(len(text))
            return text[:at] + random.choice('{}:"#[]=\0\né,') + text[at:]
        case _:
            lines = text.splitlines()
            random.shuffle(lines)
            return "\n".join(lines)


@pytest.mark.parametrize(("name", "text"), [("net.cfg", CFG), ("net.prototxt", PROTOTXT)])
@pytest.mark.parametrize("seed", range(40))
def test_damage_ends_in_a_network_or_in_one_message(name: str, text: str, seed: int, tmp_path: Path) -> None:
    random, path = Random(seed), tmp_path / name
    for _ in range(random.randint(1, 3)):
        text = damage(text, random)
    path.write_text(text, encoding="utf-8")
    try:
        assert import_model(path).text
    except UnreadableModel as error:
        assert "\n" not in str(error)


@pytest.mark.parametrize(
    ("content", "advice"),
    [
        (b"\0\0\0\0\2\0\0\0\0\0\0\0" + bytes(20), "import the cfg, and give this file as its weights"),
        (b"\x0a\x05small\xa2\x06\x03\x0a\x01x", "import the prototxt, and give this file as its weights"),
    ],
)
def test_weights_alone_are_no_network(content: bytes, advice: str, tmp_path: Path) -> None:
    path = tmp_path / "net.bin"
    path.write_bytes(content)
    with pytest.raises(UnreadableModel, match=advice):
        import_model(path)
