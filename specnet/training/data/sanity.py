"""Warn, before the first step, of what spoils a result: images in two parts, tiny images, a part too small to tell."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations
from math import sqrt

import numpy as np
import torch

from specnet.printable import format_amount
from specnet.training.data.images import MOST_ENLARGED, DataSet, Images, MappedPixels, Pixels

SHOWN = 3
"""Pairs of images in one message."""

HASHED_WHOLE = 2**29
"""Bytes of images up to which all of each is hashed; of more, a few rows choose the images that are compared."""

HASHED_ROWS = 3

MOST_COMPARED = 10_000
"""Pairs of images that are compared: more are alike in a few rows alone."""

WIDEST_MARGIN = 0.1
"""The margin of error of an accuracy from which a part is too small to tell models apart."""


def list_warnings(data: DataSet, size: tuple[int, int], is_counted: bool = True) -> Iterator[str]:
    """Yield a sentence for each thing that spoils a result; the images were brought to `size` (height, width).

    `is_counted` says whether the result is an accuracy, a share of right answers.
    """
    yield from _find_shared_images(data.parts())
    if data.findings and data.findings.enlarged:
        images = sum(map(len, data.parts().values()))
        smallest, target = (f"{height}×{width}" for height, width in (data.findings.smallest, size))
        yield (
            f"{data.findings.enlarged:,} of {images:,} images are enlarged more than {MOST_ENLARGED} times to "
            f"{target}; the smallest is {smallest}, of which a smaller input loses nothing"
        )
    if is_counted and data.validation and data.validation.has_labels:
        yield from _find_chance(len(data.validation))


def _find_chance(images: int) -> Iterator[str]:
    """Yield a sentence on a validation part that is too small to tell models apart."""
    if (margin := 1 / sqrt(images)) > WIDEST_MARGIN:
        yield (
            f"the validation part has {format_amount(images, 'image')}: an accuracy on it is known to "
            f"within {100 * margin:.0f} points, and smaller differences are chance"
        )


def _find_shared_images(parts: Mapping[str, Images]) -> Iterator[str]:
    """Yield a sentence for two parts that have images of the same pixels."""
    readable = {name: part for name, part in parts.items() if not _is_streamed(part.pixels)}
    is_large = sum(part.pixels.nbytes for part in readable.values()) > HASHED_WHOLE
    hashes = {name: _hash_images(part.pixels, is_large) for name, part in readable.items()} if len(readable) > 1 else {}
    for first, second in combinations(hashes, 2):
        found = _match(readable[first], readable[second], hashes[first], hashes[second])
        if found:
            pairs = "; ".join(
                f"{_name(second, readable[second], other)} is {_name(first, readable[first], one)}"
                for one, other in found[:SHOWN]
            )
            yield (
                f"{len(found):,} of {len(readable[second]):,} images of the {second} part are in the {first} part too, "
                f"pixel by pixel, and measure what is learned by heart: {pairs}"
            )


def _is_streamed(pixels: Pixels) -> bool:
    """Whether each image would have to be decoded to be compared."""
    return not isinstance(pixels, torch.Tensor | MappedPixels)


def _name(name: str, part: Images, image: int) -> str:
    return part.name_file(image) or f"{name}:{image}"


def _hash_images(pixels: Pixels, is_large: bool) -> np.ndarray:
    """Return a number, uint64 N, for each image or for a few of its rows; equal images have equal ones."""
    height = pixels.shape[1]
    rows = sorted({(at + 1) * height // (HASHED_ROWS + 1) for at in range(HASHED_ROWS)}) if is_large else slice(None)
    width = _take_rows(pixels, slice(1), rows).nbytes
    weights = np.random.default_rng(0).integers(0, 2**64, -(-width // 8), dtype=np.uint64) | np.uint64(1)
    found = np.empty(len(pixels), np.uint64)
    step = max(1, 2**24 // width)
    for start in range(0, len(pixels), step):
        found[start : start + step] = _hash_chunk(_take_rows(pixels, slice(start, start + step), rows), weights)
    return found


def _take_rows(pixels: Pixels, images: slice, rows: slice | list[int]) -> np.ndarray:
    """Return rows of some images, B×h×W×C; a mapped file is read no further than that."""
    if isinstance(pixels, MappedPixels):
        mapped: np.ndarray = pixels.source.numpy()
        chosen = pixels.rows[images].numpy()
        return mapped[chosen] if isinstance(rows, slice) else mapped[chosen[:, None], rows]
    taken: np.ndarray = pixels[images][:, rows].numpy()
    return taken


def _hash_chunk(images: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the weighted sums of the words of each image, modulo 2⁶⁴."""
    content = np.ascontiguousarray(images).reshape(len(images), -1).view(np.uint8)
    if short := -content.shape[1] % 8:
        content = np.pad(content, ((0, 0), (0, short)))
    sums: np.ndarray = content.view(np.uint64) @ weights
    return sums


def _match(first: Images, second: Images, one: np.ndarray, other: np.ndarray) -> list[tuple[int, int]]:
    """Return the images of the second part that are in the first, as pairs of places in both, in their order."""
    order = np.argsort(one, kind="stable")
    places = np.searchsorted(one[order], other)
    near = order[np.minimum(places, len(order) - 1)]
    candidates = np.flatnonzero(one[near] == other)[:MOST_COMPARED]
    return [
        (int(near[image]), int(image))
        for image in candidates
        if first.pixels[near[image] : near[image] + 1].equal(second.pixels[image : image + 1])
    ]
