"""Random changes of the training images, a whole batch at a time.

A step maps pixels B×H×W×C, uint8 or float from 0 to 255, to pixels of the same form; one that does not count on this
range maps other floats as well. Random numbers come from torch's
default generator of the device, which is seeded at every step of training.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from math import pi, sqrt
from typing import Any

import torch
from torch import Tensor
from torch.distributions import Beta
from torch.nn.functional import pad

from specnet.attributes import Interval
from specnet.settings.augment import (
    Augment,
    Brightness,
    Contrast,
    Cutmix,
    Cutout,
    Flip,
    Hue,
    Mixing,
    Mixup,
    Noise,
    RandomCrop,
    ResizedCrop,
    Rotate,
    Saturation,
    Shift,
    Zoom,
)
from specnet.training.optim.losses import Loss
from specnet.training.plugin_calls import calling, refuse_result
from specnet.training.randomness import draw_fractions, draw_integers
from specnet.training.resources import fits_in_memory
from specnet.training.transforms.affine import AFFINE_MAPS, draw_uniform, sample_affine

LUMA = (0.2989, 0.587, 0.114)
"""The weights of red, green and blue in a grey (ITU-R BT.601), as torchvision rounds them."""


class Windows:
    """All windows of the images' own size in padded images and in their mirror images, as views.

    A window is a run of bytes from its first pixel to its last, including the pixels beside it between its rows. So a
    batch is one `index_select` of whole runs, the fastest exact crop and flip for a set in memory.
    """

    def __init__(self, pixels: Tensor, border: int, mode: str, mirror: bool) -> None:
        number, height, width, channels = pixels.shape
        padded = _pad_images(pixels, border, mode)
        padded = _add_mirror_images(padded) if mirror else padded.contiguous()
        row = (width + 2 * border) * channels
        self._image, run = (height + 2 * border) * row, (height - 1) * row + width * channels
        self._mirror_images = number * self._image if mirror else 0
        self._moves = ((2 * border + 1, row), (2 * border + 1, channels)) if border else ()
        self._runs = padded.as_strided((padded.numel() - run + 1, run), (1, 1))
        self._shape, self._strides = (height, width, channels), (run, row, channels, 1)

    def draw(self, index: Tensor, mirrored: Tensor | None = None) -> Tensor:
        """Draw a window of each image of `index` (int64 B), mirrored at random, or as `mirrored` (bool B) says."""
        begin, choices = index * self._image, self._moves
        if mirrored is not None:
            begin.add_(mirrored, alpha=self._mirror_images)
        elif self._mirror_images:
            choices = ((2, self._mirror_images), *choices)
        for limit, bytes_each in choices:
            begin.add_(draw_integers(limit, len(index), index.device), alpha=bytes_each)
        return self._runs.index_select(0, begin).as_strided((len(index), *self._shape), self._strides)


def _add_mirror_images(pixels: Tensor) -> Tensor:
    """Return 2×N×H×W×C: the images and their mirror images; at most one more copy exists meanwhile."""
    both = pixels.new_empty((2, *pixels.shape))
    both[0] = pixels
    del pixels
    both[1] = both[0].flip(2)
    return both


def _pad_images(pixels: Tensor, border: int, mode: str) -> Tensor:
    if mode == "zeros":
        return pad(pixels, (0, 0, border, border, border, border))
    rows = reflect_places(pixels.shape[1], border, pixels.device)
    columns = reflect_places(pixels.shape[2], border, pixels.device)
    return pixels[:, rows][:, :, columns]


def reflect_places(size: int, border: int, device: torch.device) -> Tensor:
    """Return the places −border … size + border − 1 reflected into the image: 2 1 | 0 1 2 3 | 2 1."""
    period = max(1, 2 * (size - 1))
    places = torch.arange(-border, size + border, device=device) % period
    return torch.minimum(places, period - places)


class Augmentation:
    """A chain of steps, of which a crop or shift and a flip at its beginning are one gather of `Windows`.

    A batch that is taken out of its set draws the same as the whole set. With `has_masks`, the last channel is a mask:
    it is moved as the image is, to the nearest pixel, with 0 outside, and changes of colour leave it as it is.
    """

    def __init__(self, steps: Sequence[Augment], has_masks: bool = False) -> None:
        steps = [step for step in steps if not isinstance(step, Mixing)]
        self._border, self._mode, self._flip, rest = _split_gather(steps)
        self._rest, self._apply = rest, apply_step_to_masked if has_masks else apply_step
        self.alternates = any(_alternates(step) for step in steps)
        """Whether a batch needs to know which of its images are mirrored in this epoch."""

    def windows(self, pixels: Tensor) -> Windows | None:
        """Return the windows to draw from, if there is a choice; `pixels` is uint8 N×H×W×C."""
        is_needed = self._border or self._flip
        return Windows(pixels, self._border, self._mode, self._flip is not None) if is_needed else None

    def windows_size(self, pixels: Tensor) -> int:
        """Return the bytes of the windows of pixels N×H×W×C."""
        number, height, width, channels = pixels.shape
        padded = number * (height + 2 * self._border) * (width + 2 * self._border) * channels
        return pixels.element_size() * padded * (1 + (self._flip is not None))

    def augment_batch(self, pixels: Tensor, mirrored: Tensor | None) -> Tensor:
        """Augment a batch B×H×W×C; an alternating flip mirrors the images that `mirrored` (bool B) says."""
        windows = self.windows(pixels)
        return self.finish(self.draw(windows, _number_images(pixels), mirrored) if windows else pixels, mirrored)

    def draw(self, windows: Windows, index: Tensor, mirrored: Tensor | None) -> Tensor:
        """Draw windows of the images of `index`."""
        return windows.draw(index, mirrored if self._flip and self._flip.alternating else None)

    def finish(self, pixels: Tensor, mirrored: Tensor | None) -> Tensor:
        """Apply the steps after the gather."""
        for step in self._rest:
            if isinstance(step, Flip) and step.alternating:
                assert mirrored is not None
                pixels = torch.where(mirrored.view(-1, 1, 1, 1), pixels.flip(_axis(step)), pixels)
            else:
                pixels = self._apply(step, pixels)
        return pixels


class Sampler:
    """Takes batches out of a set on the device and augments them.

    The windows of the whole set are made once where they fit into memory, else batch by batch with the same result.
    """

    def __init__(self, pixels: Tensor, augmentation: Augmentation) -> None:
        """`pixels` is uint8 N×H×W×C."""
        self._pixels, self._augmentation = pixels, augmentation
        has_room = fits_in_memory(augmentation.windows_size(pixels), pixels.device)
        self._windows = augmentation.windows(pixels) if has_room else None

    def batch(self, index: Tensor, mirrored: Tensor | None = None) -> Tensor:
        """Return augmented B×H×W×C for `index` (int64 B)."""
        if self._windows:
            drawn = self._augmentation.draw(self._windows, index, mirrored)
            return self._augmentation.finish(drawn, mirrored)
        return self._augmentation.augment_batch(self._pixels.index_select(0, index), mirrored)


def _alternates(step: Augment) -> bool:
    return isinstance(step, Flip) and step.alternating


def _split_gather(steps: Sequence[Augment]) -> tuple[int, str, Flip | None, Sequence[Augment]]:
    """Return border, padding and flip of the gather that does the first steps, and the remaining steps."""
    border, mode = _find_border(steps[0]) if steps else (0, "zeros")
    rest = steps[1:] if border else steps
    first = rest[0] if rest else None
    if isinstance(first, Flip) and first in (Flip(), Flip(alternating=True)):
        return border, mode, first, rest[1:]
    return border, mode, None, rest


def _axis(flip: Flip) -> int:
    """Return the axis of B×H×W×C that a flip reverses."""
    return 2 if flip.direction == "horizontal" else 1


def _find_border(step: Augment) -> tuple[int, str]:
    match step:
        case RandomCrop():
            return step.pad, "zeros"
        case Shift():
            return step.pixels, "reflect"
    return 0, "zeros"


def apply_step(step: Augment, pixels: Tensor) -> Tensor:
    """Return a batch B×H×W×C after one step."""
    change = AUGMENTATIONS.get(type(step))
    return change(step, pixels) if change else _apply_own(step, pixels)


def _apply_own(step: Augment, pixels: Tensor) -> Tensor:
    """Apply an augmentation of a plugin; raises PluginFailure."""
    with calling(step, "apply"):
        changed: Tensor = step.apply(pixels)
    is_same = isinstance(changed, Tensor) and changed.shape == pixels.shape and changed.device == pixels.device
    if not is_same or not (changed.dtype == torch.uint8 or changed.is_floating_point()):
        shape = "×".join(map(str, pixels.shape))
        raise refuse_result(step, "apply", changed, f"images {shape} as it gets them, of uint8 or floats")
    return changed


def apply_step_to_masked(step: Augment, pixels: Tensor) -> Tensor:
    """Return a batch B×H×W×C after one step; its last channel is a mask, of whole numbers."""
    if step.moves:
        return apply_step(step, pixels)
    images, masks = pixels[..., :-1], pixels[..., -1:]
    if draw := AFFINE_MAPS.get(type(step)):
        maps = draw(step, pixels)
        moved = sample_affine(images, maps), sample_affine(masks, maps, "nearest")
    else:
        moved = apply_step(step, images), masks
    return torch.cat([each.float() for each in moved], 3)


def _number_images(pixels: Tensor) -> Tensor:
    return torch.arange(len(pixels), device=pixels.device)


def _draw_mask(pixels: Tensor, probability: float) -> Tensor:
    """Return bool B×1×1×1, true with the given probability."""
    return draw_fractions(len(pixels), pixels.device).view(-1, 1, 1, 1) < probability


def _draw_factors(pixels: Tensor, interval: Interval) -> Tensor:
    """Return B×1×1×1, drawn uniformly from the interval."""
    return draw_uniform(pixels, interval.low, interval.high).view(-1, 1, 1, 1)


def _to_grey(pixels: Tensor) -> Tensor:
    """Return B×H×W×1, the weighted sum of the colours."""
    is_colour = pixels.shape[3] == len(LUMA)
    return (pixels @ pixels.new_tensor(LUMA)).unsqueeze(3) if is_colour else pixels.mean(3, keepdim=True)


def _blend(away_from: Tensor, pixels: Tensor, factors: Tensor) -> Tensor:
    """Scale the distances from a grey."""
    return (away_from + factors * (pixels - away_from)).clamp(0, 255)


def _shift_window(step: RandomCrop | Shift, pixels: Tensor) -> Tensor:
    border, mode = _find_border(step)
    return Windows(pixels, border, mode, mirror=False).draw(_number_images(pixels))


def _flip(step: Flip, pixels: Tensor) -> Tensor:
    return torch.where(_draw_mask(pixels, step.p), pixels.flip(_axis(step)), pixels)


def _change_brightness(step: Brightness, pixels: Tensor) -> Tensor:
    return (pixels * _draw_factors(pixels, step.factor)).clamp(0, 255)


def _change_contrast(step: Contrast, pixels: Tensor) -> Tensor:
    return _blend(_to_grey(pixels.float()).mean((1, 2), keepdim=True), pixels, _draw_factors(pixels, step.factor))


def _change_saturation(step: Saturation, pixels: Tensor) -> Tensor:
    return _blend(_to_grey(pixels.float()), pixels, _draw_factors(pixels, step.factor))


def _turn_hue(step: Hue, pixels: Tensor) -> Tensor:
    """Rotate colours around the axis of greys, which stay as they are (Rodrigues' formula)."""
    angles = draw_uniform(pixels, -step.turn, step.turn) * 2 * pi
    if pixels.shape[3] != len(LUMA):
        return pixels
    across = torch.tensor([[0.0, -1, 1], [1, 0, -1], [-1, 1, 0]], device=pixels.device) / sqrt(3)
    along = torch.full((3, 3), 1 / 3, device=pixels.device)
    cosines, sines = angles.cos().view(-1, 1, 1), angles.sin().view(-1, 1, 1)
    rotations = cosines * torch.eye(3, device=pixels.device) + sines * across + (1 - cosines) * along
    return torch.einsum("bhwc,bdc->bhwd", pixels.float(), rotations).clamp(0, 255)


def _move(step: Rotate | Zoom | ResizedCrop, pixels: Tensor) -> Tensor:
    return sample_affine(pixels, AFFINE_MAPS[type(step)](step, pixels))


def _add_noise(step: Noise, pixels: Tensor) -> Tensor:
    return (pixels + step.std * torch.randn(pixels.shape, device=pixels.device)).clamp(0, 255)


def _cut_out(step: Cutout, pixels: Tensor) -> Tensor:
    """Blacken a square around a random pixel of each image."""
    sizes = pixels.shape[1:3]
    centres = (draw_integers(size, len(pixels), pixels.device) for size in sizes)
    rows, columns = (_is_within(size, step.size, of) for size, of in zip(sizes, centres, strict=True))
    return pixels * ~(rows[:, :, None] & columns[:, None, :]).unsqueeze(3)


def _is_within(length: int, size: int, centres: Tensor) -> Tensor:
    """Return bool B×length, true at the `size` places around a centre."""
    distance = torch.arange(length, device=centres.device) - centres[:, None] + size // 2
    return (distance >= 0) & (distance < size)


AUGMENTATIONS: dict[type[Augment], Callable[[Any, Tensor], Tensor]] = {
    RandomCrop: _shift_window,
    Shift: _shift_window,
    Flip: _flip,
    Brightness: _change_brightness,
    Contrast: _change_contrast,
    Saturation: _change_saturation,
    Hue: _turn_hue,
    Rotate: _move,
    Zoom: _move,
    ResizedCrop: _move,
    Noise: _add_noise,
    Cutout: _cut_out,
}
"""What each step does to pixels B×H×W×C, by the class of its settings; steps that mix images are in `MIXINGS`."""


@dataclass(frozen=True)
class Targets:
    """The targets of a batch, with weight `share`; the rest is for the targets `others`, where images are mixed."""

    targets: Tensor
    others: Tensor | None = None
    share: float = 1.0

    def loss(self, loss: Loss, outputs: Tensor) -> Tensor:
        """Return the loss of outputs B×…."""
        if self.others is None:
            return loss(outputs, self.targets)
        return self.share * loss(outputs, self.targets) + (1 - self.share) * loss(outputs, self.others)


class Mixer:
    """Mixes each image with that of the mirrored place in the batch; it draws from torch's default generator."""

    def __init__(self, steps: Sequence[Augment]) -> None:
        self._steps = [step for step in steps if isinstance(step, Mixing)]

    def __call__(self, inputs: tuple[Tensor, ...], targets: Tensor) -> tuple[tuple[Tensor, ...], Targets]:
        """Mix the images B×C×H×W of a single input, and their targets B×…."""
        if not self._steps:
            return inputs, Targets(targets)
        step = self._steps[int(torch.randint(len(self._steps), ()))]
        mix = MIXINGS.get(type(step)) or partial(_mix_own, step)
        mixed, share = mix(inputs[0], Beta(step.alpha, step.alpha).sample().item())
        return (mixed,), Targets(targets, targets.flip(0), share)


def _mix_own(step: Mixing, images: Tensor, share: float) -> tuple[Tensor, float]:
    """Mix by a step of a plugin; raises PluginFailure."""
    with calling(step, "mix"):
        mixed = step.mix(images, share)
    is_pair = isinstance(mixed, tuple) and len(mixed) == 2 and isinstance(mixed[0], Tensor)
    if not is_pair or mixed[0].shape != images.shape or not 0 <= float(mixed[1]) <= 1:
        raise refuse_result(step, "mix", mixed, "images of the same shape, and a share from 0 to 1")
    return mixed[0], float(mixed[1])


def _mix_up(images: Tensor, share: float) -> tuple[Tensor, float]:
    return images.lerp(images.flip(0), 1 - share), share


def _cut_and_mix(images: Tensor, share: float) -> tuple[Tensor, float]:
    top, bottom, left, right = _draw_rectangle(images.shape[2], images.shape[3], 1 - share)
    mixed = images.clone()
    mixed[:, :, top:bottom, left:right] = images.flip(0)[:, :, top:bottom, left:right]
    return mixed, 1 - (bottom - top) * (right - left) / (images.shape[2] * images.shape[3])


def _draw_rectangle(height: int, width: int, share: float) -> tuple[int, int, int, int]:
    """Return top, bottom, left, right of a share of an image around a random pixel, clipped at the image's edge."""
    centre = int(torch.randint(height, ())), int(torch.randint(width, ()))
    half = int(height * sqrt(share)) // 2, int(width * sqrt(share)) // 2
    top, left = (max(0, place - by) for place, by in zip(centre, half, strict=True))
    bottom, right = min(height, centre[0] + half[0]), min(width, centre[1] + half[1])
    return top, bottom, left, right


MIXINGS: dict[type[Mixing], Callable[[Tensor, float], tuple[Tensor, float]]] = {
    Mixup: _mix_up,
    Cutmix: _cut_and_mix,
}
"""The function of each mixing step, from images B×C×H×W and the share of the first image to the mixed images and the
actual share."""
