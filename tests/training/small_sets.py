"""Write data sets of a few images in their publishers' formats."""

from __future__ import annotations

import gzip
import pickle
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from specnet.settings.data import Data
from specnet.settings.split import Split
from specnet.settings.tasks.classify import Classify
from specnet.training.data.images import DataRequest, DataSet
from specnet.training.data.loading import load
from specnet.training.tasks.classify import ClassifyObjective

CLASSIFY = ClassifyObjective(Classify(), ())
"""What images with one class each are trained for, where the names of the classes do not matter."""


def read(data: Data, data_dir: Path | None, shape: tuple[int, int, int], split: Split | None = None) -> DataSet:
    return load(data, split, DataRequest(shape, data_dir, lambda text: None))


def write_idx(path: Path, values: np.ndarray, packed: bool = True) -> None:
    """Write an idx file of unsigned bytes, gzipped if `packed`."""
    sizes = b"".join(size.to_bytes(4, "big") for size in values.shape)
    content = bytes((0, 0, 8, values.ndim)) + sizes + values.astype(np.uint8).tobytes()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(content) if packed else content)


def write_mnist(folder: Path, train: int = 20, test: int = 10, packed: bool = True) -> np.ndarray:
    """Write the four files of MNIST with labels 0, 1, … 9, 0, …; return the training images N×28×28."""
    random = np.random.default_rng(0)
    suffix = ".gz" if packed else ""
    images = {name: random.integers(0, 256, (count, 28, 28)) for name, count in (("train", train), ("t10k", test))}
    for name, pixels in images.items():
        write_idx(folder / f"{name}-images-idx3-ubyte{suffix}", pixels, packed)
        write_idx(folder / f"{name}-labels-idx1-ubyte{suffix}", np.arange(len(pixels)) % 10, packed)
    return images["train"]


def write_pickle(path: Path, entries: dict[str, Any]) -> None:
    """Write a dictionary as Python 2 pickles it: protocol 2, with bytes as keys."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(pickle.dumps({key.encode(): value for key, value in entries.items()}, protocol=2))


def write_cifar10(folder: Path, each: int = 4) -> np.ndarray:
    """Write the seven files of CIFAR-10 with `each` images per batch; return the rows of a batch, `each`×3072."""
    rows = np.random.default_rng(0).integers(0, 256, (each, 3072), dtype=np.uint8)
    for name in (*(f"data_batch_{number}" for number in range(1, 6)), "test_batch"):
        write_pickle(folder / name, {"data": rows, "labels": [place % 10 for place in range(each)]})
    write_pickle(folder / "batches.meta", {"label_names": [f"kind{number}" for number in range(10)]})
    return rows


def write_cifar100(folder: Path, each: int = 4) -> None:
    """Write the three files of CIFAR-100 with `each` images in the training and the test set."""
    random = np.random.default_rng(0)
    for name in ("train", "test"):
        rows = random.integers(0, 256, (each, 3072), dtype=np.uint8)
        entries = {"data": rows, "fine_labels": [99 - place for place in range(each)], "coarse_labels": [0] * each}
        write_pickle(folder / name, entries)
    names = {"fine_label_names": [f"fine{number}" for number in range(100)], "coarse_label_names": ["coarse"] * 20}
    write_pickle(folder / "meta", names)


def write_image(path: Path, colour: tuple[int, ...] | int, size: tuple[int, int] = (12, 8)) -> None:
    """Write an image of one colour, `size` wide and high; an int is a grey value."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB" if isinstance(colour, tuple) else "L", size, colour).save(path)
