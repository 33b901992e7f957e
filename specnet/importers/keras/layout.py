"""Shapes and axes as Keras has them, N×H×W×C or N×C×H×W, in the words of a spec."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from specnet.importers.errors import UnreadableModel
from specnet.importers.keras.steps import Step
from specnet.layers.base import Shape

CHANNELS_FIRST = "channels_first"

LETTERS = {1: "C", 2: "LC", 3: "HWC"}
"""The axes of a vector, a sequence and a map, without the batch."""


@dataclass(frozen=True)
class Layout:
    """Where the channels of maps are; it holds for a whole model."""

    channels_first: bool

    def letters(self, rank: int) -> str:
        """Return the axes of a value of so many axes in Keras's order."""
        return "CHW" if rank == 3 and self.channels_first else LETTERS.get(rank, "")

    def name_axis(self, axis: object, rank: int) -> str:
        """Return the letter of an axis, which counts the batch or is negative; "" if there is none."""
        letters = self.letters(rank)
        if type(axis) is not int:
            return ""
        place = axis - 1 if axis > 0 else axis + rank
        return letters[place] if axis and 0 <= place < len(letters) else ""

    def to_spec(self, shape: Iterable[int]) -> Shape:
        """Return H×W×C for a map as Keras has it, without the batch; other shapes as they are."""
        sizes = tuple(shape)
        return (*sizes[1:], sizes[0]) if len(sizes) == 3 and self.channels_first else sizes


def find_layout(steps: Iterable[Step]) -> Layout:
    """Return the layout of a model, which its convolutions and pools name; raises UnreadableModel for two of them."""
    windows = [step.layer.config for step in steps if re.search("Conv|Pool|Padding|Cropping|UpSampl", step.layer.cls)]
    formats = {str(config.get("data_format") or config.get("dim_ordering")) for config in windows}
    is_first, is_last = bool(formats & {CHANNELS_FIRST, "th"}), bool(formats & {"channels_last", "tf"})
    if is_first and is_last:
        raise UnreadableModel("some layers have the channels first and others last: write the model with one of both")
    return Layout(is_first)
