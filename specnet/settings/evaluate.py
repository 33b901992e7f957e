"""evaluate: how the network is measured, `evaluate test`, `evaluate mirror shift=1`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from pydantic import Field

from specnet.attributes import LARGEST
from specnet.settings.base import Setting


class Evaluate(Setting):
    """`test` watches the test set after every epoch, which is otherwise looked at once, at the end; it chooses nothing.

    `mirror` and `shift` are for the measurement at the end: the outputs for an image and its mirror image count half
    each; with `shift=n`, the image itself counts half, and moved by n pixels along the diagonal, to both sides, a
    quarter each. What is watched after every epoch goes without.
    """

    words: ClassVar[Mapping[str, tuple[str, Any]]] = {"test": ("test", True), "mirror": ("mirror", True)}

    test: bool = False
    mirror: bool = False
    shift: Annotated[int, Field(ge=0, le=LARGEST)] = 0


CHOICES: Mapping[str, type[Evaluate]] = {"": Evaluate}
