"""What is written reads back as the same layer, for every kind."""

from __future__ import annotations

import pytest

from specnet.attributes import Attributes, Interval
from specnet.compiler import check_source
from specnet.layers import kinds, layer_class
from specnet.layers.base import Layer
from specnet.settings.augment import Brightness
from specnet.settings.optimizer import Sgd
from specnet.source import Source
from specnet.written import written, written_values

LINES = """
conv K=96 F=11 S=4
conv K=8 F=3x5 S=2x1 P=1x2 D=1x2 G=2 bias=no floor
conv K=8 F=3 P=0:1
conv K=8 F=3 P=same
pool max F=3 S=2 P=1 ceil
pool max F=3 D=2
pool avg F=2 exclude_padding
pool avg to=6x5
pool avg global
fc 4096
fc 10 bias=no
dropout 0.5
dropout 0.25
bn
bn eps=2e-5 momentum=0.01 affine=no
lrn n=3 alpha=2e-5 k=1
leaky_relu slope=-0.2
""".strip().splitlines()


def read(line: str) -> Layer:
    """The layer that a line says, even where the shape that arrives does not suit it."""
    (node,) = check_source(Source("<text>", f"input 64x64x8\n{line}")).network.nodes
    assert node.layer is not None, line
    return node.layer


@pytest.mark.parametrize("line", LINES)
def test_a_canonical_line_stays_as_it_is(line: str) -> None:
    assert written(read(line)) == line


@pytest.mark.parametrize(
    "line, canonical",
    [
        ("conv 96 F=11x11 S=4 P=0 D=1 bias=yes", "conv K=96 F=11 S=4"),
        ("pool F=3 max", "pool max F=3"),
        ("pool avg to=1", "pool avg global"),
        ("fc K=10", "fc 10"),
        ("dropout", "dropout 0.5"),
    ],
)
def test_other_spellings_become_canonical(line: str, canonical: str) -> None:
    assert written(read(line)) == canonical


@pytest.mark.parametrize("kind", kinds())
def test_every_kind_reads_back_equal(kind: str) -> None:
    """With the least that a kind needs; what it can say beyond that is in the lines above."""
    cls = layer_class(kind)
    assert cls is not None
    if cls.family == "join":
        pytest.skip("a join is read with its arms")
    needs = {"conv": {"K": 6, "F": 3}, "pool": {"operation": "max", "F": 2}, "fc": {"K": 10}}
    layer = cls.model_validate(needs.get(kind, {}))
    assert read(written(layer)) == layer


@pytest.mark.parametrize(
    "setting, text",
    [
        (
            Sgd(lr=0.1, momentum=0.9, nesterov=True, weight_decay=5e-4),
            "lr=0.1 weight_decay=0.0005 momentum=0.9 nesterov",
        ),
        (Brightness(factor=Interval(0.5, 1.5)), "0.5..1.5"),
        (Sgd(), ""),
    ],
)
def test_settings_are_written_too(setting: Attributes, text: str) -> None:
    assert written_values(setting) == text
