"""PSNR and SSIM equal those of torchmetrics, whose map of SSIM also has windows that reach beyond the edge."""

from __future__ import annotations

import pytest
import torch
from oracles import import_or_skip
from torch import Tensor

from specnet.training.metrics.image_quality import compute_psnr, compute_ssim


def draw_pair(shape: tuple[int, ...], noise: float) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(7)
    images = torch.rand(shape, generator=generator, dtype=torch.float64)
    return images, (images + noise * torch.randn(shape, generator=generator, dtype=torch.float64)).clamp(0, 1)


@pytest.mark.parametrize("noise", [0.001, 0.1, 1.0])
@pytest.mark.parametrize("shape", [(3, 1, 28, 28), (2, 3, 11, 40), (1, 4, 33, 12)])
def test_they_are_those_of_torchmetrics(shape: tuple[int, ...], noise: float) -> None:
    image = import_or_skip("torchmetrics.functional.image")
    images, others = draw_pair(shape, noise)
    ssim = compute_ssim(others, images)
    assert ssim is not None and ssim.shape == shape[:1]
    _, whole = image.structural_similarity_index_measure(others, images, data_range=1.0, return_full_image=True)
    assert ssim == pytest.approx(whole[..., 5:-5, 5:-5].mean((1, 2, 3)), abs=1e-6)
    psnr = image.peak_signal_noise_ratio(others, images, data_range=1.0)
    assert compute_psnr((others - images).square().mean().item()) == pytest.approx(psnr.item(), rel=1e-6)


def test_ssim_is_not_computed_of_all_images_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    images, others = draw_pair((5, 2, 16, 16), 0.1)
    whole = compute_ssim(images, others)
    monkeypatch.setattr("specnet.training.metrics.image_quality.AT_ONCE", 1000)
    parts = compute_ssim(images, others)
    assert whole is not None and parts is not None and parts == pytest.approx(whole, abs=1e-12)


def test_of_equal_images_ssim_is_one_and_psnr_unknown() -> None:
    images, _ = draw_pair((2, 1, 20, 20), 0.0)
    assert compute_ssim(images, images) == pytest.approx(torch.ones(2))
    assert compute_psnr(0.0) is None


def test_ssim_of_images_smaller_than_its_window_is_unknown() -> None:
    assert compute_ssim(torch.zeros(2, 1, 10, 28), torch.zeros(2, 1, 10, 28)) is None
