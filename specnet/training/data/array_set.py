"""Make a data set of arrays: pixels in the trainer's form, and labels as they come."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import prod

import numpy as np
from torch import Tensor

from specnet.settings.loss import Target
from specnet.training.data.images import DataRequest, DataSet, Findings, Images
from specnet.training.data.labels import describe_stray_labels, find_first_images, number_labels
from specnet.training.data.targets import CONVERSIONS, IMAGE, convert_arrays, make_empty_targets, refuse_rounding
from specnet.training.errors import DataProblem


@dataclass(frozen=True)
class ArrayPart:
    """Images uint8 or float32 N×H×W×C, what they were before, and their labels as they come."""

    pixels: Tensor
    findings: Findings
    labels: np.ndarray


def make_array_set(
    parts: Mapping[str, ArrayPart], request: DataRequest, count: int | None = None, names: Sequence[str] | None = None
) -> DataSet:
    """Return a set of parts, the first of which is trained on; `names` are those of the classes, `count` their number.

    Raises DataProblem for labels that make no sense, and what `request.refuse` raises.
    """
    classes, targets = _read_targets(parts, request, count, names)
    pixels = _agree_on_type({part: each.pixels for part, each in parts.items()})
    labels = next(iter(parts.values())).labels
    request.refuse(
        len(classes),
        next(iter(pixels.values())).shape[3],
        str,
        lambda: describe_stray_labels(find_first_images(labels)) if request.target is Target.CLASS else "",
    )
    images = {part: Images(pixels[part], targets[part]) for part in parts}
    found = _merge(each.findings for each in parts.values())
    return DataSet(classes, images["train"], images.get("validation"), images.get("test"), found)


def _read_targets(
    parts: Mapping[str, ArrayPart], request: DataRequest, count: int | None, names: Sequence[str] | None
) -> tuple[tuple[str, ...], dict[str, Tensor]]:
    """Return what the targets stand for, and the targets of each part; raises DataProblem."""
    labels = {part: each.labels for part, each in parts.items()}
    if request.target is Target.IMAGE:
        return (IMAGE,), {part: make_empty_targets(len(each.pixels)).values for part, each in parts.items()}
    if request.target in CONVERSIONS:
        found, targets = convert_arrays(request.target, labels, request.classes or names)
        if request.target is Target.NUMBERS and request.classes is None:
            refuse_rounding(labels["train"], found)
        return found, targets
    numbered = None if count is None or names else tuple(map(str, range(count)))
    classes, targets = number_labels(labels, request.classes, names or numbered)
    if len(classes) < 2:
        there = f"the data names only {classes[0]}" if names else f"all are labelled {', '.join(classes)}"
        raise DataProblem(f"images of at least two classes are needed, and {there}")
    return classes, targets


def _agree_on_type(pixels: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return the pixels of all parts as bytes, or all as floats; raises DataProblem where only some are bytes."""
    if len({each.dtype for each in pixels.values()}) > 1:
        kinds = ", ".join(
            f"{'floats' if each.is_floating_point() else '0..255'} in {part}" for part, each in pixels.items()
        )
        raise DataProblem(f"the parts of the data have different kinds of numbers: {kinds}")
    return pixels


def _merge(findings: Iterable[Findings]) -> Findings:
    every = list(findings)
    changes = Counter[str]()
    for each in every:
        changes.update(each.changes)
    sizes = sorted((size for each in every for size in (each.smallest, each.largest)), key=prod)
    return Findings(sizes[0], sizes[-1], dict(changes), sum(each.enlarged for each in every))
