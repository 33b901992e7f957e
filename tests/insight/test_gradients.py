"""Gradients and Grad-CAM: what is derived, of which layer, and whether captum finds the same."""

from __future__ import annotations

import pytest
import torch
from oracles import import_or_skip
from small_views import BRANCHES, FLAT, TWO_CONVOLUTIONS, build_run

from specnet.insight import gradients
from specnet.insight.gradients import choose_cam_layer, compute_grad_cam, compute_smooth_gradient, find_scores
from specnet.insight.layers import select

TRAIN = 'train { data folder "photos" }\n'


def image(*shape: int) -> torch.Tensor:
    return torch.randint(256, (1, *shape), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))


def test_a_gradient_is_that_of_captum(monkeypatch: pytest.MonkeyPatch) -> None:
    attr = import_or_skip("captum.attr")
    monkeypatch.setattr(gradients, "NOISE", 0.0)
    run, pixels = build_run(), image(16, 16, 3)
    expected = attr.Saliency(run.model).attribute(run.normalization(pixels).requires_grad_(), target=2)[0].amax(0)
    torch.testing.assert_close(compute_smooth_gradient(run, pixels, 2, 0), expected)


@pytest.mark.parametrize("layer", ["conv1_relu", "pool1", "conv2_relu"])
def test_grad_cam_is_that_of_captum(layer: str) -> None:
    attr = import_or_skip("captum.attr")
    run, pixels = build_run(), image(16, 16, 3)
    method = attr.LayerGradCam(run.model, run.model.get_submodule(layer))
    expected = method.attribute(run.normalization(pixels), target=2, relu_attributions=True)[0, 0].detach()
    torch.testing.assert_close(compute_grad_cam(run, pixels, 2, layer), expected)


def test_the_score_is_what_the_last_softmax_is_taken_of() -> None:
    run, pixels = build_run(BRANCHES), image(12, 12, 1)
    (scores,) = select(run, [find_scores(run, pixels)])(run.normalization(pixels))
    assert scores.min() < 0
    torch.testing.assert_close(scores.softmax(1), run.probabilities(pixels))


@pytest.mark.parametrize(
    ("text", "layer"),
    [
        (TWO_CONVOLUTIONS, "conv2_relu"),
        (FLAT, None),
        (f"input 8x8x1\na: conv K=4 F=3 P=1 -> relu\npool avg global\nfc 2\n{TRAIN}", "a_relu"),
        (f"input 8x8x1\na: conv K=4 F=3 -> @x\nb: conv K=4 F=3 P=1 -> add @x\npool avg global\nfc 2\n{TRAIN}", "b_add"),
        (f"input 8x8x1\na: conv K=4 F=3\nb: conv K=4 F=6\nfc 2\n{TRAIN}", "a"),
    ],
)
def test_the_layer_of_grad_cam(text: str, layer: str | None) -> None:
    assert choose_cam_layer(build_run(text)) == layer


def test_a_layer_that_only_a_branch_passes_is_not_chosen() -> None:
    """The last maps in the file are those of a branch, and the classes depend on another one as well."""
    text = """input 8x8x1
a: conv K=4 F=3 P=1 -> relu -> @x
pool avg global -> @y
b: @x -> conv K=2 F=3 P=1 -> pool max global -> concat @y
fc 3
"""
    assert choose_cam_layer(build_run(text + TRAIN)) == "a_relu"
