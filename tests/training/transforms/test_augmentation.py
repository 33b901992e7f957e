"""Augmentation of a batch is the same as the obvious augmentation of one image after the other."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
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
from specnet.training.transforms import affine, augmentation
from specnet.training.transforms.augmentation import Augmentation, Sampler, apply_step

Recorded = list[Tensor]


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> dict[str, Recorded]:
    """What the augmentation draws, by the function that draws it."""
    record: dict[str, Recorded] = {"draw_integers": [], "_draw_mask": [], "_draw_factors": []}

    def recording(name: str, original: Callable[..., Tensor]) -> Callable[..., Tensor]:
        def draw(*arguments: object) -> Tensor:
            record[name].append(original(*arguments))
            return record[name][-1]

        return draw

    for name in record:
        monkeypatch.setattr(augmentation, name, recording(name, getattr(augmentation, name)))
    return record


def images(amount: int = 40, height: int = 9, width: int = 7, channels: int = 3) -> Tensor:
    return torch.randint(0, 256, (amount, height, width, channels), dtype=torch.uint8)


INDEX = torch.tensor([3, 0, 39, 3, 17, 21])


@pytest.mark.parametrize(
    ("first", "border", "mode"), [(RandomCrop(pad=2), 2, "constant"), (Shift(pixels=3), 3, "reflect")]
)
@pytest.mark.parametrize("mirrored", [True, False])
def test_crop_shift_and_flip(
    drawn: dict[str, Recorded], first: Augment, border: int, mode: str, mirrored: bool
) -> None:
    pixels = images()
    batch = Sampler(pixels, Augmentation([first, Flip()] if mirrored else [first])).batch(INDEX)
    *kinds, down, right = (draw.tolist() for draw in drawn["draw_integers"])
    flipped = kinds[0] if mirrored else [0] * len(INDEX)
    for place, number in enumerate(INDEX.tolist()):
        padded = np.pad(pixels[number].numpy(), ((border, border), (border, border), (0, 0)), mode)
        if flipped[place]:
            padded = padded[:, ::-1]
        window = padded[down[place] : down[place] + 9, right[place] : right[place] + 7]
        assert (batch[place].numpy() == window).all()
    assert len(kinds) == mirrored


@pytest.mark.parametrize("step", [RandomCrop(pad=2), Shift(pixels=2)])
def test_every_window_is_drawn_about_as_often(drawn: dict[str, Recorded], step: Augment) -> None:
    torch.manual_seed(0)
    Sampler(images(), Augmentation([step, Flip()])).batch(torch.zeros(20_000, dtype=torch.int64))
    kinds, down, right = drawn["draw_integers"]
    counts = (kinds * 25 + down * 5 + right).bincount(minlength=50)
    assert counts.min() > 300
    assert counts.max() < 500


@pytest.mark.parametrize(("step", "axis"), [(Flip(), 1), (Flip(direction="vertical"), 0), (Flip(p=0.9), 1)])
def test_flip_behind_other_steps(drawn: dict[str, Recorded], step: Flip, axis: int) -> None:
    pixels = images()
    flipped = apply_step(step, pixels)
    for place, chosen in enumerate(drawn["_draw_mask"][0].ravel().tolist()):
        expected = pixels[place].numpy()
        assert (flipped[place].numpy() == (np.flip(expected, axis) if chosen else expected)).all()


def test_a_second_crop_is_done_batch_by_batch(drawn: dict[str, Recorded]) -> None:
    pixels = images()
    batch = Sampler(pixels, Augmentation([Flip(), RandomCrop(pad=1)])).batch(INDEX)
    kinds, down, right = drawn["draw_integers"]
    for place, number in enumerate(INDEX.tolist()):
        image = pixels[number].numpy()
        padded = np.pad(image[:, ::-1] if kinds[place] else image, ((1, 1), (1, 1), (0, 0)))
        window = padded[down[place] : down[place] + 9, right[place] : right[place] + 7]
        assert (batch[place].numpy() == window).all()


def test_brightness(drawn: dict[str, Recorded]) -> None:
    pixels = images()
    brightened = apply_step(Brightness(factor=Interval(0.5, 2)), pixels)
    factors = drawn["_draw_factors"][0].ravel()
    assert factors.min() >= 0.5
    assert factors.max() <= 2
    for place, factor in enumerate(factors):
        expected = np.clip(pixels[place].numpy() * factor.numpy(), 0, 255)
        np.testing.assert_allclose(brightened[place].numpy(), expected, rtol=1e-6)


@pytest.mark.parametrize("channels", [1, 3])
def test_contrast(drawn: dict[str, Recorded], channels: int) -> None:
    pixels = images(channels=channels)
    changed = apply_step(Contrast(factor=Interval(0.2, 1.8)), pixels)
    weights = [0.2989, 0.587, 0.114] if channels == 3 else [1.0]
    for place, factor in enumerate(drawn["_draw_factors"][0].ravel().numpy()):
        image = pixels[place].numpy().astype(np.float64)
        mean = (image @ weights).mean()
        np.testing.assert_allclose(changed[place].numpy(), np.clip(mean + factor * (image - mean), 0, 255), atol=1e-3)


def test_nothing_to_do_is_the_images_themselves() -> None:
    pixels = images()
    assert Sampler(pixels, Augmentation([])).batch(INDEX).equal(pixels[INDEX])


def test_a_shift_wider_than_the_image_reflects_on() -> None:
    batch = Sampler(torch.arange(2, dtype=torch.uint8).reshape(1, 1, 2, 1), Augmentation([Shift(pixels=5)])).batch(
        torch.zeros(50).long()
    )
    assert {tuple(row) for row in batch.reshape(50, 2).tolist()} == {(0, 1), (1, 0)}


@pytest.mark.parametrize("channels", [1, 3])
def test_saturation(drawn: dict[str, Recorded], channels: int) -> None:
    pixels = images(channels=channels)
    changed = apply_step(Saturation(factor=Interval(0.2, 1.8)), pixels)
    weights = [0.2989, 0.587, 0.114] if channels == 3 else [1.0]
    for place, factor in enumerate(drawn["_draw_factors"][0].ravel().numpy()):
        image = pixels[place].numpy().astype(np.float64)
        grey = (image @ weights)[:, :, None]
        np.testing.assert_allclose(changed[place].numpy(), np.clip(grey + factor * (image - grey), 0, 255), atol=1e-3)


def drawing(monkeypatch: pytest.MonkeyPatch, value: float) -> None:
    """All numbers that are drawn evenly are this one."""
    for module in (affine, augmentation):
        monkeypatch.setattr(module, "draw_uniform", lambda pixels, low, high: torch.full((len(pixels),), value))


def test_a_third_of_the_circle_makes_green_of_red(monkeypatch: pytest.MonkeyPatch) -> None:
    drawing(monkeypatch, 1 / 3)
    colours = torch.tensor([[200, 0, 0], [0, 90, 0], [70, 70, 70]], dtype=torch.uint8).view(1, 1, 3, 3)
    turned = apply_step(Hue(turn=0.5), colours)[0, 0]
    torch.testing.assert_close(turned, torch.tensor([[0.0, 200, 0], [0, 0, 90], [70, 70, 70]]), atol=1e-3, rtol=0)


def test_hue_leaves_grey_images() -> None:
    pixels = images(channels=1)
    assert apply_step(Hue(), pixels).equal(pixels)


def test_a_quarter_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    drawing(monkeypatch, 90.0)
    pixels = images(height=8, width=8)
    torch.testing.assert_close(
        apply_step(Rotate(degrees=180), pixels), pixels.rot90(1, (1, 2)).float(), atol=0.02, rtol=0
    )


def test_a_half_turn_of_an_oblong(monkeypatch: pytest.MonkeyPatch) -> None:
    drawing(monkeypatch, 180.0)
    pixels = images()
    torch.testing.assert_close(apply_step(Rotate(degrees=180), pixels), pixels.flip((1, 2)).float(), atol=0.02, rtol=0)


def test_a_crop_of_all_is_the_image() -> None:
    pixels = images(height=8, width=8)
    whole = ResizedCrop(area=Interval(1, 1), ratio=Interval(1, 1))
    torch.testing.assert_close(apply_step(whole, pixels), pixels.float(), atol=0.02, rtol=0)


def test_a_crop_shows_as_much_as_was_drawn() -> None:
    """In an image whose values rise evenly, the slope tells how much of it is seen."""
    pixels = torch.arange(0, 256, 2, dtype=torch.uint8).view(1, 1, 128, 1).expand(30, 128, 128, 1)
    shown = apply_step(ResizedCrop(area=Interval(0.25, 0.25), ratio=Interval(1, 1)), pixels)
    slopes = shown[:, 64, 100, 0] - shown[:, 64, 30, 0]
    torch.testing.assert_close(slopes, torch.full((30,), 70.0), atol=0.1, rtol=0)
    assert shown[:, 0, 0, 0].std() > 10


def test_zoom_enlarges_around_the_centre() -> None:
    pixels = torch.zeros(2, 8, 8, 1, dtype=torch.uint8)
    pixels[:, 3:5, 3:5] = 200
    larger = apply_step(Zoom(factor=Interval(2, 2)), pixels)
    smaller = apply_step(Zoom(factor=Interval(0.5, 0.5)), torch.full_like(pixels, 200))
    torch.testing.assert_close(larger[:, 3:5, 3:5], torch.full((2, 2, 2, 1), 200.0))
    assert larger.sum() == pytest.approx(4 * pixels.sum().item(), rel=0.01)
    torch.testing.assert_close(smaller[:, 2:6, 2:6], torch.full((2, 4, 4, 1), 200.0))
    assert smaller.sum() == pytest.approx(2 * 16 * 200)


def test_noise_has_the_deviation_asked_for() -> None:
    torch.manual_seed(0)
    pixels = torch.full((4, 50, 50, 3), 128, dtype=torch.uint8)
    noisy = apply_step(Noise(std=20.0), pixels)
    assert noisy.std().item() == pytest.approx(20, rel=0.02) and noisy.mean().item() == pytest.approx(128, abs=0.5)
    assert apply_step(Noise(std=200.0), pixels).min() == 0 and apply_step(Noise(std=200.0), pixels).max() == 255


def test_cutout_blackens_one_square() -> None:
    pixels = images().clamp(min=1)
    black = apply_step(Cutout(size=4), pixels) == 0
    for image in black[..., 0]:
        rows, columns = (image.any(axis).nonzero().ravel().tolist() for axis in (1, 0))
        assert image.sum() == len(rows) * len(columns) <= 16
        assert rows == list(range(rows[0], rows[-1] + 1))
        assert columns == list(range(columns[0], columns[-1] + 1))
    assert (black[..., 0].sum((1, 2)) == 16).any()
