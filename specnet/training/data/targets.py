"""Targets beside one class for each image: several classes, or numbers, from the cells of a table or from arrays."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import isfinite

import numpy as np
import torch
from torch import Tensor

from specnet.printable import format_amount, shorten_text
from specnet.settings.loss import Target
from specnet.training.data.folder_layout import explain_unknown, order_classes
from specnet.training.data.images import Targets
from specnet.training.errors import DataProblem

SEPARATORS = ("|", ";", ",")
"""What stands between names in one column; where none of them occurs, it is a space."""


LARGEST = torch.finfo(torch.float32).max
"""Targets are float32."""


LARGEST_ERROR = 0.01
"""The share of the range of a number within which its values may be rounded."""


class BadValue(Exception):
    """A value cannot be used; the message is a short reason."""


IMAGE = "image"
"""What the outputs stand for where the image itself is the target."""


def make_empty_targets(images: int) -> Targets:
    """Return the targets of images that are their own."""
    return Targets((IMAGE,), torch.zeros(images, dtype=torch.uint8))


# Tables


def read_numbers(cells: Sequence[str], columns: Sequence[str]) -> tuple[float, ...]:
    """Return the numbers of a row; raises BadValue."""
    return tuple(_read_number(cell, column) for cell, column in zip(cells, columns, strict=True))


def _read_number(cell: str, column: str) -> float:
    try:
        number = float(cell.replace("_", "?"))  # 1_000 is a number in Python alone
    except ValueError:
        raise BadValue(
            f"`{shorten_text(cell)}` in `{column}` is no number" if cell else f"no number in `{column}`"
        ) from None
    if not isfinite(number):
        raise BadValue(f"{shorten_text(cell)} in `{column}` is not finite")
    if abs(number) > LARGEST:
        raise BadValue(f"{shorten_text(cell)} in `{column}` is too large for a number of 32 bits")
    return number


def refuse_rounding(numbers: np.ndarray, names: Sequence[str]) -> None:
    """Raise DataProblem where float32 cannot tell the values of a number apart; `numbers` are N×K in any type.

    Times in seconds since 1970 that differ by minutes are such numbers.
    """
    exact = np.asarray(numbers, np.float64).reshape(len(numbers), -1)
    with np.errstate(over="ignore", invalid="ignore"):
        errors = np.abs(exact.astype(np.float32) - exact).max(0)
        ranges = exact.max(0) - exact.min(0)
    for name, error, width in zip(names, errors.tolist(), ranges.tolist(), strict=False):
        if width > 0 and error > LARGEST_ERROR * width:
            raise DataProblem(
                f"the values of `{name}` lie within {width:.3g} of each other, and numbers of 32 bits round them by up "
                f"to {error:.3g}; take off what they have in common, or choose a unit in which they are near 1"
            )


def read_flags(cells: Sequence[str], columns: Sequence[str]) -> tuple[float, ...]:
    """Return 0 or 1 for each cell of a row; raises BadValue."""
    numbers = read_numbers(cells, columns)
    for number, cell, column in zip(numbers, cells, columns, strict=True):
        if number not in (0, 1):
            raise BadValue(f"{shorten_text(cell)} in `{column}` is neither 0 nor 1")
    return numbers


def find_separator(cells: Sequence[str]) -> str:
    """Return what stands between the names in cells: the first separator that occurs in any, or else a space."""
    return next((each for each in SEPARATORS if any(each in cell for cell in cells)), " ")


def split_names(cell: str, separator: str) -> tuple[str, ...]:
    """Return the names in a cell; an empty one has none."""
    return tuple(name for each in cell.split(separator) if (name := each.strip()))


def encode_names(rows: Mapping[str, Sequence[Sequence[str]]], known: tuple[str, ...] | None) -> Targets:
    """Return uint8 N×classes for the names of the images of all parts, one part after the other.

    `known` are the classes of a run that the images are for; without, they are those of the training part. Raises
    DataProblem for other names.
    """
    train = rows.get("train", ())
    names = known or order_classes(name for row in train for name in row)
    places = {name: place for place, name in enumerate(names)}
    if not names:
        raise DataProblem("no image of the training part has a class: all its labels are empty")
    for part, each in rows.items():
        if odd := order_classes({name for row in each for name in row} - set(names)):
            raise DataProblem(f"the {part} part has images of {explain_unknown(odd, known)}")
    every = [row for each in rows.values() for row in each]
    flags = torch.zeros(len(every), len(names), dtype=torch.uint8)
    for image, row in enumerate(every):
        flags[image, [places[name] for name in row]] = 1
    return Targets(names, flags)


# Arrays


def convert_numbers(values: np.ndarray, part: str) -> Tensor:
    """Return float32 N×K of numbers N or N×K; raises DataProblem."""
    if values.dtype.kind not in "buif" or values.ndim not in (1, 2):
        raise DataProblem(f"the targets of the {part} part are {_describe(values)}; numbers are N or N×K")
    with np.errstate(over="ignore"):
        table = torch.from_numpy(np.ascontiguousarray(values, np.float32)).reshape(len(values), -1)
    _refuse_rows(~table.isfinite().all(1), part, "not finite")
    return table


def convert_flags(values: np.ndarray, part: str) -> Tensor:
    """Return uint8 N×classes of 0 and 1; raises DataProblem."""
    if values.dtype.kind not in "buif" or values.ndim != 2:
        raise DataProblem(
            f"the targets of the {part} part are {_describe(values)}; several classes are N×classes of 0 and 1"
        )
    table = torch.from_numpy(np.ascontiguousarray(values, np.float32))
    _refuse_rows(~((table == 0) | (table == 1)).all(1), part, "neither 0 nor 1")
    return table.to(torch.uint8)


CONVERSIONS: Mapping[Target, Callable[[np.ndarray, str], Tensor]] = {
    Target.NUMBERS: convert_numbers,
    Target.CLASSES: convert_flags,
}
"""How the targets of a part that come as an array are brought into the trainer's form."""


def convert_arrays(
    target: Target, values: Mapping[str, np.ndarray], names: Sequence[str] | None
) -> tuple[tuple[str, ...], dict[str, Tensor]]:
    """Return the names of what the targets of all parts stand for, and the targets by part; raises DataProblem."""
    converted = {part: CONVERSIONS[target](each, part) for part, each in values.items()}
    widths = {part: each.shape[1] for part, each in converted.items()}
    width = next(iter(widths.values()))
    for part, each in widths.items():
        if each != width:
            raise DataProblem(f"the {part} part has {each} targets for an image, and the training part has {width}")
    if names and len(names) != width:
        raise DataProblem(f"the data names {format_amount(len(names), 'class')}, and has {width} targets for an image")
    plain = ("target",) if width == 1 else tuple(f"target {number}" for number in range(1, width + 1))
    return tuple(names or plain), converted


def _describe(values: np.ndarray) -> str:
    return f"{'×'.join(map(str, values.shape))} of {values.dtype}"


def _refuse_rows(bad: Tensor, part: str, why: str) -> None:
    """Raise DataProblem where there are bad images, bool N."""
    if places := bad.nonzero().ravel().tolist():
        images = format_amount(len(bad), "image")
        raise DataProblem(
            f"the targets of {len(places):,} of {images} of the {part} part are {why}, "
            f"first those of image {places[0]:,}"
        )
