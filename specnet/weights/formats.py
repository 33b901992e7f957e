"""Tell the format of a file of weights by its content, and read it."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from specnet.file_access import describe_reason, open_regular_file
from specnet.weights.errors import UnreadableWeights
from specnet.weights.keras_file import read_keras_file
from specnet.weights.keras_layout import group_keras_layers
from specnet.weights.safetensors_file import read_safetensors_file
from specnet.weights.stored import StoredTensors, StoredWeights
from specnet.weights.torch_file import DAMAGED, read_torch_file
from specnet.weights.torch_layout import group_torch_layers

ZIP, HDF5 = b"PK\x03\x04", b"\x89HDF\r\n\x1a\n"

READ = "weights are read from safetensors, torch's and Keras's files"


class _Other(NamedTuple):
    """Files of weights that are not read, which begin with `magic`."""

    magic: bytes
    writer: str


OTHERS = (_Other(b"\x08", "ONNX"), _Other(b"GGUF", "llama.cpp"), _Other(b"\x93NUMPY", "NumPy"))


def read_weights_file(path: Path) -> StoredWeights:
    """Return the layers of a file of weights; raises UnreadableWeights, MissingReader, OSError."""
    stored = read_tensors(path)
    return group_torch_layers(stored) if stored.layout == "torch" else group_keras_layers(stored)


def read_tensors(path: Path) -> StoredTensors:
    """Return the tensors of a file under its own names; raises UnreadableWeights, MissingReader, OSError."""
    return _choose_reader(path)(path)


def _choose_reader(path: Path) -> Callable[[Path], StoredTensors]:
    """Return the reader for the content of a file; raises UnreadableWeights for a format that is not read."""
    with open_regular_file(path) as file:
        head = file.read(16)
    if head.startswith(HDF5):
        return read_keras_file
    if head.startswith(ZIP):
        return _choose_archive_reader(path)
    if head[8:9] == b"{":  # behind the length of the header, which is JSON; the length may begin as a pickle does
        return read_safetensors_file
    if head[:1] == b"\x80":
        return read_torch_file
    raise UnreadableWeights(_describe_other(path, head))


def _choose_archive_reader(path: Path) -> Callable[[Path], StoredTensors]:
    """Return the reader of a zip file; raises UnreadableWeights for a damaged one, and for one of NumPy."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (OSError, ValueError, NotImplementedError, zipfile.BadZipFile):
        raise UnreadableWeights(f"{path} {DAMAGED}") from None
    if "model.weights.h5" in names:
        return read_keras_file
    if any(name.endswith(".npy") for name in names):
        raise UnreadableWeights(f"{path} is a file of NumPy, and {READ}")
    return read_torch_file


def _describe_other(path: Path, head: bytes) -> str:
    for other in OTHERS:
        if head.startswith(other.magic):
            return f"{path} is a file of {other.writer}, and {READ}"
    return f"{path} is no file of weights{'' if head else ': it is empty'}; {READ}"


def explain_access(path: Path, error: OSError) -> str:
    """Return a sentence about a file of weights that cannot be read."""
    if isinstance(error, FileNotFoundError):
        return f"there are no weights {path}"
    return f"{path} cannot be read: {describe_reason(error)}"
