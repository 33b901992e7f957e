"""He's initialization keeps the spread of a deep stack, a narrow Gaussian lets it vanish, and zeros pass nothing."""

from __future__ import annotations

import pytest
import torch
from small_views import build_digits_run, make_view

from specnet.insight.view import View
from specnet.settings.init import CHOICES

TRAIN = "train { data digits\ninit gaussian std=0.02 }\n"

DEEP = "net Deep\ninput 8x8x1\n" + "fc 128 -> relu\n" * 20 + "fc 10\n" + TRAIN


@pytest.fixture(scope="module")
def deep() -> View:
    return make_view(build_digits_run(DEEP), "initialization")


def outputs(view: View, label: str, kind: str = "activations") -> list[float]:
    spread = view.record()[kind][label]
    return [value for name, value in spread.items() if "relu" in name]


def test_he_keeps_the_spread_of_twenty_layers(deep: View) -> None:
    stds = outputs(deep, "he")
    assert len(stds) == 20
    assert max(stds) < 3 * min(stds)


@pytest.mark.parametrize(("label", "lowest", "highest"), [("gaussian std=0.02", 0, 1e-12), ("xavier", 1e-5, 1e-1)])
def test_others_let_it_vanish(deep: View, label: str, lowest: float, highest: float) -> None:
    stds = outputs(deep, label)
    assert lowest < stds[-1] / stds[0] < highest
    gradients = outputs(deep, label, "gradients")
    assert lowest < gradients[0] / gradients[-1] < highest


def test_a_gaussian_of_a_hundredth_lets_it_vanish() -> None:
    view = make_view(build_digits_run(DEEP.replace("init gaussian std=0.02", "")), "initialization")
    stds = outputs(view, "gaussian std=0.01")
    assert stds[-1] < 1e-15 * stds[0]


def test_zeros_pass_nothing(deep: View) -> None:
    assert set(outputs(deep, "zeros")) == {0}
    assert set(outputs(deep, "zeros", "gradients")) == {0}
    assert "zeros  outputs 0 in " in deep.summary[0]


def test_all_initializations_are_there(deep: View) -> None:
    labels = list(deep.record()["activations"])
    assert [label.split()[0] for label in labels] == ["zeros", *CHOICES]
    assert deep.record()["own"] == "gaussian std=0.02"
    assert deep.record()["images"] == 64


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_pictures_have_a_line_and_zeros_for_each(deep: View, theme: str) -> None:
    for axes in deep.figure(theme).axes:
        assert axes.get_yscale() == "log"
        assert len(axes.lines) == 2 * (len(CHOICES) + 1)


def test_the_run_keeps_its_weights_and_random_numbers() -> None:
    run = build_digits_run("input 8x8x1\nconv K=4 F=3 -> bn -> relu\nfc 10\n" + TRAIN)
    before = {name: value.clone() for name, value in run.model.state_dict().items()}
    state = torch.random.get_rng_state()
    make_view(run, "initialization", count=3)
    assert torch.random.get_rng_state().equal(state)
    assert all(value.equal(before[name]) for name, value in run.model.state_dict().items())


def test_whitened_layers_keep_their_own_start() -> None:
    view = make_view(
        build_digits_run("input 8x8x1\nc: conv K=6 F=3 init=whiten\nd: conv K=4 F=3\nfc 10\n" + TRAIN), "initialization"
    )
    spreads = view.record()["activations"]
    whitened = {row["c"] for label, row in spreads.items() if label != "zeros"}
    assert len(whitened) == 1
    assert whitened != {spreads["zeros"]["c"]}
