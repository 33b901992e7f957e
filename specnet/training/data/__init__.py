"""The images to train on: found or downloaded, read, brought to the network's size, and split."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from specnet.settings.data import Cifar10, Cifar100, Data, Digits, FashionMnist, Folder, Mnist, Synthetic
from specnet.settings.split import Split
from specnet.training.data import cifar, digits, folder, idx, synthetic
from specnet.training.data.download import obtain
from specnet.training.data.find import Found, Published
from specnet.training.data.fit import fitted
from specnet.training.data.images import DataSet, Images
from specnet.training.data.split import set_aside
from specnet.training.errors import DataProblem

__all__ = ["DataSet", "Images", "Request", "load"]


@dataclass(frozen=True)
class Request:
    """Images of `shape` (height, width, channels), from below `data_dir` first; `note` is told of downloads."""

    shape: tuple[int, int, int]
    data_dir: Path | None
    note: Callable[[str], None]


def load(data: Data, split: Split | None, request: Request) -> DataSet:
    """The set with all images of the height and width asked for; raises DataProblem, CannotRun."""
    found = _read(data, request)
    _check_labels(data, found)
    size = request.shape[:2]
    return set_aside(found.each(lambda part: Images(fitted(part.pixels, size), part.labels)), split)


def _read(data: Data, request: Request) -> DataSet:
    match data:
        case Mnist():
            return _published(idx.MNIST, lambda found: idx.read(found, idx.DIGITS), request)
        case FashionMnist():
            return _published(idx.FASHION_MNIST, lambda found: idx.read(found, idx.CLOTHES), request)
        case Cifar10():
            return _published(cifar.CIFAR10, cifar.read_cifar10, request)
        case Cifar100():
            return _published(cifar.CIFAR100, cifar.read_cifar100, request)
        case Digits():
            return digits.read()
        case Synthetic():
            return synthetic.make(data, request.shape)
        case Folder():
            return folder.read(data, request.data_dir, request.shape[:2])
    raise TypeError(f"no reader for {data!r}")


def _published(published: Published, read: Callable[[Found], DataSet], request: Request) -> DataSet:
    """Read a set; one with as many images as published must be the published one to the last bit."""
    found = obtain(published, request.data_dir, request.note)
    data = read(found)
    if tuple(len(part) for part in data.parts().values()) == published.images:
        found.verify()
    else:
        request.note(f"{found.place} is not the published {published.title}: {len(data.train)} images to train on")
    return data


def _check_labels(data: Data, found: DataSet) -> None:
    """Raises DataProblem where labels and classes do not agree."""
    if data.classes is not None and len(found.classes) != data.classes:
        raise DataProblem(f"the spec says {data.classes} classes, and the data has {len(found.classes)}")
    for name, part in found.parts().items():
        if not len(part):
            raise DataProblem(f"the {name} part of the data is empty")
        if part.labels.min() < 0 or part.labels.max() >= len(found.classes):
            raise DataProblem(
                f"the {name} part has a label {part.labels.max()}, and there are {len(found.classes)} classes"
            )
