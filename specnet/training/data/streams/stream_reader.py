"""Make a data set of indexed shards: the classes of their labels, the parts, and what is found of the images."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from math import prod
from typing import cast

import numpy as np
import torch
from torch import Tensor

from specnet.option_names import name_option
from specnet.pictures.files import BadFile, describe_bad_files, refuse_oversized_for_good
from specnet.pictures.headers import Header
from specnet.pictures.sixteen_bits import FULL_SCALE
from specnet.printable import format_amount, shorten_text
from specnet.settings.data import ImageFiles
from specnet.settings.loss import Target
from specnet.training.data.folder_layout import compose_name, list_names, order_classes
from specnet.training.data.image_decoding import ImageFormat
from specnet.training.data.images import DataRequest, DataSet, Images
from specnet.training.data.labels import describe_stray_labels
from specnet.training.data.streams.encoded_images import ShardImages
from specnet.training.data.streams.shard_index import SEPARATOR, ShardIndex
from specnet.training.data.streams.shards import Shard
from specnet.training.data.streams.streamed_pixels import StreamedPixels
from specnet.training.data.streams.verification import find_undecodable
from specnet.training.data.targets import BadValue, read_numbers
from specnet.training.errors import DataProblem


@dataclass(frozen=True)
class IndexedPart:
    """The shards of a part and their indexes, in the same order."""

    shards: Sequence[Shard]
    indexes: Sequence[ShardIndex]


def make_data_set(
    setting: ImageFiles,
    parts: Mapping[str, IndexedPart],
    request: DataRequest,
    names: Sequence[str] | None = None,
) -> DataSet:
    """Return the data set of the parts `train`, `validation` and `test`, of which the first must be there.

    `names` are the classes, where the data says more than the labels do. Raises DataProblem.
    """
    _refuse_target(request.target)
    _refuse_bad(parts, request)
    are_numbers = request.target is Target.NUMBERS
    classes = ("label",) if are_numbers else _choose_classes(setting, parts, request, names)
    read_targets = _read_numbers if are_numbers else partial(_number_labels, classes)
    samples = {name: ShardImages(part.shards, part.indexes) for name, part in parts.items()}
    headers = [header for index in parts["train"].indexes for header in index.headers]
    if not headers:
        raise DataProblem(f"none of the images that were looked at in {parts['train'].shards[0].name} can be read")
    channels = 1 if all(header.is_grey for header in headers) else 3
    request.refuse(len(classes), channels, str, lambda: describe_stray_labels(_find_firsts(parts["train"])))
    scale = (request.scale or FULL_SCALE) if any(header.is_deep for header in headers) else None
    form = ImageFormat(request.shape[:2], channels, setting.resize, scale or FULL_SCALE, setting.crop)
    refuse_oversized_for_good()
    request.note(_describe_sizes(headers, channels, request))
    images = {
        name: _leave_out_undecodable(
            Images(
                StreamedPixels(samples[name], torch.arange(len(samples[name].shard)), form, request.workers),
                read_targets(name, part),
            ),
            samples[name],
            request,
        )
        for name, part in parts.items()
    }
    return DataSet(classes, images["train"], images.get("validation"), images.get("test"), scale=scale)


def _refuse_bad(parts: Mapping[str, IndexedPart], request: DataRequest) -> None:
    """Raise DataProblem for samples without image or label, or note that they are left out."""
    bad = [
        BadFile(f"{each.name} in {shard.name}", each.reason)
        for part in parts.values()
        for shard, index in zip(part.shards, part.indexes, strict=True)
        for each in index.bad
    ]
    if bad:
        good = sum(len(index) for part in parts.values() for index in part.indexes)
        what = describe_bad_files(bad, good + len(bad)).replace("files", "samples", 1).replace("read", "used", 1)
        if not request.skip_bad:
            raise DataProblem(f"{what}; {name_option('skip_bad', True)} leaves them out")
        request.note(f"{what}; left out")


def _leave_out_undecodable(images: Images, samples: ShardImages, request: DataRequest) -> Images:
    """Return the images without those that cannot be decoded, where such are to be skipped."""
    if not request.skip_bad or not (bad := find_undecodable(samples, request)):
        return images
    named = [BadFile(samples.describe(number), reason) for number, reason in bad.items()]
    request.note(f"{describe_bad_files(named, len(images)).replace('files', 'images', 1)}; left out")
    is_good = torch.ones(len(images), dtype=torch.bool)
    is_good[list(bad)] = False
    return images.take(is_good)


def _describe_sizes(headers: Sequence[Header], channels: int, request: DataRequest) -> str:
    sizes = sorted((header.size for header in headers), key=prod)
    smallest, largest = (f"{height}×{width}" for height, width in (sizes[0], sizes[-1]))
    size = smallest if sizes[0] == sizes[-1] else f"{smallest} to {largest}"
    threads = format_amount(request.workers, "thread")
    readers = f"by {threads} ahead of the training" if request.workers else "between the steps"
    return f"found {size}×{channels} in {format_amount(len(headers), 'image')}; all are decoded as needed, {readers}"


# Classes


def _choose_classes(
    setting: ImageFiles, parts: Mapping[str, IndexedPart], request: DataRequest, names: Sequence[str] | None
) -> tuple[str, ...]:
    """Return the names of the classes in the order of their labels; raises DataProblem."""
    found = _list_values(parts["train"])
    are_numbers = all(value.isascii() and value.isdigit() for value in found)
    if names is not None:
        classes = tuple(names)
    elif are_numbers:
        highest = max(map(_strip_zeros, found), key=lambda label: (len(label), label))
        if len(highest) > LONGEST_LABEL:
            first = next(
                first for label, first in _find_firsts(parts["train"]).items() if _strip_zeros(label) == highest
            )
            raise DataProblem(
                f"{shorten_text(highest)}, the label of {first}, is no number of a class; they count from 0"
            )
        classes = tuple(str(number) for number in range(max(int(highest) + 1, setting.classes or 0)))
    else:
        classes = order_classes(compose_name(value, f"the label {value!r}") for value in found)
    if request.classes and len(classes) <= len(request.classes) and set(classes) <= set(request.classes):
        classes = request.classes
    if len(classes) < 2:
        raise DataProblem(f"the training part needs images of at least two classes, and has only {classes[0]}")
    return classes


LONGEST_LABEL = 6
"""The most digits of the number of a class."""


def _strip_zeros(label: str) -> str:
    return label.lstrip("0") or "0"


def _find_firsts(part: IndexedPart) -> dict[str, str]:
    """Return the first sample of each label, by the label."""
    firsts: dict[str, str] = {}
    for shard, index in zip(part.shards, part.indexes, strict=True):
        names, (labels, places) = index.names.split(SEPARATOR), np.unique(index.labels, return_index=True)
        for label, place in zip(labels, places, strict=True):
            firsts.setdefault(index.values[label], f"{names[place]} in {shard.name}")
    return firsts


def _list_values(part: IndexedPart) -> set[str]:
    return {value for index in part.indexes for value in index.values}


def _number_labels(classes: tuple[str, ...], name: str, part: IndexedPart) -> Tensor:
    """Return the labels of a part, int64 N; raises DataProblem for classes that the training part lacks."""
    numbers = {each: number for number, each in enumerate(classes)}
    are_written_short = all(each.isdigit() for each in classes)
    known = {value: numbers.get(_strip_zeros(value) if are_written_short else value) for value in _list_values(part)}
    if odd := sorted(value for value, number in known.items() if number is None):
        raise DataProblem(
            f"the {name} part has labels that are none of the {len(classes)} classes: "
            f"{list_names(map(shorten_text, odd))}; the first is that of {_find_firsts(part)[odd[0]]}"
        )
    return _look_up(part, lambda value: cast(int, known[value]))


def _look_up(part: IndexedPart, read: Callable[[str], float]) -> Tensor:
    """Return what `read` makes of the labels of all samples, N."""
    tables = [torch.tensor([read(value) for value in index.values]) for index in part.indexes]
    places = [torch.from_numpy(index.labels).long() for index in part.indexes]
    return torch.cat([table[place] for table, place in zip(tables, places, strict=True)])


# Other targets


def _refuse_target(target: Target) -> None:
    """Raise DataProblem for a target that a label, a number or a text, cannot be."""
    if target in (Target.CLASSES, Target.MASK):
        raise DataProblem(f"images in shards come with one label each, and the task needs {target} for an image")


def _read_numbers(name: str, part: IndexedPart) -> Tensor:
    """Return the labels as numbers, float32 N×1; raises DataProblem for one that is none."""
    for value in _list_values(part):
        try:
            read_numbers([value], ["label"])
        except BadValue as error:
            where = _find_firsts(part)[value]
            raise DataProblem(f"the label of {where}, in the {name} part, cannot be used: {error}") from None
    return _look_up(part, float).float()[:, None]
