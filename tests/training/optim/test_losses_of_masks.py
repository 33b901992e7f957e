"""Losses of masks: torch's own where it has them, and scikit-learn's figures where outputs are sure."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import f1_score
from torch import Tensor
from torch.nn.functional import cross_entropy, one_hot

from specnet.settings.loss import CrossEntropy, Dice, Focal, Loss
from specnet.training.optim.losses import build_loss
from specnet.training.optim.mask_losses import IGNORED

LOSSES = (CrossEntropy(), CrossEntropy(smoothing=0.1), Dice(), Dice(cross_entropy=1.0), Focal(), Focal(gamma=0.5))


def draw(seed: int = 0, size: tuple[int, int] = (7, 6), margin: int = 0) -> tuple[Tensor, Tensor]:
    """Return outputs 3×5×h×w, and masks with a margin beside, of which a third is ignored."""
    generator = torch.Generator().manual_seed(seed)
    outputs = torch.randn(3, 5, *size, generator=generator)
    masks = torch.randint(5, (3, *(side + 2 * margin for side in size)), generator=generator)
    return outputs, masks.masked_fill(torch.rand(masks.shape, generator=generator) < 1 / 3, IGNORED)


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
@pytest.mark.parametrize("weights", [None, torch.tensor([1.0, 2.0, 0.5, 3.0, 0.1])])
def test_cross_entropy_is_that_of_torch_over_the_pixels_that_count(smoothing: float, weights: Tensor | None) -> None:
    outputs, masks = draw()
    expected = cross_entropy(outputs, masks, weights, label_smoothing=smoothing)
    torch.testing.assert_close(build_loss(CrossEntropy(smoothing=smoothing), weights)(outputs, masks), expected)


def test_focal_without_its_factor_is_cross_entropy() -> None:
    outputs, masks = draw()
    torch.testing.assert_close(build_loss(Focal(gamma=0.0))(outputs, masks), cross_entropy(outputs, masks))
    flat, labels = outputs[:, :, 0, 0], masks[:, 0, 0].clamp(min=0)
    torch.testing.assert_close(build_loss(Focal(gamma=0.0))(flat, labels), cross_entropy(flat, labels))


def test_focal_is_its_formula() -> None:
    outputs, masks = draw()
    truth = outputs.softmax(1).gather(1, masks.clamp(min=0)[:, None])[:, 0][masks != IGNORED]
    torch.testing.assert_close(build_loss(Focal(gamma=1.5))(outputs, masks), ((1 - truth) ** 1.5 * -truth.log()).mean())


def test_dice_of_sure_outputs_is_the_f1_score_of_the_classes_that_are_there() -> None:
    outputs, masks = draw()
    masks[masks == 4] = 3  # a class that no mask has
    counts = masks != IGNORED
    said = outputs.argmax(1)
    score = f1_score(masks[counts], said[counts], labels=[0, 1, 2, 3], average="macro")
    sure = 1e4 * one_hot(said, 5).permute(0, 3, 1, 2).float()
    assert build_loss(Dice())(sure, masks).item() == pytest.approx(1 - score, abs=1e-6)
    both = build_loss(Dice(cross_entropy=0.5))(outputs, masks)
    torch.testing.assert_close(both, build_loss(Dice())(outputs, masks) + 0.5 * cross_entropy(outputs, masks))


@pytest.mark.parametrize("setting", LOSSES, ids=str)
def test_what_is_ignored_has_no_gradient_and_nothing_is_lost_where_all_is(setting: Loss) -> None:
    outputs, masks = draw()
    outputs.requires_grad_()
    (gradient,) = torch.autograd.grad(build_loss(setting)(outputs, masks), outputs)
    assert not gradient.movedim(1, -1)[masks == IGNORED].any()
    assert gradient.movedim(1, -1)[masks != IGNORED].any()
    value = build_loss(setting)(outputs, torch.full_like(masks, IGNORED))
    (gradient,) = torch.autograd.grad(value, outputs)
    assert value == 0 and not gradient.any()


@pytest.mark.parametrize("setting", LOSSES, ids=str)
@given(seed=st.integers(0, 1000), margin=st.integers(1, 3))
def test_a_smaller_output_is_compared_with_the_centre_of_the_mask(setting: Loss, seed: int, margin: int) -> None:
    outputs, masks = draw(seed, margin=margin)
    centre = masks[:, margin:-margin, margin:-margin]
    assert build_loss(setting)(outputs, masks).equal(build_loss(setting)(outputs, centre))
