"""The data sets, by the classes of their settings, and their formats."""

from __future__ import annotations

import io
import pickle
from collections.abc import Callable, Iterable
from importlib.util import find_spec
from math import prod
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import interpolate

from specnet.printable import format_amount
from specnet.settings import data as settings
from specnet.training.data.csv_table import read_csv
from specnet.training.data.download import LARGEST_FILE, PublishedSet, SetFiles, find_or_download
from specnet.training.data.folder import read_folder
from specnet.training.data.given import read_given
from specnet.training.data.images import DataRequest, DataSet, Images, split_off
from specnet.training.data.npz import read_npz
from specnet.training.data.streams.webdataset import read_webdataset
from specnet.training.errors import CannotRun
from specnet.training.randomness import make_generator

CIFAR10 = PublishedSet(
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

CIFAR100 = PublishedSet(
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


LABELS = 2**16
"""Labels are below it."""


def read_cifar10(found: SetFiles) -> DataSet:
    """Read CIFAR-10: five files to train, one to test; raises DataProblem."""
    batches = [f"data_batch_{number}" for number in range(1, 6)]
    classes = _read_class_names(found, "batches.meta", "label_names")
    return DataSet(
        classes,
        train=_read_cifar_part(found, batches, "labels"),
        test=_read_cifar_part(found, ["test_batch"], "labels"),
    )


def read_cifar100(found: SetFiles) -> DataSet:
    """Read CIFAR-100 with its hundred fine labels: one file to train, one to test; raises DataProblem."""
    classes = _read_class_names(found, "meta", "fine_label_names")
    return DataSet(
        classes,
        train=_read_cifar_part(found, ["train"], "fine_labels"),
        test=_read_cifar_part(found, ["test"], "fine_labels"),
    )


def _read_class_names(found: SetFiles, file: str, key: str) -> tuple[str, ...]:
    names = _read_pickle(found, file, [key])[key]
    if not isinstance(names, list):
        raise found.make_damage_error(file, f"its `{key}` is no list")
    return tuple(map(str, names))


def _read_cifar_part(found: SetFiles, files: Iterable[str], key: str) -> Images:
    pixels, labels = zip(*(_read_cifar_file(found, file, key) for file in files), strict=True)
    return Images(torch.cat(pixels), torch.cat(labels))


def _read_cifar_file(found: SetFiles, file: str, key: str) -> tuple[Tensor, Tensor]:
    """Read a file with a row of 3,072 bytes for each image: its red, green and blue map."""
    entries = _read_pickle(found, file, ["data", key])
    rows = entries["data"]
    is_table = isinstance(rows, np.ndarray) and rows.dtype == np.uint8 and rows.shape[1:] == (3072,)
    if not is_table or rows.nbytes > LARGEST_FILE:
        raise found.make_damage_error(file, "its `data` is no table of 3,072 bytes a row")
    labels = entries[key]
    if not isinstance(labels, list) or not all(isinstance(label, int) and 0 <= label < LABELS for label in labels):
        raise found.make_damage_error(file, f"its `{key}` is no list of numbers from 0")
    if len(labels) != len(rows):
        raise found.make_damage_error(
            file, f"{format_amount(len(labels), 'label')} for {format_amount(len(rows), 'image')}"
        )
    maps = torch.from_numpy(rows).reshape(-1, 3, 32, 32)
    return maps.permute(0, 2, 3, 1).contiguous(), torch.tensor(labels)


def _read_pickle(found: SetFiles, file: str, keys: Iterable[str]) -> dict[str, Any]:
    """Read a pickled dictionary that has the given keys."""
    packed = found.read(file)
    try:
        content = _DataUnpickler(io.BytesIO(packed), encoding="latin1").load()
    except Exception as error:  # a damaged pickle may raise anything
        raise found.make_damage_error(file, str(error) or "it ends too early") from None
    if not isinstance(content, dict):
        raise found.make_damage_error(file, "it holds no dictionary")
    entries = {_decode_key(key): value for key, value in content.items()}
    if missing := [key for key in keys if key not in entries]:
        raise found.make_damage_error(file, f"it has no entry `{missing[0]}`")
    return entries


def _decode_key(key: object) -> str:
    return key.decode("latin1") if isinstance(key, bytes) else str(key)


class _DataUnpickler(pickle._Unpickler):
    """An unpickler of numpy arrays that refuses to import anything else (Krizhevsky's files are pickles).

    It is Python's own, not the one in C, which reserves as much memory as a file announces: for a bytearray, and for
    the memo of the objects that are referred to again. Most of a file is one string, so that it takes no longer.
    """

    dispatch: ClassVar = {
        code: load for code, load in pickle._Unpickler.dispatch.items() if code != pickle.BYTEARRAY8[0]
    }
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


IDX_FILES = (
    "train-images-idx3-ubyte.gz",
    "train-labels-idx1-ubyte.gz",
    "t10k-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte.gz",
)

MNIST = PublishedSet(
    title="MNIST",
    url="https://ossci-datasets.s3.amazonaws.com/mnist",
    files={
        IDX_FILES[0]: "f68b3c2dcbeaaa9fbdd348bbdeb94873",
        IDX_FILES[1]: "d53e105ee54ea40749a09fcbcd1e9432",
        IDX_FILES[2]: "9fb629c4189551a2d022fa330f9573f3",
        IDX_FILES[3]: "ec29112dd5afa0611ce80d1b7f02629c",
    },
    folders=("mnist", "MNIST/raw", "MNIST"),
    images=(60_000, 10_000),
)

FASHION_MNIST = PublishedSet(
    title="Fashion-MNIST",
    url="http://fashion-mnist.s3-website.eu-central-1.amazonaws.com",
    files={
        IDX_FILES[0]: "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
        IDX_FILES[1]: "25c81989df183df01b3e8a0aad5dffbe",
        IDX_FILES[2]: "bef4ecab320f06d8554ea6380940ec79",
        IDX_FILES[3]: "bb300cfdad3c16e7a12a480ee83cd310",
    },
    folders=("fashion_mnist", "fashion-mnist", "FashionMNIST/raw", "FashionMNIST"),
    images=(60_000, 10_000),
)

DIGIT_NAMES = tuple("0123456789")

CLOTHES = ("t-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot")


def read_idx(found: SetFiles, classes: tuple[str, ...]) -> DataSet:
    """Read MNIST or Fashion-MNIST; raises DataProblem."""
    return DataSet(classes, train=_read_idx_part(found, *IDX_FILES[:2]), test=_read_idx_part(found, *IDX_FILES[2:]))


def _read_idx_part(found: SetFiles, images: str, labels: str) -> Images:
    pixels, answers = _read_idx_array(found, images, 3), _read_idx_array(found, labels, 1)
    if len(pixels) != len(answers):
        raise found.make_damage_error(
            labels, f"{format_amount(len(answers), 'label')} for {format_amount(len(pixels), 'image')}"
        )
    return Images(pixels.unsqueeze(-1), answers.long())


def _read_idx_array(found: SetFiles, file: str, dimensions: int) -> Tensor:
    """Read an idx file (LeCun 1998): 0, 0, 8, the number of dimensions, their sizes as big-endian words, bytes."""
    content = found.read(file)
    head = 4 + 4 * dimensions
    if content[:4] != bytes((0, 0, 8, dimensions)) or len(content) < head:
        raise found.make_damage_error(file, f"it does not begin as an idx file of {dimensions} dimensions")
    shape = [int(size) for size in np.frombuffer(content, ">u4", dimensions, 4)]
    if 0 in shape[1:]:
        raise found.make_damage_error(file, f"its images are {shape[1]}×{shape[2]}")
    if len(content) != head + prod(shape):
        raise found.make_damage_error(file, f"{prod(shape)} bytes are announced and {len(content) - head} are there")
    return torch.from_numpy(np.frombuffer(content, np.uint8, offset=head).reshape(shape).copy())


TEST_SHARE = 5
"""One image in five is split off for the test, as the set is published without a test part."""


def read_digits(setting: settings.Digits, request: DataRequest) -> DataSet:
    """Read the handwritten digits of scikit-learn, 17 shades of grey in 8×8; raises CannotRun without scikit-learn."""
    table = torch.from_numpy(np.loadtxt(_digits_file(), np.uint8, delimiter=","))
    shades = table[:, :64].reshape(-1, 8, 8, 1).double()
    images = Images((shades * 255 / 16).round().to(torch.uint8), table[:, 64].long())
    train, test = split_off(images, 0, len(images) // TEST_SHARE)
    return DataSet(tuple("0123456789"), train, test=test)


def _digits_file() -> Path:
    """Return the path of the table, as importing scikit-learn takes fifteen times as long as reading it."""
    package = find_spec("sklearn")
    if package is None or package.origin is None:
        raise CannotRun("`data digits` needs scikit-learn: pip install 'specnet[train]'")
    file = Path(package.origin).parent / "datasets" / "data" / "digits.csv.gz"
    if not file.is_file():
        raise CannotRun(f"the scikit-learn that is installed has no digits: there is no {file}")
    return file


def make_synthetic(setting: settings.Synthetic, request: DataRequest) -> DataSet:
    """Make images of balanced classes, each a noisy copy of its class's pattern; a fifth more are the test set."""
    patterns = _draw_patterns(setting, request.shape)
    train = _draw_part(setting, "train", setting.images, patterns)
    test = _draw_part(setting, "test", max(1, setting.images // 5), patterns)
    return DataSet(tuple(str(label) for label in range(setting.classes)), train, test=test)


def _draw_patterns(setting: settings.Synthetic, shape: tuple[int, int, int]) -> Tensor:
    """Draw uint8 classes×H×W×C from 0 to 127: an enlarged grid of 4×4 random colours for each class."""
    height, width, channels = shape
    coarse = torch.rand(setting.classes, channels, 4, 4, generator=make_generator(setting.seed, "patterns"))
    return (interpolate(coarse, (height, width)) * 127).to(torch.uint8).permute(0, 2, 3, 1)


def _draw_part(setting: settings.Synthetic, name: str, amount: int, patterns: Tensor) -> Images:
    labels = torch.arange(amount) % setting.classes
    noise = torch.randint(
        0, 128, (amount, *patterns.shape[1:]), dtype=torch.uint8, generator=make_generator(setting.seed, name)
    )
    return Images(noise.add_(patterns[labels]), labels)


def _read_published(published: PublishedSet, read: Callable[[SetFiles], DataSet], request: DataRequest) -> DataSet:
    """Read a published set; if it has the published number of images, verify its checksums."""
    found = find_or_download(published, request.data_dir, request.note)
    data = read(found)
    if tuple(len(part) for part in data.parts().values()) == published.images:
        found.verify()
    else:
        there = format_amount(len(data.train), "image")
        request.note(f"{found.place} is not the published {published.title}: {there} to train on")
    return data


def _read_mnist(setting: settings.Mnist, request: DataRequest) -> DataSet:
    return _read_published(MNIST, lambda found: read_idx(found, DIGIT_NAMES), request)


def _read_fashion_mnist(setting: settings.FashionMnist, request: DataRequest) -> DataSet:
    return _read_published(FASHION_MNIST, lambda found: read_idx(found, CLOTHES), request)


def _read_cifar10(setting: settings.Cifar10, request: DataRequest) -> DataSet:
    return _read_published(CIFAR10, read_cifar10, request)


def _read_hugging_face(setting: settings.HuggingFace, request: DataRequest) -> DataSet:
    """Read with pyarrow, which is imported for nothing else; raises CannotRun without it."""
    if find_spec("pyarrow") is None:
        raise CannotRun("`data hf` needs pyarrow: pip install 'specnet[streams]'")
    from specnet.training.data.streams.hugging_face import read_hugging_face

    return read_hugging_face(setting, request)


def _read_cifar100(setting: settings.Cifar100, request: DataRequest) -> DataSet:
    return _read_published(CIFAR100, read_cifar100, request)


READERS: dict[type[settings.Data], Callable[[Any, DataRequest], DataSet]] = {
    settings.Mnist: _read_mnist,
    settings.FashionMnist: _read_fashion_mnist,
    settings.Cifar10: _read_cifar10,
    settings.Cifar100: _read_cifar100,
    settings.Digits: read_digits,
    settings.Synthetic: make_synthetic,
    settings.Folder: read_folder,
    settings.Csv: read_csv,
    settings.Npz: read_npz,
    settings.WebDataset: read_webdataset,
    settings.HuggingFace: _read_hugging_face,
    settings.Python: read_given,
}
"""The function that reads or makes each data set, by the class of its settings; it raises DataProblem, CannotRun."""
