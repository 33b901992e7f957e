"""task denoise: the image without the noise that is added to it, `task denoise std=25`."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from specnet.attributes import Positive
from specnet.settings.tasks.autoencode import Autoencode


class Denoise(Autoencode):
    """The image, from 0 to 1, of which the network reads a noisy copy; measured by PSNR."""

    positional: ClassVar[tuple[str, ...]] = ("std",)

    std: Positive = Field(25.0, description="standard deviation of the noise, for pixels from 0 to 255")
