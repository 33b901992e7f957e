"""The image that a view is about: a file, or an image of the run's own data, prepared as in training."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from specnet.insight.request import Request
from specnet.printable import format_amount
from specnet.suggest import did_you_mean, find_closest_word
from specnet.training import CannotRun, EvaluationOptions, LoadedRun
from specnet.training.data.image_decoding import decode_into_memory
from specnet.training.data.images import Images
from specnet.training.errors import DataProblem
from specnet.training.evaluate import PARTS, read_data
from specnet.training.lettering import LONGEST_NAME, Fonts, shorten_name
from specnet.training.predict import refuse_missing
from specnet.training.randomness import make_generator

BATCH = 256
"""The most images that are looked at together."""

STORED = re.compile(r"(train|validation|test):(.*)")
"""A part of the data, and what should be the number of an image."""


@dataclass(frozen=True)
class Subject:
    """An image as the network sees it: `pixels` is uint8 1×H×W×C, `label` its true class, if known.

    `file` is its path in the folder of the data, if it comes from there.
    """

    name: str
    pixels: Tensor
    label: int | None = None
    file: str | None = None

    @property
    def title(self) -> str:
        """The name for people: `test:17`, `test:17, dog.62.jpg`."""
        return f"{self.name}, {Path(self.file).name}" if self.file else self.name

    def record_truth(self, run: LoadedRun) -> dict[str, str | None]:
        """Return the file and the true class as JSON values."""
        return {"file": self.file, "true": None if self.label is None else run.class_name(self.label)}

    def describe_class(self, run: LoadedRun, output: int, probability: float) -> str:
        """Return a class with its probability, and the true one where that is another."""
        told = f"{run.class_name(output)}  {probability:.2%}"
        return told if self.label in (None, output) else f"{told}; it is {run.class_name(self.label)}"


def find_image(run: LoadedRun, request: Request) -> Subject:
    """Return the requested image; raises CannotRun where it is not there, DataProblem where it cannot be read."""
    path, stored = Path(request.image), STORED.fullmatch(request.image)
    if stored and not path.exists():
        if not re.fullmatch(r"[0-9]{1,9}", stored[2]):
            raise CannotRun(f"{request.image} names no image; the first one of the part is {stored[1]}:0")
        return _take(run, request, stored[1], int(stored[2]))
    refuse_missing([path])
    if path.is_dir():
        raise CannotRun(f"{path} is a directory; name an image")
    pixels = decode_into_memory([path], run.image_format)
    return Subject(path.name, pixels.to(run.place))


def _take(run: LoadedRun, request: Request, name: str, number: int) -> Subject:
    """Return an image of a part of the run's data by its number; raises CannotRun."""
    part = load_part(run, request, name)
    if number >= len(part):
        there = format_amount(len(part), "image")
        raise CannotRun(f"there is no {name}:{number}: the {name} part has {there}, {name}:0 to {name}:{len(part) - 1}")
    index = torch.tensor([number])
    pixels, label = take_pixels(run, part, index), int(part.labels[number]) if part.has_labels else None
    return Subject(f"{name}:{number}", pixels, label, part.name_file(number))


def load_part(run: LoadedRun, request: Request, name: str) -> Images:
    """Return a part of the run's own data, on the CPU; raises CannotRun for a part that there is not, DataProblem."""
    parts = _read_parts(run, request)
    if name not in parts:
        raise CannotRun(f"the data of the run has no {name} part; it has {', '.join(parts)}")
    return parts[name]


def load_unseen(run: LoadedRun, request: Request) -> tuple[str, Images]:
    """Return the name and the images of the test part, or else of the validation part; raises DataProblem."""
    parts = _read_parts(run, request)
    found = next((name for name in PARTS if name in parts), "train")
    if found == "train":
        raise DataProblem("the data of the run has neither a test part nor a validation part")
    return found, parts[found]


def _read_parts(run: LoadedRun, request: Request) -> Mapping[str, Images]:
    if request.parts is not None:
        return request.parts
    return read_data(run, EvaluationOptions(data_dir=request.data_dir), request.note).parts()


def name_row(row: Mapping[str, Any]) -> str:
    """Return the image of a row of a view: `test:17`, `test:17  dogs/dog.62.jpg`."""
    return f"{row['image']}  {row['file']}" if row["file"] else str(row["image"])


def title_row(row: Mapping[str, Any], fonts: Fonts, longest: int = LONGEST_NAME) -> str:
    """Return the name of the file of a row, if there is one that can be written, or else the image's in the data."""
    file = Path(row["file"]).name if row["file"] else ""
    return shorten_name(file, longest) if file and fonts.can_write(file) else str(row["image"])


def choose_evenly(number: int, count: int | None) -> Tensor:
    """Return the indices of at most `count` of a number of images, spread evenly, as they may be sorted by class."""
    if count is None or count >= number:
        return torch.arange(number)
    return torch.arange(count) * number // count


def draw_images(number: int, request: Request) -> Tensor:
    """Return the indices of as many random ones of a number of images as the request counts."""
    return torch.randperm(number, generator=make_generator(request.seed, "predictions"))[: request.count]


def rank_images(number: int, request: Request, measure: Callable[[Tensor], Tensor]) -> tuple[Tensor, Tensor]:
    """Return the indices of the images that the request looks through, those with the largest measure first, and these.

    `measure` returns a number for each image of an index.
    """
    searched = choose_evenly(number, request.most)
    measures = torch.cat([measure(index) for index in torch.split(searched, BATCH)])
    order = measures.argsort(descending=True, stable=True)
    return searched[order], measures[order]


def take_evenly(images: Images, count: int) -> Images:
    """Return at most `count` images, spread evenly over the part."""
    return images.take(choose_evenly(len(images), count))


def take_pixels(run: LoadedRun, images: Images, index: Tensor) -> Tensor:
    """Return the images of an index as uint8 N×H×W×C on the device of the run, without masks."""
    return run.objective.get_pixels(images.pixels)[index].to(run.place)


def choose_class(run: LoadedRun, request: Request, probabilities: Tensor) -> int:
    """Return the requested class, or the likeliest of the probabilities 1×K; raises CannotRun for one not there."""
    names = [run.class_name(output) for output in range(probabilities.shape[1])]
    if request.class_name is None:
        return int(probabilities.argmax())
    if request.class_name not in names:
        hint = did_you_mean(find_closest_word(request.class_name, names))
        raise CannotRun(f"the run has no class `{request.class_name}`{hint}")
    return names.index(request.class_name)


def to_picture(pixels: Tensor) -> np.ndarray:
    """Return H×W×C as uint8 H×W×3 to be looked at: channels other than 1 or 3 are averaged to grey.

    Floats, which are no pixels of 0 to 255, are spread from the least, black, to the largest, white.
    """
    if pixels.dtype.is_floating_point:
        low, high = pixels.aminmax()
        pixels = ((pixels - low) * (255 / (high - low).clamp(min=1e-12))).to(torch.uint8)
    shown = pixels if pixels.shape[2] in (1, 3) else pixels.float().mean(2, keepdim=True).to(torch.uint8)
    return shown.expand(-1, -1, 3).cpu().numpy()
