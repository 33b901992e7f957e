"""Losses of pairs: those of torch where it has them, and the hardest triplets found one by one."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn.functional import pairwise_distance

from specnet.settings.loss import BinaryCrossEntropy, Contrastive, Hinge, Triplet
from specnet.training.optim.losses import build_loss


def draw(pairs: int = 6) -> tuple[Tensor, Tensor]:
    """Return embeddings N×2×3, and labels N×2 of three classes."""
    generator = torch.Generator().manual_seed(3)
    return torch.randn(pairs, 2, 3, generator=generator), torch.randint(3, (pairs, 2), generator=generator)


def test_hinge() -> None:
    scores, same = torch.tensor([[2.0], [0.5], [-3.0], [0.2]]), torch.tensor([1, 1, 0, 0])
    assert build_loss(Hinge())(scores, same).item() == pytest.approx((0 + 0.5 + 0 + 1.2) / 4)


def test_binary_cross_entropy_takes_one_score_for_each_pair() -> None:
    scores, same = torch.tensor([[2.0], [-1.0]]), torch.tensor([1, 0])
    expected = -(scores.sigmoid()[0, 0].log() + (1 - scores.sigmoid()[1, 0]).log()) / 2
    assert build_loss(BinaryCrossEntropy())(scores, same).item() == pytest.approx(expected.item())


def test_contrastive() -> None:
    embeddings, labels = draw()
    distances = pairwise_distance(embeddings[:, 0], embeddings[:, 1], eps=0)
    terms = [
        d**2 / 2 if one == other else max(0.0, 2.5 - d) ** 2 / 2
        for d, (one, other) in zip(distances.tolist(), labels.tolist(), strict=True)
    ]
    assert build_loss(Contrastive(margin=2.5))(embeddings, labels).item() == pytest.approx(sum(terms) / 6, rel=1e-5)


def test_triplets_are_the_hardest_of_the_batch() -> None:
    embeddings, labels = draw()
    flat, kinds = embeddings.flatten(0, 1), labels.flatten().tolist()
    terms = []
    for place, kind in enumerate(kinds):
        distances = (flat - flat[place]).norm(dim=1).tolist()
        alike = [d for d, other in zip(distances, kinds, strict=True) if other == kind]
        others = [d for d, other in zip(distances, kinds, strict=True) if other != kind]
        if len(alike) > 1 and others:
            terms.append(max(0.0, 0.4 + max(alike) - min(others)))
    found = build_loss(Triplet(margin=0.4))(embeddings, labels)
    assert found.item() == pytest.approx(sum(terms) / len(terms), rel=1e-5)


@pytest.mark.parametrize("loss", [Contrastive(), Triplet()])
@pytest.mark.parametrize("labels", [[[0, 0], [0, 0]], [[0, 1], [2, 3]], [[0, 1], [1, 0]]])
@pytest.mark.parametrize("scale", [0.0, 100.0])
def test_the_gradient_is_finite(loss: Contrastive | Triplet, labels: list[list[int]], scale: float) -> None:
    embeddings = (scale * torch.eye(4).view(2, 2, 4)).requires_grad_()
    value = build_loss(loss)(embeddings, torch.tensor(labels))
    (gradient,) = torch.autograd.grad(value, embeddings)
    assert value.isfinite() and gradient.isfinite().all()
