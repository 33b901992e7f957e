"""MNIST and Fashion-MNIST: images and labels as idx files (LeCun 1998), packed with gzip or not."""

from __future__ import annotations

from math import prod

import numpy as np
import torch
from torch import Tensor

from specnet.training.data.find import Found, Published
from specnet.training.data.images import DataSet, Images

FILES = (
    "train-images-idx3-ubyte.gz",
    "train-labels-idx1-ubyte.gz",
    "t10k-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte.gz",
)

MNIST = Published(
    title="MNIST",
    url="https://ossci-datasets.s3.amazonaws.com/mnist",
    files={
        FILES[0]: "f68b3c2dcbeaaa9fbdd348bbdeb94873",
        FILES[1]: "d53e105ee54ea40749a09fcbcd1e9432",
        FILES[2]: "9fb629c4189551a2d022fa330f9573f3",
        FILES[3]: "ec29112dd5afa0611ce80d1b7f02629c",
    },
    folders=("mnist", "MNIST/raw", "MNIST"),
    images=(60_000, 10_000),
)

FASHION_MNIST = Published(
    title="Fashion-MNIST",
    url="http://fashion-mnist.s3-website.eu-central-1.amazonaws.com",
    files={
        FILES[0]: "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
        FILES[1]: "25c81989df183df01b3e8a0aad5dffbe",
        FILES[2]: "bef4ecab320f06d8554ea6380940ec79",
        FILES[3]: "bb300cfdad3c16e7a12a480ee83cd310",
    },
    folders=("fashion_mnist", "fashion-mnist", "FashionMNIST/raw", "FashionMNIST"),
    images=(60_000, 10_000),
)

DIGITS = tuple("0123456789")

CLOTHES = ("t-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot")


def read(found: Found, classes: tuple[str, ...]) -> DataSet:
    """Both parts; raises DataProblem."""
    return DataSet(classes, train=_part(found, *FILES[:2]), test=_part(found, *FILES[2:]))


def _part(found: Found, images: str, labels: str) -> Images:
    pixels, answers = _array(found, images, 3), _array(found, labels, 1)
    if len(pixels) != len(answers):
        raise found.damaged(labels, f"{len(answers)} labels for {len(pixels)} images")
    return Images(pixels.unsqueeze(-1), answers.long())


def _array(found: Found, file: str, dimensions: int) -> Tensor:
    """An idx file: 0, 0, 8 for unsigned bytes, the number of dimensions, their sizes as big-endian words, the bytes."""
    content = found.read(file)
    head = 4 + 4 * dimensions
    if content[:4] != bytes((0, 0, 8, dimensions)) or len(content) < head:
        raise found.damaged(file, f"it does not begin as an idx file of {dimensions} dimensions")
    shape = [int(size) for size in np.frombuffer(content, ">u4", dimensions, 4)]
    if len(content) != head + prod(shape):
        raise found.damaged(file, f"{prod(shape)} bytes are announced and {len(content) - head} are there")
    return torch.from_numpy(np.frombuffer(content, np.uint8, offset=head).reshape(shape).copy())
