"""Random changes of the training images, a whole batch at a time.

A step maps pixels B×H×W×C, uint8 or float from 0 to 255, to such pixels. What it draws comes from torch's default
generator of the device, which is set anew at every step of training.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import log, pi, sqrt

import torch
from torch import Tensor
from torch.nn.functional import affine_grid, grid_sample, pad

from specnet.attributes import Interval
from specnet.settings.augment import (
    Augment,
    Brightness,
    Contrast,
    Crop,
    Cutout,
    Flip,
    Hue,
    Mixing,
    ResizedCrop,
    Rotate,
    Saturation,
    Shift,
)

Change = Callable[[Tensor], Tensor]

LUMA = (0.2989, 0.587, 0.114)
"""What red, green and blue add to a grey (ITU-R BT.601), as torchvision rounds it."""


class Windows:
    """All windows of the images' own size in padded images, beside the mirror images, none of them copied.

    A batch is one gather by (mirrored, image, row, column): the quickest exact crop and flip for a set in memory.
    """

    def __init__(self, pixels: Tensor, border: int, mode: str, mirror: bool) -> None:
        amount, height, width, channels = pixels.shape
        padded = _padded(pixels, border, mode)
        kinds = torch.stack([padded, padded.flip(2)]) if mirror else padded.unsqueeze(0)
        rows = kinds.reshape(len(kinds), amount, height + 2 * border, -1)
        self._windows = rows.unfold(2, height, 1).unfold(3, width * channels, channels)
        self._shape = (height, width, channels)

    def draw(self, index: Tensor, mirrored: Tensor | None = None) -> Tensor:
        """A random window of each image of `index` (int64 B), mirrored by chance, or where `mirrored` (bool B) says."""
        kinds, _, down, right = self._windows.shape[:4]
        kind = _below(kinds, index) if mirrored is None else mirrored.long()
        places = (kind, index, _below(down, index), _below(right, index))
        return self._windows[places].reshape(len(index), *self._shape)


def _below(limit: int, index: Tensor) -> Tensor:
    """A random number from 0 to `limit` − 1 for each image of `index`."""
    if limit == 1:
        return torch.zeros_like(index)
    return torch.randint(limit, index.shape, device=index.device)


def _padded(pixels: Tensor, border: int, mode: str) -> Tensor:
    if mode == "zeros":
        return pad(pixels, (0, 0, border, border, border, border))
    rows = _reflected(pixels.shape[1], border, pixels.device)
    columns = _reflected(pixels.shape[2], border, pixels.device)
    return pixels[:, rows][:, :, columns]


def _reflected(size: int, border: int, device: torch.device) -> Tensor:
    """Places −border … size + border − 1 as places within the image: 2 1 | 0 1 2 3 | 2 1."""
    period = max(1, 2 * (size - 1))
    places = torch.arange(-border, size + border, device=device) % period
    return torch.minimum(places, period - places)


class Sampler:
    """Takes a batch out of a set and augments it: the crop or shift and the mirroring at the chain's beginning are done
    by the gather itself, the rest batch by batch."""

    def __init__(self, pixels: Tensor, steps: Sequence[Augment], coins: Tensor | None = None) -> None:
        """`pixels` is uint8 N×H×W×C; `coins` is bool N, which images an alternating flip mirrors in the first epoch."""
        steps = [step for step in steps if not isinstance(step, Mixing)]
        border, mode, mirror, rest = _gathered(steps)
        self._pixels, self._coins = pixels, coins
        self._windows = Windows(pixels, border, mode, mirror is not None) if border or mirror else None
        self._is_alternating = mirror is not None and mirror.alternating
        self._changes = [(step, change(step)) for step in rest]

    def batch(self, index: Tensor, epoch: int = 0) -> Tensor:
        """B×H×W×C for `index` (int64 B) in an epoch (from 0)."""
        pixels = self._gather(index, epoch)
        for step, change in self._changes:
            if isinstance(step, Flip) and step.alternating:
                pixels = torch.where(self._mirrored(index, epoch).view(-1, 1, 1, 1), pixels.flip(_axis(step)), pixels)
            else:
                pixels = change(pixels)
        return pixels

    def _gather(self, index: Tensor, epoch: int) -> Tensor:
        if self._windows is None:
            return self._pixels.index_select(0, index)
        return self._windows.draw(index, self._mirrored(index, epoch) if self._is_alternating else None)

    def _mirrored(self, index: Tensor, epoch: int) -> Tensor:
        """bool B, the other way round in every other epoch."""
        assert self._coins is not None, "an alternating flip needs coins"
        return self._coins[index] ^ bool(epoch % 2)


def _gathered(steps: Sequence[Augment]) -> tuple[int, str, Flip | None, Sequence[Augment]]:
    """Border, padding and mirroring of the gather that does the first steps, and the steps that are left."""
    border, mode = _border(steps[0]) if steps else (0, "zeros")
    rest = steps[1:] if border else steps
    first = rest[0] if rest else None
    if isinstance(first, Flip) and first in (Flip(), Flip(alternating=True)):
        return border, mode, first, rest[1:]
    return border, mode, None, rest


def _axis(flip: Flip) -> int:
    """The axis of B×H×W×C that a flip turns around."""
    return 2 if flip.direction == "horizontal" else 1


def _border(step: Augment) -> tuple[int, str]:
    match step:
        case Crop():
            return step.pad, "zeros"
        case Shift():
            return step.pixels, "reflect"
    return 0, "zeros"


def change(step: Augment) -> Change:
    """What a step does to a batch."""
    match step:
        case Crop() | Shift():
            border, mode = _border(step)
            return lambda pixels: Windows(pixels, border, mode, mirror=False).draw(_all(pixels))
        case Flip():
            return lambda pixels: torch.where(_chosen(pixels, step.p), pixels.flip(_axis(step)), pixels)
        case Brightness():
            return lambda pixels: (pixels * _factors(pixels, step.factor)).clamp(0, 255)
        case Contrast():
            return lambda pixels: _contrasted(pixels, _factors(pixels, step.factor))
        case Saturation():
            return lambda pixels: _blended(_grey(pixels.float()), pixels, _factors(pixels, step.factor))
        case Hue():
            return lambda pixels: _turned(pixels, _drawn(pixels, -step.turn, step.turn) * 2 * pi)
        case Rotate():
            return lambda pixels: _rotated(pixels, _drawn(pixels, -step.degrees, step.degrees) * pi / 180)
        case ResizedCrop():
            return lambda pixels: _zoomed(pixels, step)
        case Cutout():
            return lambda pixels: pixels * ~_square(pixels, step.size)
    raise TypeError(f"no such augmentation: {step!r}")


def _all(pixels: Tensor) -> Tensor:
    return torch.arange(len(pixels), device=pixels.device)


def _chosen(pixels: Tensor, probability: float) -> Tensor:
    """B×1×1×1, true with the probability given."""
    return torch.rand(len(pixels), 1, 1, 1, device=pixels.device) < probability


def _factors(pixels: Tensor, interval: Interval) -> Tensor:
    """B×1×1×1, drawn evenly from the interval."""
    return _drawn(pixels, interval.low, interval.high).view(-1, 1, 1, 1)


def _drawn(pixels: Tensor, low: float, high: float) -> Tensor:
    """B numbers, drawn evenly."""
    return low + (high - low) * torch.rand(len(pixels), device=pixels.device)


def _grey(pixels: Tensor) -> Tensor:
    """B×H×W×1."""
    is_colour = pixels.shape[3] == len(LUMA)
    return (pixels @ pixels.new_tensor(LUMA)).unsqueeze(3) if is_colour else pixels.mean(3, keepdim=True)


def _blended(away_from: Tensor, pixels: Tensor, factors: Tensor) -> Tensor:
    """Distances from a grey times a factor."""
    return (away_from + factors * (pixels - away_from)).clamp(0, 255)


def _contrasted(pixels: Tensor, factors: Tensor) -> Tensor:
    return _blended(_grey(pixels.float()).mean((1, 2), keepdim=True), pixels, factors)


def _turned(pixels: Tensor, angles: Tensor) -> Tensor:
    """Colours rotated around the axis of the greys (Rodrigues' formula); greys stay as they are."""
    if pixels.shape[3] != len(LUMA):
        return pixels
    across = torch.tensor([[0.0, -1, 1], [1, 0, -1], [-1, 1, 0]], device=pixels.device) / sqrt(3)
    along = torch.full((3, 3), 1 / 3, device=pixels.device)
    cosines, sines = angles.cos().view(-1, 1, 1), angles.sin().view(-1, 1, 1)
    rotations = cosines * torch.eye(3, device=pixels.device) + sines * across + (1 - cosines) * along
    return torch.einsum("bhwc,bdc->bhwd", pixels.float(), rotations).clamp(0, 255)


def _rotated(pixels: Tensor, angles: Tensor) -> Tensor:
    height, width = pixels.shape[1:3]
    cosines, sines, nothing = angles.cos(), angles.sin(), torch.zeros_like(angles)
    rows = [cosines, -sines * (height / width), nothing], [sines * (width / height), cosines, nothing]
    return _sampled(pixels, torch.stack([torch.stack(row, 1) for row in rows], 1))


def _zoomed(pixels: Tensor, step: ResizedCrop) -> Tensor:
    """Windows of random areas and proportions (their logarithm drawn evenly), cut off at the image's own size."""
    height, width = pixels.shape[1:3]
    area = _drawn(pixels, step.area.low, step.area.high) * height * width
    ratio = _drawn(pixels, log(step.ratio.low), log(step.ratio.high)).exp()
    wide, high = (area * ratio).sqrt().clamp(max=width) / width, (area / ratio).sqrt().clamp(max=height) / height
    right, down = ((1 - share) * _drawn(pixels, -1, 1) for share in (wide, high))
    nothing = torch.zeros_like(area)
    rows = [wide, nothing, right], [nothing, high, down]
    return _sampled(pixels, torch.stack([torch.stack(row, 1) for row in rows], 1))


def _sampled(pixels: Tensor, maps: Tensor) -> Tensor:
    """B×H×W×C at the places that affine maps B×2×3 of −1..1 give, bilinear, black outside."""
    images = pixels.permute(0, 3, 1, 2).float()
    grid = affine_grid(maps, list(images.shape), align_corners=False)
    return grid_sample(images, grid, align_corners=False).permute(0, 2, 3, 1)


def _square(pixels: Tensor, size: int) -> Tensor:
    """B×H×W×1, true in a square around a pixel that is drawn anywhere in the image."""
    height, width = pixels.shape[1:3]
    index = torch.zeros(len(pixels), dtype=torch.int64, device=pixels.device)
    rows, columns = (_within(amount, size, _below(amount, index)) for amount in (height, width))
    return (rows[:, :, None] & columns[:, None, :]).unsqueeze(3)


def _within(amount: int, size: int, centres: Tensor) -> Tensor:
    """B×amount, true at the `size` places around a centre."""
    distance = torch.arange(amount, device=centres.device) - centres[:, None] + size // 2
    return (distance >= 0) & (distance < size)
