"""CIFAR-10 and CIFAR-100 in their python version: pickles, read without running anything in them (Krizhevsky 2009)."""

from __future__ import annotations

import io
import pickle
from collections.abc import Iterable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from specnet.training.data.find import Found, Published
from specnet.training.data.images import DataSet, Images

CIFAR10 = Published(
    title="CIFAR-10",
    url="https://www.cs.toronto.edu/~kriz",
    files={
        "data_batch_1": "c99cafc152244af753f735de768cd75f",
        "data_batch_2": "d4bba439e000b95fd0a9bffe97cbabec",
        "data_batch_3": "54ebc095f3ab1f0389bbae665268c751",
        "data_batch_4": "634d18415352ddfa80567beed471001a",
        "data_batch_5": "482c414d41f54cd18b22e5b47cb7c3cb",
        "test_batch": "40351d587109b95175f43aff81a1287e",
        "batches.meta": "5ff9c542aee3614f3951f8cda6e48888",
    },
    folders=("cifar-10-batches-py",),
    images=(50_000, 10_000),
    archive=("cifar-10-python.tar.gz", "c58f30108f718f92721af3b95e74349a"),
)

CIFAR100 = Published(
    title="CIFAR-100",
    url="https://www.cs.toronto.edu/~kriz",
    files={
        "train": "16019d7e3df5f24257cddd939b257f8d",
        "test": "f0ef6b0ae62326f3e7ffdfab6717acfc",
        "meta": "7973b15100ade9c7d40fb424638fde48",
    },
    folders=("cifar-100-python",),
    images=(50_000, 10_000),
    archive=("cifar-100-python.tar.gz", "eb9058c3a382ffc7106e4002c42a8d85"),
)


def read_cifar10(found: Found) -> DataSet:
    """Five files to train, one to test; raises DataProblem."""
    batches = [f"data_batch_{number}" for number in range(1, 6)]
    classes = _names(found, "batches.meta", "label_names")
    return DataSet(classes, train=_part(found, batches, "labels"), test=_part(found, ["test_batch"], "labels"))


def read_cifar100(found: Found) -> DataSet:
    """One file to train, one to test, with the hundred fine labels; raises DataProblem."""
    classes = _names(found, "meta", "fine_label_names")
    return DataSet(classes, train=_part(found, ["train"], "fine_labels"), test=_part(found, ["test"], "fine_labels"))


def _names(found: Found, file: str, key: str) -> tuple[str, ...]:
    return tuple(str(name) for name in _entries(found, file, [key])[key])


def _part(found: Found, files: Iterable[str], key: str) -> Images:
    pixels, labels = zip(*(_file(found, file, key) for file in files), strict=True)
    return Images(torch.cat(pixels), torch.cat(labels))


def _file(found: Found, file: str, key: str) -> tuple[Tensor, Tensor]:
    """A row of 3,072 bytes an image, the red, the green and the blue map one after the other."""
    entries = _entries(found, file, ["data", key])
    rows = entries["data"]
    if not isinstance(rows, np.ndarray) or rows.dtype != np.uint8 or rows.shape[1:] != (3072,):
        raise found.damaged(file, "its `data` is no table of 3,072 bytes a row")
    labels = entries[key]
    if not isinstance(labels, list) or not all(isinstance(label, int) for label in labels):
        raise found.damaged(file, f"its `{key}` is no list of numbers")
    if len(labels) != len(rows):
        raise found.damaged(file, f"{len(labels)} labels for {len(rows)} images")
    maps = torch.from_numpy(rows).reshape(-1, 3, 32, 32)
    return maps.permute(0, 2, 3, 1).contiguous(), torch.tensor(labels)


def _entries(found: Found, file: str, keys: Iterable[str]) -> dict[str, Any]:
    """A pickled dictionary, in which there are these keys."""
    packed = found.read(file)
    try:
        content = _DataOnly(io.BytesIO(packed), encoding="latin1").load()
        entries = {_text(key): value for key, value in content.items()}
    except Exception as error:  # a damaged pickle may raise anything
        raise found.damaged(file, str(error) or "it ends too early") from None
    if missing := [key for key in keys if key not in entries]:
        raise found.damaged(file, f"it has no entry `{missing[0]}`")
    return entries


def _text(key: str | bytes) -> str:
    return key.decode("latin1") if isinstance(key, bytes) else key


class _DataOnly(pickle.Unpickler):
    """An unpickler that knows what a numpy array is made of, and refuses everything else by name."""

    allowed = frozenset(
        {
            ("numpy", "ndarray"),
            ("numpy", "dtype"),
            ("numpy.core.multiarray", "_reconstruct"),
            ("numpy._core.multiarray", "_reconstruct"),
            ("numpy._core.numeric", "_frombuffer"),
            ("_codecs", "encode"),
        }
    )

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in self.allowed:
            raise pickle.UnpicklingError(f"it wants to run {module}.{name}, which no data needs")
        return super().find_class(module.replace("numpy.core", "numpy._core"), name)
