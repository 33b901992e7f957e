"""Read arrays of images and labels from a file of NumPy: `data npz "mnist.npz"`."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.lib.npyio import NpzFile

from specnet.byte_sizes import format_bytes
from specnet.file_access import describe_reason
from specnet.settings.data import Npz
from specnet.settings.loss import Target
from specnet.suggest import did_you_mean, find_closest_word
from specnet.training.data.array_set import ArrayPart, make_array_set
from specnet.training.data.folder_layout import list_names
from specnet.training.data.images import DataRequest, DataSet
from specnet.training.data.pixels import PixelCollector, orient
from specnet.training.data.places import find_file
from specnet.training.errors import CannotRun, DataProblem
from specnet.training.resources import CPU, fits_in_memory, get_free_memory

USUAL = (
    ("x_train", "y_train"),
    ("X_train", "y_train"),
    ("train_images", "train_labels"),
    ("x", "y"),
    ("X", "y"),
    ("images", "labels"),
    ("image", "label"),
    ("data", "labels"),
)
"""The names of images and labels that are found without being told: those of Keras, scikit-learn and MedMNIST first."""

ARCHIVE, ARRAY = b"PK", b"\x93NUMPY"
"""The first bytes of an archive, and of a single array."""

OTHER_PARTS = {"validation": ("val", "validation", "valid"), "test": ("test",)}
"""What the other parts have in their names where the images to train on have `train`."""


def read_npz(setting: Npz, request: DataRequest) -> DataSet:
    """Read the arrays of all parts; raises DataProblem, CannotRun."""
    path = find_file(setting.path, request)
    with _open(path) as arrays:
        names = _choose_names(setting, path, arrays, request.target)
        _note_unread(path, set(arrays.files) - {name for pair in names.values() for name in pair}, request)
        _refuse_large(path, arrays, [name for pair in names.values() for name in pair])
        parts = {part: _read_part(path, arrays, *pair, request) for part, pair in names.items()}
    return make_array_set(parts, request, setting.classes)


@contextmanager
def _open(path: Path) -> Iterator[NpzFile]:
    """Open a file without running anything that it holds; raises DataProblem for one that is no archive of arrays."""
    try:
        with path.open("rb") as stream, _explain_damage(path):
            if not (head := stream.read(len(ARRAY))).startswith((ARCHIVE, ARRAY)):
                raise DataProblem(f"{path} {'is no archive of arrays, as numpy.savez writes' if head else 'is empty'}")
            stream.seek(0)
            arrays = np.load(stream, allow_pickle=False)
            if not isinstance(arrays, NpzFile):
                raise DataProblem(f"{path} is a single array, .npy; images and labels are two, as numpy.savez writes")
            yield arrays
    except OSError as error:
        raise CannotRun(f"{path} cannot be read: {describe_reason(error)}") from None


@contextmanager
def _explain_damage(path: Path) -> Iterator[None]:
    """Turn what numpy and zipfile raise for a damaged archive into DataProblem."""
    try:
        yield
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, NotImplementedError, MemoryError) as error:
        raise DataProblem(f"{path} cannot be read as an archive of arrays: {_explain(error)}") from None


def _refuse_large(path: Path, arrays: NpzFile, names: Sequence[str]) -> None:
    """Raise CannotRun where the arrays take more memory than is free."""
    assert arrays.zip, "it is open"
    files = {info.filename.removesuffix(".npy"): info.file_size for info in arrays.zip.infolist()}
    size = sum(files[name] for name in names)
    if not fits_in_memory(size, CPU):
        free = format_bytes(get_free_memory(CPU))
        raise CannotRun(f"the arrays of {path} take {format_bytes(size)}, and the memory has {free} left")


def _explain(error: Exception) -> str:
    """Return why a file or an array cannot be read; numpy's own words for a pickle advise to run it."""
    if "pickle" in str(error).lower():
        return "it holds Python objects, which are not read, as they may run any code"
    return str(error) or "it ends too early"


def _choose_names(setting: Npz, path: Path, arrays: NpzFile, target: Target) -> dict[str, tuple[str, str]]:
    """Return the names of the images and the labels of each part; images that are their own targets need no labels.

    Raises DataProblem.
    """
    there, given = list(arrays.files), (setting.image_array, setting.label)
    if target is Target.IMAGE:
        usual, given = tuple((image, image) for image, _ in USUAL), (setting.image_array, setting.image_array)
    else:
        usual = USUAL
    if any(given):
        image, label = _require(*given, path, there)
    else:
        image, label = next((pair for pair in usual if set(pair) <= set(there)), ("", ""))
    if not image:
        raise DataProblem(f"{path} has {', '.join(there) or 'no arrays'}; say which are the images, image=, and label=")
    names = {"train": (image, label)}
    for part, words in OTHER_PARTS.items():
        pairs = [(image.replace("train", word), label.replace("train", word)) for word in words]
        if found := next((pair for pair in pairs if pair != (image, label) and set(pair) <= set(there)), None):
            names[part] = found
    return names


def _note_unread(path: Path, names: Collection[str], request: DataRequest) -> None:
    """Note the arrays that are not read, as the images of a part that has no labels."""
    if names:
        needed = "" if request.target is Target.IMAGE else "; a part needs images and labels, such as x_test and y_test"
        request.note(f"not read of {path}: {list_names(sorted(names))}{needed}")


def _read_array(path: Path, arrays: NpzFile, name: str) -> np.ndarray:
    """Return an array of an archive, which may hold other files as well; raises DataProblem."""
    array: object = arrays[name]
    if not isinstance(array, np.ndarray):
        raise DataProblem(f"{name} of {path} is no array, as numpy.savez writes it")
    return array


def _require(image: str, label: str, path: Path, there: Collection[str]) -> tuple[str, str]:
    """Return the names that are given; raises DataProblem for one that is missing, or that no array has."""
    for key, name in (("image", image), ("label", label)):
        if not name:
            raise DataProblem(f"`data npz` needs {key}= as well; {path} has {', '.join(there)}")
        if name not in there:
            hint = did_you_mean(find_closest_word(name, there))
            raise DataProblem(f"{path} has no array `{name}`; it has {', '.join(there)}{hint}")
    return image, label


def _read_part(path: Path, arrays: NpzFile, image: str, label: str, request: DataRequest) -> ArrayPart:
    """Return the images and labels of a part; raises DataProblem."""
    images, labels = _read_array(path, arrays, image), _read_array(path, arrays, label)
    if images.ndim == 0 or labels.ndim == 0 or len(images) != len(labels):
        sizes = [f"{len(array):,}" if array.ndim else "none" for array in (images, labels)]
        raise DataProblem(f"{path} has another number of images than of labels: {sizes[0]} and {sizes[1]}")
    owner = f"{image} of {path}"
    collector = PixelCollector(request.shape[:2], owner)
    collector.add(orient(images, request.shape, owner))
    return ArrayPart(*collector.finish(), labels)
