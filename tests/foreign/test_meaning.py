"""How a table of meanings is read, and how a call is translated by it."""

from __future__ import annotations

import pytest

from specnet.foreign.meaning import read_table
from specnet.foreign.translation import Reads, translate
from specnet.foreign.values import Expression, format_foreign_value

TABLE = read_table(
    """
Base(*, name: name = None, device: unread = None) ->

Conv(depth: channels, filters: K, size: F, stride: S = 1, pad: P = 0, mode: "zeros" = "zeros", decay: training = 0,
    **kwargs: Base) -> conv
Conv(depth: channels, filters: K, size: F, stride: S = 1, pad: first.P = 0, mode: "reflect" = "zeros",
    decay: training = 0, **kwargs: Base) -> pad reflect -> conv
Norm(momentum: 1 - momentum = 0.99, eps: eps = 1e-3) -> bn
Pool(size: F, counted: not exclude_padding = True, up: ceil = False) -> pool avg
Drop(rate: p) -> dropout, but Drop is different
Dense(units: K, activation: activation = None) -> fc
Any(*args: unread, **kwargs: unread) -> identity
Depthwise(times: text = 1) -> conv K=C*{times} F=1
""",
    activations={"relu": "relu", "none": ""},
)


@pytest.mark.parametrize(
    ("name", "arguments", "keywords", "layers"),
    [
        ("Conv", (3, 8, 5), {}, ["conv K=8 F=5"]),
        ("Conv", (3, 8, (3, 5)), {"stride": 2}, ["conv K=8 F=3x5 S=2"]),
        ("Conv", (8, 5), {}, ["conv K=8 F=5"]),
        ("Conv", (3, 8, 5, 1, 2), {"mode": "reflect", "device": "cpu"}, ["pad 2 reflect", "conv K=8 F=5 S=1"]),
        ("Conv", (3, Expression("2*n"), 5), {}, ["conv K=2*n F=5"]),
        ("Norm", (), {}, ["bn momentum=0.01 eps=1e-3"]),
        ("Norm", (0.9, 1e-5), {}, ["bn momentum=0.1 eps=1e-5"]),
        ("Pool", (3,), {"counted": False, "up": True}, ["pool avg F=3 exclude_padding ceil"]),
        ("Dense", (10, "relu"), {}, ["fc 10", "relu"]),
        ("Dense", (Expression("n + 1"),), {}, ["fc (n + 1)"]),
        ("Any", (1, 2), {"three": 3}, ["identity"]),
        ("Depthwise", (2,), {}, ["conv K=C*2 F=1"]),
    ],
)
def test_a_call_becomes_layers_without_a_difference(
    name: str, arguments: tuple[object, ...], keywords: dict[str, object], layers: list[str]
) -> None:
    found = translate(TABLE[name], arguments, keywords)
    assert list(found.layers) == layers
    assert not found.differences


@pytest.mark.parametrize(
    ("name", "arguments", "keywords", "difference"),
    [
        ("Conv", (3, 8, 5, 1, 2, "circular"), {}, "`mode='circular'` has no counterpart"),
        ("Conv", (3, 8, 5), {"decay": 0.1}, "`decay=0.1` is left out: only training depends on it"),
        ("Conv", (3, 8, 5), {"unknown": 1}, "`unknown=1` is no argument of `Conv`"),
        ("Pool", (3, True, False, 4), {}, "`4` is no argument of `Pool`"),
        ("Pool", (3, Expression("flag")), {}, "`counted=flag` has no counterpart"),
        ("Norm", (None,), {}, "`momentum=None` has no counterpart"),
        ("Dense", (10, "softplus"), {}, "`activation='softplus'` has no counterpart"),
        ("Drop", (0.5,), {}, "Drop is different"),
    ],
)
def test_what_has_no_counterpart_is_named(
    name: str, arguments: tuple[object, ...], keywords: dict[str, object], difference: str
) -> None:
    assert translate(TABLE[name], arguments, keywords).differences == (difference,)


def test_what_a_call_says_of_its_input_is_kept() -> None:
    found = translate(TABLE["Conv"], (3, 8, 5), {"name": "first", "mode": "reflect"})
    assert found.reads == (Reads("depth", 3, "channels"), None)
    assert found.label == "first"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.001, "1e-3"),
        (1e-05, "1e-5"),
        (0.25, "0.25"),
        (0.0015, "0.0015"),
        ((3, 3), "3"),
        ((1, 2), "1x2"),
        (((0, 1), (0, 1)), "0:1"),
        ((28, 28, 1), "28x28x1"),
        ((5,), "5"),
        ("SAME", "same"),
        ("valid", "0"),
        (True, "yes"),
        ((Expression("k"), 3), "(k)x3"),
    ],
)
def test_values_are_written_as_a_spec_has_them(value: object, text: str) -> None:
    assert format_foreign_value(value) == text
