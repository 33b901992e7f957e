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
from specnet.training.data.residence import fits

Change = Callable[[Tensor], Tensor]

LUMA = (0.2989, 0.587, 0.114)
"""What red, green and blue add to a grey (ITU-R BT.601), as torchvision rounds it."""


class Windows:
    """All windows of the images' own size in padded images, beside the mirror images, none of them copied.

    A batch is one gather by (mirrored, image, row, column): the quickest exact crop and flip for a set in memory.
    """

    def __init__(self, pixels: Tensor, border: int, mode: str, mirror: bool) -> None:
        amount, height, width, channels = pixels.shape
        kinds = _with_mirror_images(_padded(pixels, border, mode)) if mirror else _padded(pixels, border, mode)[None]
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
    return torch.randint(limit, index.shape, device=index.device)


def _with_mirror_images(pixels: Tensor) -> Tensor:
    """2×N×H×W×C, with one copy of the pixels beside it at most."""
    both = pixels.new_empty((2, *pixels.shape))
    both[0] = pixels
    del pixels
    both[1] = both[0].flip(2)
    return both


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


class Augmentation:
    """A chain of steps: the crop or shift and the mirroring at its beginning are one gather, which draws the same for a
    batch that is taken out of its set already as for the set itself."""

    def __init__(self, steps: Sequence[Augment]) -> None:
        self._border, self._mode, self._mirror, rest = _gathered(steps)
        self._changes = [change(step) for step in rest]

    def windows(self, pixels: Tensor) -> Windows | None:
        """What the gather chooses from, if there is a choice; `pixels` is uint8 N×H×W×C."""
        is_needed = self._border or self._mirror
        return Windows(pixels, self._border, self._mode, self._mirror) if is_needed else None

    def windows_size(self, shape: torch.Size) -> int:
        """Bytes of the windows of pixels N×H×W×C."""
        amount, height, width, channels = shape
        return (1 + self._mirror) * amount * (height + 2 * self._border) * (width + 2 * self._border) * channels

    def of_batch(self, pixels: Tensor) -> Tensor:
        """A batch B×H×W×C, augmented."""
        windows = self.windows(pixels)
        return self.finish(windows.draw(_all(pixels)) if windows else pixels)

    def finish(self, pixels: Tensor) -> Tensor:
        """What comes behind the gather."""
        for change in self._changes:
            pixels = change(pixels)
        return pixels


class Sampler:
    """Takes a batch out of a set on the device and augments it; the windows of the whole set are made once where they
    fit into memory beside it, and otherwise batch by batch, which gives the same."""

    def __init__(self, pixels: Tensor, steps: Sequence[Augment]) -> None:
        """`pixels` is uint8 N×H×W×C."""
        self._pixels, self._augmentation = pixels, Augmentation(steps)
        has_room = fits(self._augmentation.windows_size(pixels.shape), pixels.device)
        self._windows = self._augmentation.windows(pixels) if has_room else None

    def batch(self, index: Tensor) -> Tensor:
        """B×H×W×C for `index` (int64 B)."""
        if self._windows:
            return self._augmentation.finish(self._windows.draw(index))
        return self._augmentation.of_batch(self._pixels.index_select(0, index))


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
    return torch.rand(len(pixels), 1, 1, 1, device=pixels.device) < probability


def _factors(pixels: Tensor, interval: Interval) -> Tensor:
    """B×1×1×1, drawn evenly from the interval."""
    share = torch.rand(len(pixels), 1, 1, 1, device=pixels.device)
    return interval.low + (interval.high - interval.low) * share


def _contrasted(pixels: Tensor, factors: Tensor) -> Tensor:
    pixels = pixels.float()
    is_colour = pixels.shape[3] == len(LUMA)
    grey = pixels @ pixels.new_tensor(LUMA) if is_colour else pixels.mean(3)
    mean = grey.mean((1, 2)).view(-1, 1, 1, 1)
    return (mean + factors * (pixels - mean)).clamp(0, 255)
