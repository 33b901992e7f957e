"""CIFAR's pickles are read without running anything in them."""

from __future__ import annotations

import os
import pickle
import tarfile
from pathlib import Path

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from small_sets import read, write_cifar10, write_cifar100, write_pickle

import specnet
from specnet.settings.data import Cifar10, Cifar100
from specnet.training import DataProblem

SHAPE = (32, 32, 3)


def test_cifar10(tmp_path: Path) -> None:
    rows = write_cifar10(tmp_path / "cifar-10-batches-py")
    data = read(Cifar10(), tmp_path, SHAPE)
    assert len(data.train) == 20
    assert (data.train.pixels[1, 2, 3].numpy() == rows[1].reshape(3, 32, 32)[:, 2, 3]).all()
    assert data.train.labels.tolist() == [0, 1, 2, 3] * 5
    assert data.classes[3] == "kind3"


def test_cifar100_has_the_fine_labels(tmp_path: Path) -> None:
    write_cifar100(tmp_path / "cifar-100-python")
    data = read(Cifar100(), tmp_path, SHAPE)
    assert data.train.labels.tolist() == [99, 98, 97, 96]
    assert len(data.classes) == 100


def test_the_archive_serves_as_it_is(tmp_path: Path) -> None:
    write_cifar10(tmp_path / "unpacked/cifar-10-batches-py")
    with tarfile.open(tmp_path / "cifar-10-python.tar.gz", "w:gz") as archive:
        archive.add(tmp_path / "unpacked/cifar-10-batches-py", "cifar-10-batches-py")
    assert len(read(Cifar10(), tmp_path, SHAPE).train) == 20


def test_half_an_archive_is_refused(tmp_path: Path) -> None:
    write_cifar10(tmp_path / "unpacked/cifar-10-batches-py")
    path = tmp_path / "cifar-10-python.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        archive.add(tmp_path / "unpacked/cifar-10-batches-py", "cifar-10-batches-py")
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(DataProblem, match="only half there"):
        read(Cifar10(), tmp_path, SHAPE)


class _Runs:
    """What a pickle can do to those who trust it."""

    def __init__(self, victim: Path) -> None:
        self.victim = victim

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.unlink, (str(self.victim),)


def test_a_malicious_pickle_does_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "cifar-10-batches-py"
    write_cifar10(folder)
    victim = tmp_path / "precious"
    victim.touch()
    (folder / "data_batch_3").write_bytes(pickle.dumps({b"data": _Runs(victim), b"labels": []}))
    with pytest.raises(DataProblem, match=r"data_batch_3.*it wants to run posix\.unlink"):
        read(Cifar10(), tmp_path, SHAPE)
    assert victim.exists()


@pytest.mark.parametrize(
    "gadget", [b"cbuiltins\neval\n(S'1/0'\ntR.", b"cos\nsystem\n(S'true'\ntR.", b"\x80", b"", b"I1\n."]
)
def test_other_pickles_that_are_no_data(tmp_path: Path, gadget: bytes) -> None:
    folder = tmp_path / "cifar-10-batches-py"
    write_cifar10(folder)
    (folder / "test_batch").write_bytes(gadget)
    with pytest.raises(DataProblem, match="test_batch"):
        read(Cifar10(), tmp_path, SHAPE)


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "cifar-10-batches-py"
    write_cifar10(folder)
    (folder / "data_batch_4").unlink()
    with pytest.raises(DataProblem, match=r"incomplete.*no data_batch_4"):
        read(Cifar10(), tmp_path, SHAPE)


def test_rows_of_another_length(tmp_path: Path) -> None:
    folder = tmp_path / "cifar-10-batches-py"
    write_cifar10(folder)
    write_pickle(folder / "data_batch_2", {"data": np.zeros((4, 3071), np.uint8), "labels": [0] * 4})
    with pytest.raises(DataProblem, match="no table of 3,072 bytes a row"):
        read(Cifar10(), tmp_path, SHAPE)


def test_an_entry_is_missing(tmp_path: Path) -> None:
    folder = tmp_path / "cifar-10-batches-py"
    write_cifar10(folder)
    write_pickle(folder / "data_batch_2", {"labels": [0] * 4})
    with pytest.raises(DataProblem, match="no entry `data`"):
        read(Cifar10(), tmp_path, SHAPE)


@pytest.mark.parametrize(
    ("file", "entries", "message"),
    [
        ("data_batch_2", {"data": np.zeros((4, 3072), np.uint8), "labels": [0, 1, 2, 2**70]}, "no list of numbers"),
        ("data_batch_2", {"data": np.zeros((4, 3072), np.uint8), "labels": [0, 1, 2, -1]}, "no list of numbers"),
        ("data_batch_2", {"data": np.zeros((4, 3072), np.uint8), "labels": [0, 1]}, "2 labels for 4 images"),
        ("batches.meta", {"label_names": 10}, "`label_names` is no list"),
    ],
)
def test_entries_of_another_type(tmp_path: Path, file: str, entries: dict[str, object], message: str) -> None:
    folder = tmp_path / "cifar-10-batches-py"
    write_cifar10(folder)
    write_pickle(folder / file, entries)
    with pytest.raises(DataProblem, match=f"{file}.*{message}"):
        read(Cifar10(), tmp_path, SHAPE)


def test_some_of_the_classes(tmp_path: Path) -> None:
    """They keep their order, and are numbered anew."""
    write_cifar10(tmp_path / "cifar-10-batches-py", each=20)
    whole = read(Cifar10(), tmp_path, (32, 32, 3))
    some = read(Cifar10(only="kind7, kind2"), tmp_path, (32, 32, 3))
    assert some.classes == ("kind2", "kind7")
    for part, other in zip(some.parts().values(), whole.parts().values(), strict=True):
        kept = (other.labels == 2) | (other.labels == 7)
        assert len(part) == int(kept.sum()) > 0
        assert (part.labels == (other.labels[kept] == 7).long()).all()
        assert torch.equal(part.pixels[:], other.pixels[kept])


def test_a_class_that_there_is_not(tmp_path: Path) -> None:
    write_cifar10(tmp_path / "cifar-10-batches-py")
    with pytest.raises(DataProblem, match=r"`only` names the class knid2, and there are kind0, .*did you mean `kind2`"):
        read(Cifar10(only="kind1,knid2"), tmp_path, (32, 32, 3))


@pytest.mark.parametrize("only", ["cat", "cat,cat", "cat,,dog", ""])
def test_names_of_classes(only: str) -> None:
    with pytest.raises(ValidationError):
        Cifar10(only=only)


def test_the_network_has_as_many_outputs_as_classes_are_chosen() -> None:
    spec = 'input 32x32x3\nfc 2\ntrain {\n  data cifar10 only="cat,dog"\n}\n'
    assert not specnet.check(spec).diagnostics
    assert "10 outputs" in specnet.check(spec.replace("fc 2", "fc 10")).diagnostics[0].message
