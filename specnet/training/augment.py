"""Random changes of the training images, a whole batch at a time.

A step maps pixels B×H×W×C, uint8 or float from 0 to 255, to such pixels. What it draws comes from torch's default
generator of the device, which is set anew at every step of training.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torch.nn.functional import pad

from specnet.attributes import Interval
from specnet.settings.augment import Augment, Brightness, Contrast, Crop, Flip, Shift
from specnet.training.randomness import below, fractions

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

    def draw(self, index: Tensor) -> Tensor:
        """A random window of each image of `index` (int64 B)."""
        kinds, _, down, right = self._windows.shape[:4]
        places = (_below(kinds, index), index, _below(down, index), _below(right, index))
        return self._windows[places].reshape(len(index), *self._shape)


def _below(limit: int, index: Tensor) -> Tensor:
    """A random number from 0 to `limit` − 1 for each image of `index`."""
    if limit == 1:
        return torch.zeros_like(index)
    return below(limit, len(index), index.device)


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

    def __init__(self, pixels: Tensor, steps: Sequence[Augment]) -> None:
        """`pixels` is uint8 N×H×W×C."""
        border, mode, mirror, rest = _gathered(steps)
        self._pixels = pixels
        self._windows = Windows(pixels, border, mode, mirror) if border or mirror else None
        self._changes = [change(step) for step in rest]

    def batch(self, index: Tensor) -> Tensor:
        """B×H×W×C for `index` (int64 B)."""
        pixels = self._windows.draw(index) if self._windows else self._pixels.index_select(0, index)
        for change in self._changes:
            pixels = change(pixels)
        return pixels


def _gathered(steps: Sequence[Augment]) -> tuple[int, str, bool, Sequence[Augment]]:
    """Border, padding and mirroring of the gather that does the first steps, and the steps that are left."""
    border, mode = _border(steps[0]) if steps else (0, "zeros")
    rest = steps[1:] if border else steps
    mirror = bool(rest) and rest[0] == Flip()
    return border, mode, mirror, rest[1:] if mirror else rest


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
            axis = 2 if step.direction == "horizontal" else 1
            return lambda pixels: torch.where(_chosen(pixels, step.p), pixels.flip(axis), pixels)
        case Brightness():
            return lambda pixels: (pixels * _factors(pixels, step.factor)).clamp(0, 255)
        case Contrast():
            return lambda pixels: _contrasted(pixels, _factors(pixels, step.factor))
    raise TypeError(f"no such augmentation: {step!r}")


def _all(pixels: Tensor) -> Tensor:
    return torch.arange(len(pixels), device=pixels.device)


def _chosen(pixels: Tensor, probability: float) -> Tensor:
    """B×1×1×1, true with the probability given."""
    return fractions(len(pixels), pixels.device) < probability


def _factors(pixels: Tensor, interval: Interval) -> Tensor:
    """B×1×1×1, drawn evenly from the interval."""
    return interval.low + (interval.high - interval.low) * fractions(len(pixels), pixels.device)


def _contrasted(pixels: Tensor, factors: Tensor) -> Tensor:
    pixels = pixels.float()
    is_colour = pixels.shape[3] == len(LUMA)
    grey = pixels @ pixels.new_tensor(LUMA) if is_colour else pixels.mean(3)
    mean = grey.mean((1, 2)).view(-1, 1, 1, 1)
    return (mean + factors * (pixels - mean)).clamp(0, 255)
