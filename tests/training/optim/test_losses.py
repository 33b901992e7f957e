"""Losses equal their formulas, and class weights what is said of them."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from specnet.settings.loss import BinaryCrossEntropy, CrossEntropy, Focal, Huber, Loss, Mae, Mse, Target
from specnet.training.optim.losses import build_loss, compute_class_weights

OUTPUTS = 3 * torch.randn(40, 6, generator=torch.Generator().manual_seed(0))
LABELS = torch.arange(40) % 6
SHOWN = (torch.arange(240).view(40, 6) % 7 < 2).to(torch.uint8)
NUMBERS = torch.linspace(-2, 2, 240).view(40, 6)


@pytest.mark.parametrize(
    ("setting", "targets", "oracle"),
    [
        (BinaryCrossEntropy(), SHOWN, nn.BCEWithLogitsLoss()(OUTPUTS, SHOWN.float())),
        (Mse(), NUMBERS, (OUTPUTS - NUMBERS).square().mean()),
        (Mae(), NUMBERS, (OUTPUTS - NUMBERS).abs().mean()),
        (Huber(delta=0.5), NUMBERS, nn.HuberLoss(delta=0.5)(OUTPUTS, NUMBERS)),
        (Focal(gamma=0), LABELS, nn.CrossEntropyLoss()(OUTPUTS, LABELS)),
        (Focal(gamma=0), SHOWN, nn.BCEWithLogitsLoss()(OUTPUTS, SHOWN.float())),
    ],
)
def test_losses_are_those_of_torch(setting: Loss, targets: Tensor, oracle: Tensor) -> None:
    assert build_loss(setting)(OUTPUTS, targets).item() == pytest.approx(oracle.item(), abs=1e-6)


def test_focal_loss_of_one_class_is_that_of_the_paper() -> None:
    p = OUTPUTS.softmax(1)[torch.arange(40), LABELS]
    assert build_loss(Focal(gamma=2))(OUTPUTS, LABELS).item() == pytest.approx(
        (-((1 - p) ** 2) * p.log()).mean().item()
    )


def test_focal_loss_of_several_classes_is_that_of_the_paper() -> None:
    """Equations 4 and 5 of Lin et al. 2017, as torchvision's sigmoid_focal_loss computes them."""
    p, shown = OUTPUTS.sigmoid(), SHOWN.bool()
    true = torch.where(shown, p, 1 - p)
    alpha = torch.where(shown, 0.25, 0.75)
    expected = (-alpha * (1 - true) ** 1.5 * true.log()).mean()
    assert build_loss(Focal(gamma=1.5, alpha=0.25))(OUTPUTS, SHOWN).item() == pytest.approx(expected.item(), rel=1e-5)


def test_focal_loss_says_what_its_alpha_is_for() -> None:
    assert "`alpha` weighs the classes that an image shows" in Focal(alpha=0.25).explain_misuse(Target.CLASS)
    assert not Focal(alpha=0.25).explain_misuse(Target.CLASSES)
    assert not Focal().explain_misuse(Target.CLASS)


def test_balanced_classes_weigh_as_much_as_the_images_without_them() -> None:
    weights = compute_class_weights(BinaryCrossEntropy(weights="balanced"), SHOWN, 6)
    assert weights is not None
    torch.testing.assert_close(weights * SHOWN.sum(0), (1 - SHOWN).sum(0).float())
    assert compute_class_weights(CrossEntropy(), LABELS, 6) is None


def test_weights_of_classes_are_torchs_pos_weight() -> None:
    setting = BinaryCrossEntropy(weights=(1, 2, 3, 4, 5, 6))
    weights = compute_class_weights(setting, SHOWN, 6)
    oracle = nn.BCEWithLogitsLoss(pos_weight=torch.arange(1.0, 7.0))(OUTPUTS, SHOWN.float())
    assert build_loss(setting, weights)(OUTPUTS, SHOWN).item() == pytest.approx(oracle.item(), abs=1e-6)
