"""A random window of a whole image, drawn while it is decoded: a pure function of seed, epoch and image."""

from __future__ import annotations

from math import exp, log, sqrt
from random import Random

from specnet.settings.augment import ResizedCrop
from specnet.training.data.image_decoding import Window
from specnet.training.data.images import Epoch
from specnet.training.randomness import derive_seed

TRIES = 10
"""Windows that are drawn until one lies within the image; then it is the largest one at the centre."""


def draw_window(step: ResizedCrop, epoch: Epoch, image: int) -> Window:
    """Return the function that draws the window of an image, which does not depend on the other images of its batch.

    Area and proportions are drawn as torchvision's RandomResizedCrop draws them (Szegedy et al. 2015).
    """

    def draw(height: int, width: int) -> tuple[int, int, int, int]:
        random = Random(derive_seed(epoch.seed, f"window in epoch {epoch.number}", image))
        for _ in range(TRIES):
            area = height * width * random.uniform(step.area.low, step.area.high)
            ratio = exp(random.uniform(log(step.ratio.low), log(step.ratio.high)))
            wide, high = round(sqrt(area * ratio)), round(sqrt(area / ratio))
            if 0 < wide <= width and 0 < high <= height:
                return random.randint(0, height - high), random.randint(0, width - wide), high, wide
        return _take_centre(step, height, width)

    return draw


def _take_centre(step: ResizedCrop, height: int, width: int) -> tuple[int, int, int, int]:
    """Return the largest window at the centre whose proportions, width to height, are within the interval."""
    wide = max(1, min(width, round(height * step.ratio.high)))
    high = max(1, min(height, round(width / step.ratio.low)))
    return (height - high) // 2, (width - wide) // 2, high, wide
