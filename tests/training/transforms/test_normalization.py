"""Normalisation is fitted on the training part, and can be written down."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from specnet.settings.normalize import (
    CHOICES,
    Caffe,
    ImageNet,
    MeanImage,
    MeanStd,
    Normalize,
    PerImage,
    Symmetric,
    Unchanged,
    UnitScale,
)
from specnet.training.transforms.normalization import ShiftAndScale, fit_normalizer, normalizer_from_record

PIXELS = torch.randint(0, 256, (50, 6, 5, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))


def test_mean_std() -> None:
    done = fit_normalizer(MeanStd(), PIXELS)(PIXELS)
    assert done.shape == (50, 3, 6, 5)
    assert done.is_contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(done.mean((0, 2, 3)), torch.zeros(3), atol=1e-5, rtol=0)
    torch.testing.assert_close(done.std((0, 2, 3), correction=0), torch.ones(3), atol=1e-5, rtol=0)


def test_mean_image() -> None:
    done = fit_normalizer(MeanImage(), PIXELS)(PIXELS)
    torch.testing.assert_close(done.mean(0), torch.zeros(3, 6, 5), atol=1e-6, rtol=0)
    torch.testing.assert_close(done[0] - done[1], (PIXELS[0].float() - PIXELS[1].float()).permute(2, 0, 1) / 255)


def test_per_image() -> None:
    pixels = torch.cat([PIXELS, torch.full_like(PIXELS[:1], 7)])
    done = fit_normalizer(PerImage(), PIXELS)(pixels)
    assert done.is_contiguous(memory_format=torch.channels_last)
    values = pixels.double().flatten(1).numpy()
    expected = (values - values.mean(1, keepdims=True)) / np.maximum(values.std(1, keepdims=True), 90**-0.5)
    found = done.permute(0, 2, 3, 1).flatten(1)
    torch.testing.assert_close(found, torch.from_numpy(expected).float(), atol=1e-5, rtol=1e-5)
    assert not found[-1].any()


@pytest.mark.parametrize("setting", [kind() for kind in CHOICES.values()])
def test_as_a_module_it_is_the_same(setting: Normalize) -> None:
    normalizer = fit_normalizer(setting, PIXELS)
    done = normalizer.to_module()(PIXELS.permute(0, 3, 1, 2).float())
    torch.testing.assert_close(done, normalizer(PIXELS), atol=2e-6, rtol=1e-6)


def test_as_a_module_it_has_a_number_for_each_channel_unless_pixels_differ() -> None:
    shapes = {kind: fit_normalizer(kind(), PIXELS).to_module().shift.shape for kind in (MeanStd, MeanImage)}
    height, width, channels = PIXELS.shape[1:]
    assert shapes == {MeanStd: (channels, 1, 1), MeanImage: (channels, height, width)}


def test_scale_and_none() -> None:
    torch.testing.assert_close(fit_normalizer(UnitScale(), PIXELS)(PIXELS), PIXELS.permute(0, 3, 1, 2) / 255)
    assert fit_normalizer(Unchanged(), PIXELS)(PIXELS).equal(PIXELS.permute(0, 3, 1, 2).float())


def test_what_published_weights_expect() -> None:
    """As torchvision's transforms and keras.applications compute it."""
    red, green, blue = PIXELS.double().unbind(3)
    torch_way = [(red / 255 - 0.485) / 0.229, (green / 255 - 0.456) / 0.224, (blue / 255 - 0.406) / 0.225]
    caffe_way = [blue - 103.939, green - 116.779, red - 123.68]
    expected = {
        ImageNet: torch_way,
        Caffe: caffe_way,
        Symmetric: [red / 127.5 - 1, green / 127.5 - 1, blue / 127.5 - 1],
    }
    for kind, channels in expected.items():
        done = fit_normalizer(kind(), PIXELS)(PIXELS)
        assert done.is_contiguous(memory_format=torch.channels_last)
        torch.testing.assert_close(done, torch.stack(channels, 1).float(), atol=1e-4, rtol=1e-5)


def test_a_channel_without_variation_stays_finite() -> None:
    assert (
        fit_normalizer(MeanStd(), torch.full((4, 3, 3, 1), 9, dtype=torch.uint8))(torch.zeros(1, 3, 3, 1))
        .isfinite()
        .all()
    )


@pytest.mark.parametrize("setting", [kind() for kind in CHOICES.values()])
def test_written_down_and_read_again_it_gives_the_same_bits(setting: Normalize) -> None:
    normalizer = fit_normalizer(setting, PIXELS)
    again = normalizer_from_record(json.loads(json.dumps(normalizer.to_record())), (6, 5, 3))
    assert again(PIXELS).equal(normalizer(PIXELS))


def test_the_pixels_are_left_alone() -> None:
    pixels = PIXELS.float()
    fit_normalizer(UnitScale(), PIXELS)(pixels)
    assert pixels.equal(PIXELS.float())


@pytest.mark.parametrize("setting", [kind() for kind in CHOICES.values() if kind is not PerImage])
@pytest.mark.parametrize("pixels", [PIXELS, PIXELS.float(), PIXELS.transpose(0, 3).contiguous().transpose(0, 3)])
def test_at_once_it_is_the_same_but_for_rounding(setting: Normalize, pixels: torch.Tensor) -> None:
    normalizer = fit_normalizer(setting, PIXELS)
    assert isinstance(normalizer, ShiftAndScale)
    done = normalizer.normalize_at_once(pixels)
    assert done.is_contiguous()
    torch.testing.assert_close(done.permute(0, 3, 1, 2), normalizer(pixels), atol=2e-6, rtol=1e-6)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("setting", [kind() for kind in CHOICES.values() if kind is not PerImage])
def test_a_gpu_normalises_alike(setting: Normalize) -> None:
    normalizer = fit_normalizer(setting, PIXELS)
    done = normalizer.to(torch.device("cuda"))(PIXELS.cuda())
    assert done.is_contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(done.cpu(), normalizer(PIXELS), atol=2e-6, rtol=1e-6)
