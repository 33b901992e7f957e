"""Number the labels of images that come as arrays: class by class, in the order of the classes' names."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from specnet.printable import format_amount, shorten_text
from specnet.training.data.folder_layout import explain_unknown, list_names, order_classes
from specnet.training.errors import DataProblem

WHOLE = re.compile(r"[+-]?[0-9]+")


def number_labels(
    labels: Mapping[str, np.ndarray], classes: tuple[str, ...] | None, names: Sequence[str] | None
) -> tuple[tuple[str, ...], dict[str, Tensor]]:
    """Return the names of the classes, and int64 N for the labels of each part.

    `classes` are those of a run that the images are for. Whole numbers are places among `names`, if the data has them;
    without, they are names themselves, as texts are. Raises DataProblem for labels that the training part lacks.
    """
    flat = {part: _flatten(values, part) for part, values in labels.items()}
    known = tuple(names) if names else classes
    is_numbered = names or (known and not set(_name_all(next(iter(flat.values())))) <= set(known))
    if known and is_numbered and all(values.dtype.kind in "iu" for values in flat.values()):
        return known, {part: torch.from_numpy(values.astype(np.int64)) for part, values in flat.items()}
    named = {part: _name_all(values) for part, values in flat.items()}
    found = known or order_classes(next(iter(named.values())))
    numbers = {name: place for place, name in enumerate(found)}
    for part, each in named.items():
        if odd := order_classes(set(each) - set(found)):
            first = f"the first is image {next(place for place, name in enumerate(each) if name in odd):,}"
            raise DataProblem(f"the {part} part has images {_explain_unknown(odd, names, classes)}; {first}")
    return found, {part: torch.tensor([numbers[name] for name in each]) for part, each in named.items()}


def describe_stray_labels(firsts: Mapping[str, str]) -> str:
    """Return which label does not fit in with the others, such as 99 or `dog` among 0, 1, 2; "" where all may be right.

    `firsts` says of each label where it is found first.
    """
    numbers = [label for label in firsts if WHOLE.fullmatch(label)]
    usual = {str(number) for number in range(len(firsts) + 1)}
    strays = numbers if 2 * len(numbers) < len(firsts) else [label for label in firsts if label not in usual]
    if not 0 < 2 * len(strays) < len(firsts):
        return ""
    others = list_names(order_classes(set(firsts) - set(strays)))
    return f"the label {shorten_text(strays[0])} of {firsts[strays[0]]} does not fit in with {others}: correct it"


def find_first_images(labels: np.ndarray) -> dict[str, str]:
    """Return the first image of each label of N."""
    names = _name_all(labels)
    return {name: f"image {names.index(name):,}" for name in dict.fromkeys(names)}


def _name_all(labels: np.ndarray) -> list[str]:
    return [str(label) for label in labels.tolist()]


def _explain_unknown(odd: Sequence[str], names: Sequence[str] | None, classes: tuple[str, ...] | None) -> str:
    if names:
        return f"labelled as none of the classes that the data names, {list_names(names)}: {list_names(odd)}"
    return f"of {explain_unknown(odd, classes)}"


def _flatten(labels: np.ndarray, part: str) -> np.ndarray:
    """Return whole numbers or texts N of N or N×1; raises DataProblem for anything else."""
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.ndim != 1:
        form = "×".join(map(str, labels.shape))
        raise DataProblem(f"the labels of the {part} part are {form}; classes need one label for each image")
    if labels.dtype.kind == "f":
        return _make_whole(labels, part)
    if labels.dtype.kind not in "biuU":
        raise DataProblem(f"the labels of the {part} part are {labels.dtype}; classes are whole numbers or texts")
    return labels.astype(np.int64) if labels.dtype.kind == "b" else labels


def _make_whole(labels: np.ndarray, part: str) -> np.ndarray:
    odd = (~np.isfinite(labels) | (labels != np.round(labels))).nonzero()[0].tolist()
    if odd:
        raise DataProblem(
            f"{len(odd):,} of {format_amount(len(labels), 'label')} of the {part} part are no whole numbers, as "
            f"classes are: the first is {labels[odd[0]]:g}, of image {odd[0]:,}"
        )
    return labels.astype(np.int64)
