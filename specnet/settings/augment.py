"""augment: random changes of the training images, `augment crop pad=4 -> flip horizontal -> brightness 0.25`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from specnet.attributes import Count, Interval, Probability, Setting
from specnet.settings.registration import Choices

SEVERAL = True
"""The line takes several steps, which are applied in order."""


class Augment(Setting):
    """A random change, drawn anew for every image in every epoch."""

    required: ClassVar[tuple[str, ...]] = ("apply",)

    reads_bytes: ClassVar[bool] = False
    """Whether it counts on pixels of 0 to 255."""

    moves: ClassVar[bool] = False
    """Whether it moves whole pixels and changes none, so that a mask, the last channel, is moved with its image."""

    def apply(self, images: Any) -> Any:
        """Return a batch B×H×W×C, 0 to 255, uint8 or float, after the change, with the same shape.

        A plugin's augmentation has it; those of SpecNet are in specnet/training/transforms/augmentation.py.
        """
        raise NotImplementedError


class RandomCrop(Augment):
    """A random window of the image's own size, in the image with `pad` black pixels around it."""

    moves = True
    pad: Count = 4


class Flip(Augment):
    """Mirror an image with probability `p`, or with `alternating` in every other epoch, from the first or second on."""

    moves = True
    words: ClassVar[Mapping[str, tuple[str, Any]]] = {
        "horizontal": ("direction", "horizontal"),
        "vertical": ("direction", "vertical"),
        "alternating": ("alternating", True),
    }

    direction: Literal["horizontal", "vertical"] = "horizontal"
    p: Probability = 0.5
    alternating: bool = False


class Shift(Augment):
    """Shift by up to `pixels` in all directions; the image is reflected at its edge."""

    moves = True
    positional = ("pixels",)

    pixels: Count = 2


def _around_one(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    return Interval(max(0.0, 1.0 - value), 1.0 + value)


def _check_order(interval: Interval) -> Interval:
    if not 0 <= interval.low <= interval.high < float("inf"):
        raise ValueError("an interval of factors runs from a number that is at least 0 to one that is not smaller")
    return interval


Factors = Annotated[Interval, BeforeValidator(_around_one), AfterValidator(_check_order)]
"""The factors to draw from; a single number x stands for 1−x..1+x."""


SMALLEST, LARGEST = 0.1, 10.0
"""The factors by which an image can be enlarged; beyond them, nothing of it can be recognized."""


def _check_zoom(interval: Interval) -> Interval:
    if interval.low < SMALLEST or interval.high > LARGEST:
        single = "a single x stands for 1−x..1+x"
        raise ValueError(f"images are enlarged by factors from {SMALLEST:g} to {LARGEST:g} ({single})")
    if interval.low == interval.high == 1:
        raise ValueError("some of the factors must differ from 1, as those of 0.9..1.1 do")
    return interval


class Brightness(Augment):
    """All pixels times a factor, as torchvision's ColorJitter does."""

    reads_bytes = True
    positional = ("factor",)

    factor: Factors = Field(Interval(0.75, 1.25))


class Contrast(Augment):
    """Distances from the image's mean grey times a factor, as torchvision's ColorJitter does."""

    reads_bytes = True
    positional = ("factor",)

    factor: Factors = Field(Interval(0.75, 1.25))


class Saturation(Augment):
    """Distances from each pixel's own grey times a factor, as torchvision's ColorJitter does."""

    reads_bytes = True
    positional = ("factor",)

    factor: Factors = Field(Interval(0.75, 1.25))


class Hue(Augment):
    """Rotate colours around the grey axis by up to `turn` of a full circle to either side."""

    reads_bytes = True
    positional = ("turn",)

    turn: Annotated[float, Field(gt=0, le=0.5)] = 0.1


class Rotate(Augment):
    """Rotate around the centre by up to `degrees` to either side, bilinear; black outside the image."""

    positional = ("degrees",)

    degrees: Annotated[float, Field(gt=0, le=180)] = 15.0


class Zoom(Augment):
    """Enlarge around the centre by a factor, or make smaller; bilinear, black outside the image."""

    positional = ("factor",)

    factor: Annotated[Factors, AfterValidator(_check_zoom)] = Field(Interval(0.9, 1.1))


class ResizedCrop(Augment):
    """Resize a random window with `area` of the image's and the proportions `ratio`, bilinear (Szegedy et al. 2015)."""

    area: Factors = Field(Interval(0.08, 1.0))
    ratio: Factors = Field(Interval(3 / 4, 4 / 3))


class Noise(Augment):
    """Add normally distributed noise to each value of a pixel, with the standard deviation `std` on 0 to 255."""

    reads_bytes = True
    positional = ("std",)

    std: Annotated[float, Field(gt=0, le=255)] = 8.0


class Cutout(Augment):
    """A black square of `size` pixels around a random pixel, clipped at the edge (DeVries, Taylor 2017)."""

    positional = ("size",)

    size: Count = 8


class Mixing(Augment):
    """Mix pairs of images of a batch and their labels, after all other steps.

    With several, each training step draws one of them.
    """

    positional = ("alpha",)

    required: ClassVar[tuple[str, ...]] = ("mix",)

    alpha: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    """The share is drawn from Beta(alpha, alpha)."""

    def mix(self, images: Any, share: float) -> Any:
        """Return images B×C×H×W mixed with those of the reversed batch, and the actual share of the first of each two.

        A plugin's mixing step has it.
        """
        raise NotImplementedError


class Mixup(Mixing):
    """The weighted mean of both images (Zhang et al. 2018)."""

    alpha: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 0.2


class Cutmix(Mixing):
    """A rectangle of the other image, as large as its share (Yun et al. 2019)."""

    alpha: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 1.0


OWN: Mapping[str, type[Augment]] = {
    "crop": RandomCrop,
    "flip": Flip,
    "shift": Shift,
    "brightness": Brightness,
    "contrast": Contrast,
    "saturation": Saturation,
    "hue": Hue,
    "rotate": Rotate,
    "zoom": Zoom,
    "resized_crop": ResizedCrop,
    "noise": Noise,
    "cutout": Cutout,
    "mixup": Mixup,
    "cutmix": Cutmix,
}

CHOICES: Mapping[str, type[Augment]] = Choices("augmentation", Augment, OWN)
