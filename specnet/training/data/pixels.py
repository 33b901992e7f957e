"""Bring arrays of images into the trainer's own form: N×H×W×C, as bytes wherever that loses nothing, else as floats."""

from __future__ import annotations

from collections import Counter
from math import prod

import numpy as np
import torch
from torch import Tensor

from specnet.printable import format_amount
from specnet.training.data.images import Findings, count_enlarged, fitted_to, resize_and_crop
from specnet.training.errors import DataProblem

CHUNK = 2**24
"""Numbers that are brought into form at a time, which bounds the memory that this takes."""

TOLERANCE = 1e-4
"""How far a number may be from a byte's: several roundings of fp32, and far less than any step between bytes."""

UNIT, BYTES, FLOATS = 255, 1, 0
"""What numbers are multiplied with to be bytes: 255 in 0..1, 1 in 0..255; or 0 where they are none."""

SCALES = (UNIT, BYTES)


class PixelCollector:
    """Collects images batch by batch, each fitted to `size`; `owner` names them in messages.

    Numbers become bytes if all are k/255 in 0..1, or all are whole in 0..255.
    """

    def __init__(self, size: tuple[int, int], owner: str) -> None:
        self._size, self._owner = size, owner
        self._parts: list[tuple[Tensor, int]] = []
        self._sizes = Counter[tuple[int, int]]()

    def add(self, images: np.ndarray) -> None:
        """Add images B×H×W×C; raises DataProblem for what is no number, or is not finite."""
        if not len(images):
            raise DataProblem(f"{self._owner} has no images")
        before = sum(self._sizes.values())
        self._require_channels(images, before)
        step = max(1, CHUNK // max(1, prod(images.shape[1:])))
        for start in range(0, len(images), step):
            values, scale = self._compress(images[start : start + step], before + start)
            self._sizes[(values.shape[1], values.shape[2])] += len(values)
            self._parts.append((resize_and_crop(values, self._size), scale))

    def _require_channels(self, images: np.ndarray, place: int) -> None:
        """Raise DataProblem for images with other channels than those before them; the first is at `place`."""
        channels = self._parts[0][0].shape[3] if self._parts else images.shape[3]
        if images.shape[3] != channels:
            amount = format_amount(channels, "channel")
            raise DataProblem(f"{self._owner} has images of {amount} and of {images.shape[3]}, first image {place:,}")

    def _compress(self, images: np.ndarray, start: int) -> tuple[Tensor, int]:
        if images.dtype.kind not in "buif":
            raise DataProblem(f"{self._owner} holds {images.dtype}, and images are numbers")
        if 0 in images.shape[1:]:
            raise DataProblem(f"{self._owner} has images of {'×'.join(map(str, images.shape[1:]))}")
        if images.dtype == np.uint8:
            return torch.from_numpy(np.ascontiguousarray(images)), BYTES
        if bad := (~np.isfinite(images)).reshape(len(images), -1).any(1).nonzero()[0].tolist():
            raise DataProblem(f"{self._owner} has numbers that are not finite, first in image {start + bad[0]:,}")
        is_whole = images.dtype.kind in "ui"
        return compress(torch.from_numpy(np.ascontiguousarray(images, np.float32)), (BYTES,) if is_whole else SCALES)

    def finish(self) -> tuple[Tensor, Findings]:
        """Return uint8 or float32 N×H×W×C, and the sizes that the images had."""
        scales = {scale for _, scale in self._parts}
        if scales == {UNIT, BYTES}:
            self._parts = [_reread_as_bytes(*part) for part in self._parts]
            scales = {scale for _, scale in self._parts}
        if len(scales) > 1:
            self._parts = [(values / scale if scale else values, FLOATS) for values, scale in self._parts]
        pixels = torch.cat([values for values, _ in self._parts])
        sizes = sorted(self._sizes, key=prod)
        changed = sum(count for size, count in self._sizes.items() if size != self._size)
        changes = {fitted_to(self._size): changed} if changed else {}
        return pixels, Findings(sizes[0], sizes[-1], changes, count_enlarged(self._sizes, self._size))


def compress(values: Tensor, scales: tuple[int, ...]) -> tuple[Tensor, int]:
    """Return float numbers as bytes with their scale, if there is one at which all are bytes."""
    for scale in scales:
        if values.min() < 0 or values.max() * scale > UNIT:
            continue
        scaled = values * scale
        rounded = scaled.round()
        if scaled.sub_(rounded).abs_().max() < TOLERANCE:
            return rounded.to(torch.uint8), scale
    return values, FLOATS


def _reread_as_bytes(values: Tensor, scale: int) -> tuple[Tensor, int]:
    """Return numbers of which all are 0 or 1 as bytes, as an image among others of 0..255 may have no others."""
    is_plain = scale == UNIT and bool(((values == 0) | (values == UNIT)).all())
    return (values // UNIT, BYTES) if is_plain else (values, scale)


def orient(images: np.ndarray, shape: tuple[int, int, int], owner: str) -> np.ndarray:
    """Return N×H×W×C of N×H×W, N×H×W×C or N×C×H×W, which are told apart by the shape that the network reads.

    Raises DataProblem for another number of dimensions.
    """
    if images.ndim == 3:
        return images[..., None]
    if images.ndim != 4:
        form = "×".join(map(str, images.shape))
        raise DataProblem(f"{owner} is {form}; images are N×H×W, N×H×W×C or N×C×H×W")
    return images.transpose(0, 2, 3, 1) if is_channels_first(images.shape[1:], shape) else images


def is_channels_first(found: tuple[int, ...], shape: tuple[int, int, int]) -> bool:
    """Whether a shape of three numbers is C×H×W, for a network that reads `shape` (height, width, channels)."""
    channels = shape[2]
    if found in (shape, (channels, *shape[:2])):
        return found != shape
    if (found[2] == channels) != (found[0] == channels):
        return found[0] == channels
    return found[0] in (1, 3, 4) and found[2] not in (1, 3, 4)
