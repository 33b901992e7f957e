"""Read the data that a program hands over: a torch Dataset, or a pair of arrays, for each part."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from time import perf_counter
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.utils.data import DataLoader

from specnet.argument_types import describe_value
from specnet.byte_sizes import format_bytes
from specnet.pictures.decoding import to_array
from specnet.pictures.files import BadImage
from specnet.pictures.sixteen_bits import FULL_SCALE
from specnet.registry import name_registered
from specnet.settings.data import Data, Python
from specnet.settings.loss import Target
from specnet.training.data.array_set import ArrayPart, make_array_set
from specnet.training.data.images import DataRequest, DataSet
from specnet.training.data.pixels import PixelCollector, orient
from specnet.training.data.places import find_place
from specnet.training.errors import CannotRun, DataProblem, PluginFailure
from specnet.training.plugin_calls import calling, refuse_result
from specnet.training.randomness import seed_default_generators
from specnet.training.resources import CPU, fits_in_memory, get_free_memory

NOTE_EVERY = 5.0
"""Seconds between two notes of progress."""

BATCH = 64
"""Images of one form that are brought into the trainer's together, as each operation costs time beside a small one."""

READ_TWICE = 8
"""First images that are read twice: a random flip leaves half of them as they were."""

PARTS = {"train", "validation", "test"}

FORM = "a torch Dataset with `__len__` and `__getitem__`, or a pair of images and targets"

GREY = ("1", "L", "LA", "I", "I;16", "I;16B", "I;16L", "I;16N")
"""Pillow's modes of images without colours."""


def require_data(name: str, data: object) -> None:
    """Raise TypeError for an argument that is neither a Dataset nor a pair."""
    if isinstance(data, str | PathLike):
        raise TypeError(
            f"`{name}` is {FORM}, not {describe_value(data)}: files are named in the spec, as `data folder`"
        )
    if isinstance(data, DataLoader):
        raise TypeError(
            f"`{name}` is {FORM}, not a DataLoader: hand over its Dataset, as `{name}=loader.dataset`; "
            "the batches are made by the spec's `batch`"
        )
    if not hasattr(data, "__getitem__") or not hasattr(data, "__len__"):
        raise TypeError(f"`{name}` is {FORM}, not {describe_value(data)}")


def read_given(setting: Python, request: DataRequest) -> DataSet:
    """Read every image of all parts once, in order; raises DataProblem, CannotRun."""
    if request.given is None:
        raise DataProblem(f"the data is to come from Python: `specnet.train(…, data=…)` takes {FORM}")
    arguments = {"data" if name == "train" else name: part for name, part in request.given.parts().items()}
    parts = [_read_part(part, name, request) for name, part in arguments.items()]
    named = dict(zip(request.given.parts(), parts, strict=True))
    return make_array_set(named, request, names=_find_class_names(request.given.data))


def read_own(setting: Data, request: DataRequest) -> DataSet:
    """Read the data set of a plugin, which draws the same random numbers each time; raises PluginFailure, CannotRun."""
    with seed_default_generators(request.seed, "data"):
        return _read_own(setting, request)


def _read_own(setting: Data, request: DataRequest) -> DataSet:
    with calling(setting, "read"):
        found = setting.read(lambda path: find_place(path, request))
    parts = dict(found) if isinstance(found, Mapping) else {"train": found}
    if "train" not in parts or not set(parts) <= PARTS:
        raise refuse_result(setting, "read", parts, 'a mapping of "train", and maybe of "validation" and "test"')
    try:
        for name, part in parts.items():
            require_data(name, part)
        read = {name: _read_part(part, name, request) for name, part in parts.items()}
        return make_array_set(read, request, names=_find_class_names(parts["train"]))
    except (DataProblem, TypeError) as problem:
        first, *others = problem.args
        raise PluginFailure(f"{name_registered(setting)}: {first}", *others) from problem.__cause__


def _read_part(data: Any, argument: str, request: DataRequest) -> ArrayPart:
    if isinstance(data, tuple | list) and len(data) == 2:
        return _read_pair(data[0], data[1], argument, request)
    return _Reader(data, argument, request).read()


def _find_class_names(data: Any) -> tuple[str, ...] | None:
    """Return the names of the classes that a Dataset, or the one that it is a subset of, has as `classes`.

    Raises DataProblem.
    """
    try:
        names = getattr(data, "classes", None)
        if isinstance(names, list | tuple) and names:
            return tuple(map(str, names))
        return _find_class_names(data.dataset) if hasattr(data, "dataset") else None
    except Exception as error:
        raise _make_problem("`classes` of the data", error) from error


def _make_problem(owner: str, error: Exception) -> DataProblem:
    """Return what says that code of the user's raised an error."""
    return DataProblem(f"{owner} raised {type(error).__name__}: {error}")


# Pairs of arrays


def _read_pair(images: Any, targets: Any, argument: str, request: DataRequest) -> ArrayPart:
    owner = f"`{argument}[0]`"
    found, labels = _to_array(images, owner), _to_array(targets, f"`{argument}[1]`")
    if not found.ndim or not labels.ndim or len(found) != len(labels):
        sizes = [f"{len(array):,}" if array.ndim else "none" for array in (found, labels)]
        raise DataProblem(f"`{argument}` has another number of images than of targets: {sizes[0]} and {sizes[1]}")
    collector = PixelCollector(request.shape[:2], owner)
    collector.add(orient(found, request.shape, owner))
    return ArrayPart(*collector.finish(), labels)


def _to_array(values: Any, owner: str) -> np.ndarray:
    """Return an array or tensor, or a list of numbers or texts, as an array; raises DataProblem."""
    try:
        array = _read_tensor(values) if isinstance(values, Tensor) else np.asarray(values)
    except ValueError:  # lists of different lengths
        array = np.empty(0, dtype=object)
    except (
        Exception
    ) as error:  # a tensor without plain numbers, as a sparse one, or what an object's `__array__` raises
        raise DataProblem(f"{owner} cannot be read as an array: {_get_first_line(error)}") from None
    if array.dtype.kind == "O" and all(isinstance(each, str) for each in array.ravel()) and array.size:
        array = array.astype(str)  # as pandas holds texts
    if array.dtype.kind == "O":
        raise DataProblem(f"{owner} is an array of numbers or texts, not {describe_value(values)}")
    return array


def _read_tensor(values: Tensor) -> np.ndarray:
    plain = values.detach().cpu().resolve_conj().resolve_neg()
    array: np.ndarray = (plain.float() if plain.dtype == torch.bfloat16 else plain).numpy()
    return array


def _get_first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


# Datasets


@dataclass(frozen=True)
class _Reader:
    """Reads a Dataset item by item; `argument` is the name under which it was handed over."""

    dataset: Any
    argument: str
    request: DataRequest

    def read(self) -> ArrayPart:
        """Return the images and targets of all items; raises DataProblem, CannotRun."""
        number = self._count_items()
        if not number:
            raise DataProblem(f"`{self.argument}` has no images")
        self._warn_of_chance()
        collector, targets = PixelCollector(self.request.shape[:2], f"`{self.argument}`"), list[np.ndarray]()
        batch = list[np.ndarray]()
        for image, target in self._read_items(number):
            if batch and (len(batch) == BATCH or (image.shape, image.dtype) != (batch[0].shape, batch[0].dtype)):
                collector.add(np.stack(batch))
                batch.clear()
            batch.append(image)
            targets.append(target)
        collector.add(np.stack(batch))
        return ArrayPart(*collector.finish(), self._stack(targets))

    def _count_items(self) -> int:
        try:
            return len(self.dataset)
        except Exception as error:
            raise _make_problem(f"`len({self.argument})`", error) from error

    def _read_items(self, number: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield the images H×W×C and targets of all items; note the progress of a long reading."""
        began = told = perf_counter()
        for place in range(number):
            item = self._get(place)
            if not place:
                self._refuse_large(number, item[0])
            yield item
            if (now := perf_counter()) - told > NOTE_EVERY:
                told = now
                self.request.note(f"read {place:,} of {number:,} images, {place / (now - began):,.0f} a second")

    def _get(self, place: int) -> tuple[np.ndarray, np.ndarray]:
        """Return an item as an image H×W×C and a target; raises DataProblem, which names what an item raises."""
        owner = f"`{self.argument}[{place}]`"
        try:
            item = self.dataset[place]
        except Exception as error:
            raise _make_problem(owner, error) from error
        if self.request.target is Target.IMAGE:
            image = item[0] if isinstance(item, tuple | list) else item
            return self._read_image(image, owner), np.zeros(())
        if not isinstance(item, tuple | list) or len(item) != 2:
            what = f"{len(item)} values" if isinstance(item, tuple | list) else describe_value(item)
            raise DataProblem(f"{owner} is an image and its target, not {what}")
        return self._read_image(item[0], owner), _to_array(item[1], f"the target of {owner}")

    def _read_image(self, image: Any, owner: str) -> np.ndarray:
        """Return H×W×C of a PIL picture, an array H×W or H×W×C, or a tensor C×H×W; raises DataProblem."""
        if isinstance(image, Image.Image):
            return self._read_picture(image, owner)
        found = _to_array(image, f"the image of {owner}")
        if found.ndim not in (2, 3) or found.dtype.kind not in "buif":
            form = "×".join(map(str, found.shape)) or "a single value"
            raise DataProblem(f"the image of {owner} is {form} of {found.dtype}, and not numbers H×W×C or C×H×W")
        if isinstance(image, Tensor) and found.ndim == 3 and not self._has_channels_last(found):
            return found.transpose(1, 2, 0)
        oriented: np.ndarray = orient(found[None], self.request.shape, owner)[0]
        return oriented

    def _has_channels_last(self, image: np.ndarray) -> bool:
        first, _, last = image.shape
        return bool(last == self.request.shape[2] != first)

    def _read_picture(self, image: Image.Image, owner: str) -> np.ndarray:
        channels = 1 if image.mode in GREY and self.request.shape[2] == 1 else 3
        try:
            return to_array(image, channels, FULL_SCALE).reshape(image.height, image.width, channels)
        except (
            BadImage,
            OSError,
            ValueError,
            SyntaxError,
        ) as error:  # the last two for a file that is closed or damaged
            raise DataProblem(f"{owner} cannot be read as an image: {error}") from None

    def _warn_of_chance(self) -> None:
        """Note a Dataset that changes its images at random, of which each is read only once."""
        changed = (place for place in range(min(len(self.dataset), READ_TWICE)) if self._changes(place))
        if (place := next(changed, None)) is not None:
            self.request.note(
                f"warning: `{self.argument}[{place}]` differs each time it is read; each image is read once, "
                "so that random changes belong in the spec, in a line such as `augment flip horizontal`"
            )

    def _changes(self, place: int) -> bool:
        """Whether an image differs when it is read twice."""
        (one, _), (other, _) = self._get(place), self._get(place)
        return not np.array_equal(one, other, equal_nan=one.dtype.kind == "f")

    def _refuse_large(self, number: int, image: np.ndarray) -> None:
        """Raise CannotRun where images such as this one take more memory than is free."""
        height, width, _ = self.request.shape
        size = number * height * width * image.shape[2]
        if not fits_in_memory(size, CPU):
            free = format_bytes(get_free_memory(CPU))
            raise CannotRun(
                f"the images of `{self.argument}` take {format_bytes(size)}, and the memory has {free} left"
            )

    def _stack(self, targets: Sequence[np.ndarray]) -> np.ndarray:
        """Return the targets of all items as one array; raises DataProblem where they differ in shape."""
        for place, target in enumerate(targets):
            if target.shape != targets[0].shape:
                shapes = ["×".join(map(str, each.shape)) or "a single value" for each in (targets[0], target)]
                raise DataProblem(
                    f"the target of `{self.argument}[0]` is {shapes[0]}, that of `{self.argument}[{place}]` {shapes[1]}"
                )
        return np.stack(targets)
