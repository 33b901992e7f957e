"""task autoencode: the network's output is its input again, squeezed through layers that are narrower."""

from __future__ import annotations

from math import prod
from typing import ClassVar

from specnet.settings.loss import Loss, Mse, Target
from specnet.settings.task import Metric, Shape, Task, format_shape, require_one_input


class Autoencode(Task):
    """The image itself, from 0 to 1, measured by the peak signal-to-noise ratio (PSNR)."""

    target: ClassVar[Target] = Target.IMAGE
    metric: ClassVar[Metric] = Metric("psnr", "PSNR", unit="dB")
    is_map: ClassVar[bool] = True

    @property
    def default_loss(self) -> Loss:
        return Mse()

    def check_shapes(self, inputs: tuple[Shape, ...], output: Shape, loss: Loss) -> str:
        return require_one_input(inputs) or _require_image(inputs[0], output)

    def correct_outputs(self, inputs: tuple[Shape, ...], output: Shape, loss: Loss) -> int | None:
        is_sized = len(inputs) == 1 and len(inputs[0]) == len(output) == 3 and inputs[0][:2] == output[:2]
        return inputs[0][2] if is_sized else None

    def count_outputs(self, classes: int) -> int | None:
        return None


def _require_image(read: Shape, output: Shape) -> str:
    """Check that the output has the form of the image that the network reads."""
    if output == read:
        return ""
    return (
        f"the network's output is {format_shape(output)}, and it is to be the image again, {format_shape(read)}; "
        f"end the network in {_choose_ending(read, output)}"
    )


def _choose_ending(read: Shape, output: Shape) -> str:
    """Return the layers that make an image of an output that is none."""
    size, channels = "x".join(map(str, read[:2])), f"conv K={read[2]} F=3 P=1"
    if len(output) == 1:
        reshape = f"reshape {size}x{read[2]}"
        return f"`{reshape}`" if output[0] == prod(read) else f"`fc {prod(read)} -> {reshape}`"
    return f"`{channels}`" if output[:2] == read[:2] else f"`upsample to={size} -> {channels}`"
