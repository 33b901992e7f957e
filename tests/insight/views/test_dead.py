"""Units that were killed, or driven to the ends of their range, are reported: exactly those."""

from __future__ import annotations

import pytest
import torch
from small_views import build_digits_run, make_view
from torch import nn

from specnet.insight.images import load_unseen
from specnet.insight.layers import compute_output
from specnet.insight.request import Request
from specnet.insight.views.dead import BINS
from specnet.training import LoadedRun
from specnet.training.errors import Unsuitable

TRAIN = "train { data digits }\n"

PLAIN = f"""net Plain
input 8x8x1
conv1: conv K=20 F=3 P=1 -> relu
pool1: pool max F=2
conv2: conv K=10 F=3 P=1 -> relu6
fc3: fc 30 -> relu
fc4: fc 10
{TRAIN}"""

NORMALISED = f"""net Normalised
input 8x8x1
conv1: conv K=20 F=3 P=1 bias=no -> bn -> relu
conv2: conv K=10 F=3 P=1 -> relu -> bn
fc3: fc 30 -> bn -> hard_swish
fc4: fc 10
{TRAIN}"""

SQUASHED = f"""net Squashed
input 8x8x1
conv1: conv K=10 F=3 P=1 -> tanh
fc2: fc 20 -> sigmoid
fc3: fc 20 -> hard_sigmoid
fc4: fc 10
{TRAIN}"""


def set_bias(run: LoadedRun, layer: str, units: list[int], value: float) -> None:
    part = run.model.get_submodule(layer)
    assert isinstance(part.bias, nn.Parameter)
    with torch.no_grad():
        part.bias[units] = value


def found(run: LoadedRun, kind: str = "dead") -> dict[str, list[int]]:
    record = make_view(run, "dead").record()
    assert (record["part"], record["images"], record["all_images"]) == ("test", 359, 359)
    return {layer["layer"]: layer[kind] for layer in record["layers"]}


@pytest.mark.parametrize(
    ("text", "killed"),
    [
        (PLAIN, {"conv1": [0, 3, 4, 11, 12, 19], "conv2": [1, 2, 9], "fc3": [0, 1, 2, 3, 7, 8, 9, 28, 29]}),
        (NORMALISED, {"conv1_bn": [0, 3, 4, 11, 12, 19], "conv2": [1, 2, 9], "fc3_bn": [0, 1, 2, 3, 7, 8, 9, 28, 29]}),
    ],
)
def test_three_tenths_of_dead_units_are_exactly_those(text: str, killed: dict[str, list[int]]) -> None:
    run = build_digits_run(text)
    with torch.no_grad():
        for part in run.model.modules():
            if isinstance(part, nn.Conv2d | nn.Linear | nn.BatchNorm2d | nn.BatchNorm1d) and part.bias is not None:
                part.bias.fill_(9.0)  # so that no other unit is dead by chance
    for layer, units in killed.items():
        set_bias(run, layer, units, -1e9)
    dead = found(run)
    assert list(dead.values()) == list(killed.values())
    record = make_view(run, "dead").record()
    assert (record["dead"], record["units"]) == (18, 60)
    assert make_view(run, "dead").title == "Units: 18 of 60 are dead over 359 test images"


def test_a_unit_that_fires_once_is_not_dead_but_rare() -> None:
    """Without weights, only the bias counts, which one image of 359 overcomes by its brightest pixel."""
    run = build_digits_run("input 8x8x1\nfc1: fc 3 -> relu\nfc 10\n" + TRAIN)
    part = run.model.get_submodule("fc1")
    assert isinstance(part, nn.Linear)
    values = run.normalization(load_unseen(run, Request())[1].pixels[:]).flatten(1).sum(1)
    first, second = values.topk(2).values.tolist()
    with torch.no_grad():
        part.weight.fill_(1)
        part.bias[:] = torch.tensor([-(first + second) / 2, -first - 1, 100.0])
    (layer,) = make_view(run, "dead").record()["layers"]
    assert (layer["dead"], layer["rare"]) == ([1], [0])
    assert layer["firing_rates"] == layer["activity"] == pytest.approx([1 / 359, 0, 1])


def test_activity_is_the_share_of_all_places() -> None:
    run = build_digits_run(PLAIN)
    outputs = compute_output(run, load_unseen(run, Request())[1].pixels[:], "conv1_relu")
    record = make_view(run, "dead").record()["layers"][0]
    assert record["activity"] == pytest.approx((outputs > 0).double().mean((0, 2, 3)).tolist())
    assert record["firing_rates"] == pytest.approx((outputs > 0).any(3).any(2).double().mean(0).tolist())


def test_saturated_units_are_those_at_the_ends() -> None:
    run = build_digits_run(SQUASHED)
    set_bias(run, "conv1", [2, 5], 50.0)
    set_bias(run, "conv1", [7], -50.0)
    set_bias(run, "fc2", [0], -50.0)
    set_bias(run, "fc2", [19], 50.0)
    set_bias(run, "fc3", [3], -50.0)
    assert found(run, "saturated") == {"conv1_tanh": [2, 5, 7], "fc2_sigmoid": [0, 19], "fc3_hard_sigmoid": [3]}
    assert found(run) == {"conv1_tanh": None, "fc2_sigmoid": None, "fc3_hard_sigmoid": [3]}


def test_fewer_images_are_said() -> None:
    view = make_view(build_digits_run(PLAIN), "dead", count=50)
    assert view.title.endswith("over 50 of 359 test images")
    assert (view.record()["images"], view.record()["all_images"]) == (50, 359)


@pytest.mark.parametrize("text", [PLAIN, SQUASHED])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_picture_has_a_row_for_each_layer(text: str, theme: str) -> None:
    view = make_view(build_digits_run(text), "dead", count=20)
    shares, rates = view.figure(theme).axes[:2]
    assert [label.get_text() for label in shares.get_yticklabels()] == [
        layer["layer"] for layer in view.record()["layers"]
    ]
    drawn = rates.images[0].get_array()
    assert drawn is not None
    assert drawn.shape == (3, BINS)


@pytest.mark.parametrize("activation", ["leaky_relu", "gelu", "selu", "softmax"])
def test_a_network_whose_units_cannot_die_says_so(activation: str) -> None:
    with pytest.raises(Unsuitable, match="no unit of this network can die"):
        make_view(build_digits_run(f"input 8x8x1\nfc 10 -> {activation}\n{TRAIN}"), "dead")
