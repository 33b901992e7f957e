"""What a trained network takes pictures for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from specnet.settings.data import Folder
from specnet.training.data.decoding import decoded
from specnet.training.data.pictures import Form
from specnet.training.device import choose
from specnet.training.errors import CannotRun, Unsuitable
from specnet.training.trained import Trained

AT_ONCE = 64
"""Pictures that are decoded and looked at together."""


@dataclass(frozen=True)
class Guess:
    """A class, its number, and how likely the network takes it to be."""

    name: str
    index: int
    probability: float


@dataclass(frozen=True)
class Prediction:
    """The likeliest classes of a picture, the first one first."""

    image: Path
    guesses: tuple[Guess, ...]


def predict(run: Trained, images: Sequence[Path], top: int = 5, device: str = "cpu") -> list[Prediction]:
    """The `top` likeliest classes of each picture, prepared as in training.

    Raises CannotRun for a picture that is not there, DataProblem for one that cannot be read.
    """
    _refuse_missing(images)
    place = choose(replace(run.options, device=device, precision="fp32"), run.model).place
    on_device = replace(run, normalization=run.normalization.to(place))
    run.model.to(place)
    groups = (images[start : start + AT_ONCE] for start in range(0, len(images), AT_ONCE))
    return [prediction for group in groups for prediction in _predictions(on_device, group, top, place)]


def _refuse_missing(images: Sequence[Path]) -> None:
    if missing := [str(image) for image in images if not image.is_file()]:
        raise CannotRun(f"there is no file {', '.join(missing)}")


def _predictions(run: Trained, images: Sequence[Path], top: int, place: torch.device) -> list[Prediction]:
    data, (height, width, channels) = run.job.training.data, run.input_shape
    if channels not in (1, 3):
        raise Unsuitable(f"the network reads images of {channels} channels, and a picture has 1 or 3")
    form = Form((height, width), channels, data.resize if isinstance(data, Folder) else None)
    pixels = decoded(images, form)
    rows = run.probabilities(pixels.to(place)).cpu()
    likeliest = rows.topk(min(top, rows.shape[1]))
    return [
        Prediction(image, tuple(Guess(run.class_name(i), i, p) for i, p in zip(indices, values, strict=True)))
        for image, indices, values in zip(images, likeliest.indices.tolist(), likeliest.values.tolist(), strict=True)
    ]
