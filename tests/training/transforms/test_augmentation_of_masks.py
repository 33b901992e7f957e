"""Changes of images that come with masks: a mask moves as its image does, and keeps its classes."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from specnet.attributes import Interval
from specnet.settings.augment import (
    Augment,
    Brightness,
    Contrast,
    Cutout,
    Flip,
    Hue,
    Noise,
    RandomCrop,
    ResizedCrop,
    Rotate,
    Saturation,
    Shift,
    Zoom,
)
from specnet.training.transforms.augmentation import AUGMENTATIONS, Augmentation, Sampler

CLASSES = 3

MOVING: tuple[Augment, ...] = (
    RandomCrop(pad=3),
    Shift(pixels=3),
    Flip(),
    Flip(direction="vertical", p=1.0),
    Flip(alternating=True),
    Rotate(degrees=90),
    Zoom(factor=Interval(0.5, 0.8)),
    ResizedCrop(area=Interval(0.2, 0.5)),
)

COLOURING: tuple[Augment, ...] = (
    Brightness(factor=Interval(0.2, 0.5)),
    Contrast(factor=Interval(0.2, 0.5)),
    Saturation(factor=Interval(0.2, 0.5)),
    Hue(turn=0.5),
    Noise(std=50.0),
    Cutout(size=6),
)


@pytest.fixture
def pixels() -> Tensor:
    """Return uint8 6×16×12×4: images of three channels with a mask, blocks of 1 to CLASSES."""
    torch.manual_seed(0)
    masks = torch.randint(1, CLASSES + 1, (6, 4, 3)).repeat_interleave(4, 1).repeat_interleave(4, 2)
    return torch.cat([60 * masks[..., None].expand(-1, -1, -1, 3), masks[..., None]], 3).to(torch.uint8)


def augment(steps: tuple[Augment, ...], pixels: Tensor, has_masks: bool = True) -> Tensor:
    torch.manual_seed(1)
    mirrored = torch.arange(len(pixels)) % 2 == 0
    return Augmentation(steps, has_masks).augment_batch(pixels, mirrored).clone()


def test_all_changes_are_looked_at() -> None:
    assert {type(step) for step in (*MOVING, *COLOURING)} == set(AUGMENTATIONS)


@pytest.mark.parametrize("step", MOVING, ids=str)
def test_a_mask_moves_as_its_image_does(step: Augment, pixels: Tensor) -> None:
    """Where an image has the colour of a class, and its neighbours have it too, the mask has that class."""
    changed = augment((step,), pixels)
    masks = changed[..., 3]
    assert not changed.equal(pixels.to(changed.dtype))
    assert set(masks.unique().tolist()) <= set(range(CLASSES + 1))
    assert (changed[..., 0] / 60 - masks).abs().lt(1e-3).float().mean() > 0.6
    bare = augment((step,), pixels[..., :3].contiguous(), has_masks=False)
    torch.testing.assert_close(changed[..., :3].to(bare.dtype), bare)


@pytest.mark.parametrize("step", COLOURING, ids=str)
def test_a_change_of_colours_leaves_the_mask(step: Augment, pixels: Tensor) -> None:
    changed = augment((step,), pixels)
    assert changed[..., 3].equal(pixels[..., 3].float())
    bare = augment((step,), pixels[..., :3], has_masks=False)
    torch.testing.assert_close(changed[..., :3], bare.float())
    assert not changed[..., :3].equal(pixels[..., :3].float())


@pytest.mark.parametrize("step", [RandomCrop(pad=8), Zoom(factor=Interval(0.2, 0.3))], ids=str)
def test_what_lies_outside_of_an_image_is_ignored(step: Augment, pixels: Tensor) -> None:
    changed = augment((step,), pixels)
    assert (changed[..., 3] == 0).any()
    assert not changed[..., :3][changed[..., 3] == 0].bool().all()


def test_a_chain_is_drawn_alike_from_a_set_and_from_a_batch(pixels: Tensor) -> None:
    chain = Augmentation((RandomCrop(pad=2), Flip(), Rotate(degrees=20), Noise()), has_masks=True)
    torch.manual_seed(2)
    sampled = Sampler(pixels, chain).batch(torch.arange(6))
    torch.manual_seed(2)
    assert sampled.equal(chain.augment_batch(pixels, None))
