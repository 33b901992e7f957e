"""Number the labels of images that come as arrays: class by class, in the order of the classes' names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from specnet.printable import format_amount
from specnet.training.data.folder_layout import list_names, order_classes
from specnet.training.errors import DataProblem


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
            whose = "the run was not trained on" if classes else "the training part lacks"
            raise DataProblem(f"the {part} part has images of classes that {whose}: {list_names(odd)}")
    return found, {part: torch.tensor([numbers[name] for name in each]) for part, each in named.items()}


def _name_all(labels: np.ndarray) -> list[str]:
    return [str(label) for label in labels.tolist()]


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
