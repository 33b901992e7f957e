"""The images to train on: found or downloaded, read, brought to the network's size, and split."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

from specnet.settings.data import Cifar10, Cifar100, Data, Digits, FashionMnist, Folder, Mnist, Synthetic
from specnet.settings.split import Split
from specnet.training.data import cifar, digits, folder, idx, synthetic
from specnet.training.data.download import obtain
from specnet.training.data.find import Found, Published
from specnet.training.data.fit import fitted
from specnet.training.data.images import DataSet, Images, Pixels, Stored
from specnet.training.data.request import Request
from specnet.training.data.residence import brought_in, settled
from specnet.training.data.split import set_aside
from specnet.training.errors import DataProblem

__all__ = ["DataSet", "Images", "Pixels", "Request", "Stored", "load", "settled"]


def load(data: Data, split: Split | None, request: Request) -> DataSet:
    """The set with all images of the height and width asked for; raises DataProblem, CannotRun."""
    found = _read(data, request)
    _check_labels(data, found)
    fitting = found.each(lambda part: _fitted(part, request.shape[:2]))
    return brought_in(set_aside(fitting, split), request.note)


def _fitted(part: Images, size: tuple[int, int]) -> Images:
    """The images in the size asked for; those of a folder have it."""
    return Images(fitted(part.pixels, size), part.labels) if isinstance(part.pixels, Tensor) else part


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
            return folder.read(data, request)
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
        odd = ((part.labels < 0) | (part.labels >= len(found.classes))).nonzero().ravel().tolist()
        if odd:
            raise DataProblem(
                f"{len(odd):,} of {len(part):,} labels of the {name} part are not from 0 to {len(found.classes) - 1}, "
                f"as {len(found.classes)} classes have them: the first is {part.labels[odd[0]]}, of image {odd[0]:,}"
            )
