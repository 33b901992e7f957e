"""Read weights that Keras has written: HDF5 of the version 1 and 2 (`layer_names`) and 3 (`vars`), and .keras files."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import torch
from torch import Tensor

from specnet.weights.errors import MissingReader, UnreadableWeights
from specnet.weights.stored import StoredTensors

INFLATION = 16
"""The most that weights are larger than their file: those of a trained network hardly shrink when compressed."""

SMALL = 2**20
"""Bytes that may come of any file, however small."""


def read_keras_file(path: Path) -> StoredTensors:
    """Return the variables of all layers by `LAYER/NAME`, or `FOLDER/NUMBER` as version 3 has them.

    Raises UnreadableWeights, MissingReader, OSError.
    """
    try:
        import h5py
    except ModuleNotFoundError:
        raise MissingReader(f"{path} is a file of Keras, which h5py reads: pip install 'specnet[keras]'") from None
    with path.open("rb") as content, _explain_damage(path), h5py.File(_find_hdf5(path, content), "r") as file:
        _refuse_inflation(path, file, h5py)
        is_named = _find_root(file) is not None
        tensors, titles = _read_named(file) if is_named else _read_numbered(file, h5py)
    if not tensors:
        raise UnreadableWeights(f"{path} holds no weights that Keras has written")
    return StoredTensors(path, "keras", "depth", tensors, titles)


@contextmanager
def _explain_damage(path: Path) -> Iterator[None]:
    """Turn whatever h5py raises for damaged bytes into UnreadableWeights."""
    try:
        yield
    except UnreadableWeights:
        raise
    except Exception:
        raise UnreadableWeights(f"{path} is damaged or only half there") from None


def _find_hdf5(path: Path, content: BinaryIO) -> BinaryIO:
    """Return the HDF5 file itself, or that within a .keras file."""
    if not zipfile.is_zipfile(content):
        content.seek(0)
        return content
    with zipfile.ZipFile(content) as archive:
        entry = archive.getinfo("model.weights.h5")
        if entry.file_size > INFLATION * path.stat().st_size + SMALL:
            raise UnreadableWeights(f"{path} is compressed: {entry.file_size:,} bytes would come of it")
        return BytesIO(archive.read(entry))


def _refuse_inflation(path: Path, file: Any, h5py: Any) -> None:
    """Raise UnreadableWeights for data that lies in other files, or is much larger than the file."""
    size = 0
    for dataset in _walk(file, h5py):
        if dataset.is_virtual or dataset.external:
            raise UnreadableWeights(f"{path} refers to other files, which are not read")
        size += dataset.size * dataset.dtype.itemsize
    if size > INFLATION * path.stat().st_size + SMALL:
        raise UnreadableWeights(f"{path} is compressed: {size:,} bytes would come of it")


def _walk(group: Any, h5py: Any) -> Iterator[Any]:
    """Yield all data sets below a group, without following links to other places."""
    for name in group:
        if isinstance(group.get(name, getlink=True), h5py.HardLink):
            item = group[name]
            if isinstance(item, h5py.Dataset):
                yield item
            else:
                yield from _walk(item, h5py)


def _find_root(file: Any) -> Any:
    """Return the group that lists the names of the layers; None in a file of version 3."""
    for group in (file, file.get("model_weights")):
        if group is not None and any(key.startswith("layer_names") for key in group.attrs):
            return group
    return None


def _read_named(file: Any) -> tuple[dict[str, Tensor], dict[str, str]]:
    root, tensors = _find_root(file), {}
    for layer in _read_names(root.attrs, "layer_names"):
        for name in _read_names(root[layer].attrs, "weight_names"):
            short = re.sub(r":0$", "", name)
            own = short if "/" in short else f"{layer}/{short}"
            tensors[own] = _to_tensor(root[layer][name])
    return tensors, {}


def _read_names(attributes: Mapping[str, Any], key: str) -> list[str]:
    """Return a list of names, which Keras splits where it is long: `layer_names0`, `layer_names1` …"""
    parts = [attributes[key]] if key in attributes else []
    while f"{key}{len(parts)}" in attributes:
        parts.append(attributes[f"{key}{len(parts)}"])
    return [name.decode() if isinstance(name, bytes) else str(name) for part in parts for name in part]


def _read_numbered(file: Any, h5py: Any) -> tuple[dict[str, Tensor], dict[str, str]]:
    tensors, titles = {}, {}
    for dataset in sorted(_walk(file, h5py), key=lambda dataset: _natural_key(dataset.name)):
        folder, _, number = dataset.name.strip("/").rpartition("/")
        if folder.endswith("/vars") and not folder.startswith("optimizer"):
            layer = folder.removesuffix("/vars")
            tensors[f"{layer}/{number}"] = _to_tensor(dataset)
            if title := dataset.parent.attrs.get("name"):
                titles[layer] = str(title)
    return tensors, titles


def _natural_key(name: str) -> list[tuple[int, str]]:
    """Return a key that sorts `conv2d`, `conv2d_2`, `conv2d_10` in this order."""
    return [(int(number or 0), stem) for stem, number in re.findall(r"([^/]*?)(?:_?(\d+))?(?:/|$)", name)]


def _to_tensor(dataset: Any) -> Tensor:
    values = np.asarray(dataset[()])
    return torch.from_numpy(values.astype(values.dtype.newbyteorder("="), copy=False))
