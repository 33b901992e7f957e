"""task segment: which class each pixel of an image belongs to, `task segment ignore=255`."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from specnet.settings.loss import CrossEntropy, Loss, Target
from specnet.settings.task import Metric, Shape, Task, format_shape, require_one_input


class Segment(Task):
    """A class for each pixel, measured by the mean over the classes of intersection over union (mIoU)."""

    target: ClassVar[Target] = Target.MASK
    metric: ClassVar[Metric] = Metric("miou", "mIoU", is_share=True)
    is_map: ClassVar[bool] = True

    ignore: Annotated[int, Field(ge=0, le=255)] = Field(255, description="value of pixels in masks that do not count")

    @property
    def default_loss(self) -> Loss:
        return CrossEntropy()

    @property
    def ignored(self) -> int:
        return self.ignore

    def check_shapes(self, inputs: tuple[Shape, ...], output: Shape, loss: Loss) -> str:
        """Check that the output is a map of the input's size, or of its centre, as that of the U-Net (2015) is."""
        return require_one_input(inputs) or _check_map(inputs[0], output)

    def check_stride(self, image: Shape, output: Shape, stride: tuple[float, float] | None) -> str:
        """Check that a smaller output is not the whole image at a coarser step, where the centre is compared."""
        if output[:2] == image[:2] or stride is None or stride == (1, 1):
            return ""
        down, across = stride
        return (
            f"{_compare_sizes(image, output)}, of which its positions are {down:g}×{across:g} apart: "
            f"a mask has a class for each pixel; {_suggest_upsample(image)}"
        )


def _check_map(image: Shape, output: Shape) -> str:
    size = format_shape(image[:2])
    if len(output) != 3:
        return (
            f"the network's output is a vector of {format_shape(output)}, and `task segment` needs {size} pixels with "
            "a score for each class: a last layer `conv K=… F=1` instead of `flatten` and `fc`"
        )
    margins = [whole - part for whole, part in zip(image[:2], output[:2], strict=True)]
    if min(margins) < 0 or any(2 * part < whole for whole, part in zip(image[:2], output[:2], strict=True)):
        return f"{_compare_sizes(image, output)}; {_suggest_upsample(image)}"
    if any(margin % 2 for margin in margins):
        return (
            f"{_compare_sizes(image, output)}: it stands for the centre of the mask, "
            f"which has equal margins only where the difference is even; {_suggest_upsample(image)}"
        )
    return ""


def _compare_sizes(image: Shape, output: Shape) -> str:
    return f"the network's output has {format_shape(output[:2])} pixels, and its image {format_shape(image[:2])}"


def _suggest_upsample(image: Shape) -> str:
    return f"`upsample to={image[0]}x{image[1]}` brings it to that of the image"
