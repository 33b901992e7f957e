"""MNIST and Fashion-MNIST are read as they are published; what is damaged is refused with its name."""

from __future__ import annotations

import gzip
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from small_sets import read, write_idx, write_mnist

from specnet.settings.data import FashionMnist, Mnist
from specnet.training import DataProblem
from specnet.training.data import sets

IMAGES = "train-images-idx3-ubyte.gz"


@pytest.mark.parametrize("folder", ["mnist", "MNIST/raw", "MNIST", "."])
@pytest.mark.parametrize("packed", [True, False])
def test_mnist_is_found_in_every_layout(tmp_path: Path, folder: str, packed: bool) -> None:
    pixels = write_mnist(tmp_path / folder, packed=packed)
    data = read(Mnist(), tmp_path, (28, 28, 1))
    assert (data.train.pixels[..., 0].numpy() == pixels).all()
    assert data.train.labels.tolist() == [*range(10), *range(10)]
    assert data.test is not None
    assert data.test.pixels.shape == (10, 28, 28, 1)
    assert data.classes == tuple("0123456789")


@pytest.mark.parametrize("folder", ["fashion_mnist", "fashion-mnist", "FashionMNIST/raw"])
def test_fashion_mnist(tmp_path: Path, folder: str) -> None:
    write_mnist(tmp_path / folder)
    data = read(FashionMnist(), tmp_path, (28, 28, 1))
    assert len(data.train) == 20
    assert data.classes[9] == "ankle boot"


def test_the_environment_names_a_folder_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_mnist(tmp_path / "sets/mnist")
    monkeypatch.setenv("SPECNET_DATA", str(tmp_path / "sets"))
    assert len(read(Mnist(), None, (28, 28, 1)).train) == 20


def test_images_take_the_network_s_size(tmp_path: Path) -> None:
    write_mnist(tmp_path / "mnist")
    assert read(Mnist(), tmp_path, (32, 24, 1)).train.pixels.shape == (20, 32, 24, 1)


def _half_of(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _other_magic(path: Path) -> None:
    path.write_bytes(gzip.compress(b"\0\0\r\3" + gzip.decompress(path.read_bytes())[4:]))


def _too_short(path: Path) -> None:
    path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes())[:-1]))


@pytest.mark.parametrize("damage", [_half_of, _other_magic, _too_short, Path.unlink])
def test_a_damaged_file_is_named(tmp_path: Path, damage: object) -> None:
    write_mnist(tmp_path / "mnist")
    damage(tmp_path / "mnist" / IMAGES)  # type: ignore[operator]
    with pytest.raises(DataProblem, match=IMAGES):
        read(Mnist(), tmp_path, (28, 28, 1))


def test_labels_without_images(tmp_path: Path) -> None:
    write_mnist(tmp_path / "mnist")
    write_idx(tmp_path / "mnist/train-labels-idx1-ubyte.gz", np.zeros(19))
    with pytest.raises(DataProblem, match="19 labels for 20 images"):
        read(Mnist(), tmp_path, (28, 28, 1))


def test_numbers_with_fractions_are_no_images(tmp_path: Path) -> None:
    """So there is no NaN among them: what is read are whole numbers from 0 to 255."""
    write_mnist(tmp_path / "mnist", packed=False)
    path = tmp_path / "mnist/train-images-idx3-ubyte"
    path.write_bytes(b"\0\0\x0d\x03" + path.read_bytes()[4:])
    with pytest.raises(DataProblem, match="does not begin as an idx file"):
        read(Mnist(), tmp_path, (28, 28, 1))


def test_a_label_that_is_no_class(tmp_path: Path) -> None:
    write_mnist(tmp_path / "mnist")
    write_idx(tmp_path / "mnist/train-labels-idx1-ubyte.gz", np.full(20, 10))
    with pytest.raises(
        DataProblem, match=r"20 of 20 labels of the train part .* from 0 to 9.* first is 10, of image 0"
    ):
        read(Mnist(), tmp_path, (28, 28, 1))


def test_as_many_images_as_published_must_be_the_published_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_mnist(tmp_path / "mnist")
    monkeypatch.setattr(sets, "MNIST", replace(sets.MNIST, images=(20, 10)))
    with pytest.raises(DataProblem, match=r"its MD5 is [0-9a-f]{32}, the published one f68b3c2d"):
        read(Mnist(), tmp_path, (28, 28, 1))
