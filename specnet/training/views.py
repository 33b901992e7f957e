"""Measuring with several views of an image: its mirror image, and moved by some pixels."""

from __future__ import annotations

from collections.abc import Iterator

from torch import Tensor

from specnet.settings.evaluate import Evaluate
from specnet.training.augment import reflected
from specnet.training.ranks import Network


def averaged(network: Network, setting: Evaluate) -> Network:
    """A network that answers with the weighted mean of the outputs for all views."""
    if not (setting.mirror or setting.shift):
        return network

    def answer(images: Tensor) -> Tensor:
        return sum((share * network(view).float() for share, view in _views(images, setting)), images.new_zeros(()))

    return answer


def _views(images: Tensor, setting: Evaluate) -> Iterator[tuple[float, Tensor]]:
    """The views of images B×C×H×W, with shares that come to 1."""
    for share, moved in _moved(images, setting.shift):
        yield from ((share / 2, moved), (share / 2, moved.flip(3))) if setting.mirror else ((share, moved),)


def _moved(images: Tensor, by: int) -> Iterator[tuple[float, Tensor]]:
    """The images themselves, and moved along the diagonal to both sides, reflected at the edge."""
    if not by:
        yield 1.0, images
        return
    height, width = images.shape[2:]
    rows, columns = (reflected(size, by, images.device) for size in (height, width))
    padded = images[:, :, rows][:, :, :, columns]
    yield 0.5, images
    for start in (0, 2 * by):
        yield 0.25, padded[:, :, start : start + height, start : start + width]
