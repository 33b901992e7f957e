"""Describe the data of a run before its first step: classes, parts, sizes, and what was changed on the way."""

from __future__ import annotations

from collections.abc import Iterator

from torch import Tensor

from specnet.printable import format_amount
from specnet.training.data.folder_survey import DEEP_TO_BYTES
from specnet.training.data.images import DataSet, Findings, Images

FIRST, LAST = 3, 2
"""The classes that are named of many."""


def describe_data(data: DataSet, noun: str = "class") -> Iterator[str]:
    """Yield a line each on parts and classes, on the images of each class, on their sizes, and on their changes.

    `noun` is what the names of the data's classes are of.
    """
    parts = ", ".join(f"{len(part):,} {name}" for name, part in data.parts().items())
    names = format_amount(len(data.classes), noun)
    yield f"{parts} images{f' of {names}: {_list_classes(data.classes)}' if data.classes else ''}"
    if data.train.has_labels:
        yield "; ".join(f"{name}: {_describe_balance(part, data.classes)}" for name, part in data.parts().items())
    elif data.train.targets.dim() == 2:
        describe = _describe_ranges if data.train.targets.is_floating_point() else _describe_several
        yield describe(data.train.targets, data.classes)
    if data.findings:
        yield _describe_findings(data.findings, data.channels)
    if data.scale:
        scale = f"{data.scale.low:,} becomes 0, and {data.scale.high:,} becomes 255"
        yield f"grey of 16 bits is brought to 8{_describe_mixture(data)}: {scale}"


def _describe_mixture(data: DataSet) -> str:
    """Return how many images are grey of 16 bits, if others are not."""
    images = sum(map(len, data.parts().values()))
    deep = data.findings.changes.get(DEEP_TO_BYTES, images) if data.findings else images
    return f" in {deep:,} of {format_amount(images, 'image')}" if deep < images else ""


def _list_classes(classes: tuple[str, ...]) -> str:
    if len(classes) <= FIRST + LAST + 1:
        return ", ".join(classes)
    return f"{', '.join(classes[:FIRST])} … {', '.join(classes[-LAST:])}"


def _describe_balance(part: Images, classes: tuple[str, ...]) -> str:
    """Return `40 of each class`, or `12 of cat to 40 of dog`."""
    return _describe_counts(part.labels.bincount(minlength=len(classes)), classes)


def _describe_counts(counts: Tensor, classes: tuple[str, ...]) -> str:
    fewest, most = int(counts.argmin()), int(counts.argmax())
    if counts[fewest] == counts[most]:
        return f"{int(counts[most]):,} of each class"
    return f"{int(counts[fewest]):,} of {classes[fewest]} to {int(counts[most]):,} of {classes[most]}"


def _describe_several(targets: Tensor, classes: tuple[str, ...]) -> str:
    """Return `train: 12 of cat to 40 of dog; 1.8 classes an image, 3 images without any`, of uint8 N×classes."""
    shown = targets.sum(1)
    without = f", {format_amount(none, 'image')} without any" if (none := int((shown == 0).sum())) else ""
    return f"train: {_describe_counts(targets.sum(0), classes)}; {shown.double().mean():.3g} classes an image{without}"


def _describe_ranges(targets: Tensor, names: tuple[str, ...]) -> str:
    """Return `train: angle from -45 to 45, x from 3 to 61`, of float N×K."""
    ranges = zip(names, targets.amin(0).tolist(), targets.amax(0).tolist(), strict=True)
    known = [f"{name} from {low:.5g} to {high:.5g}" for name, low, high in ranges]
    few = known if len(known) <= FIRST + LAST + 1 else [*known[:FIRST], f"and {len(known) - FIRST} more"]
    return f"train: {', '.join(few)}"


def _describe_findings(found: Findings, channels: int) -> str:
    sizes = [f"{height}×{width}" for height, width in (found.smallest, found.largest)]
    size = sizes[0] if sizes[0] == sizes[1] else " to ".join(sizes)
    ranked = sorted(found.changes.items(), key=lambda change: (-change[1], change[0]))
    changes = ", ".join(f"{number:,} {change}" for change, number in ranked) or "none"
    return f"found {size}×{channels}; changed on the way: {changes}"
