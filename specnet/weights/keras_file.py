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
    with _open(path) as (root, datasets):
        tensors, titles = _read_numbered(datasets) if root is None else _read_named(root, datasets)
    if not tensors:
        raise UnreadableWeights(f"{path} holds no weights that Keras has written")
    return StoredTensors(path, "keras", "depth", tensors, titles)


def read_keras_variables(path: Path) -> dict[str, list[tuple[str, Tensor]]]:
    """Return the variables of each layer as Keras lists them, by the layer's name, or by its folder in version 3.

    The variables of a model within a model of the versions 1 and 2 are those of one layer. Raises UnreadableWeights,
    MissingReader, OSError.
    """
    groups = dict[str, list[tuple[str, Tensor]]]()
    with _open(path) as (root, datasets):
        for layer, name, dataset in _list_numbered(datasets) if root is None else _list_named(root, datasets):
            groups.setdefault(layer, []).append((name, _to_tensor(dataset)))
    return groups


@contextmanager
def _open(path: Path) -> Iterator[tuple[Any, Mapping[str, Any]]]:
    """Give the group that lists the layers, if there is one, and all data sets."""
    try:
        import h5py
    except ModuleNotFoundError:
        raise MissingReader(f"{path} is a file of Keras, which h5py reads: pip install 'specnet[keras]'") from None
    with path.open("rb") as content, _explain_damage(path), h5py.File(_find_hdf5(path, content), "r") as file:
        yield _find_root(file), _find_datasets(path, file, h5py)


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


def _find_datasets(path: Path, file: Any, h5py: Any) -> dict[str, Any]:
    """Return all data sets by their names, without following links to other places.

    Raises UnreadableWeights for data that lies in other files, or is much larger than the file.
    """
    datasets = dict[str, Any]()
    file.visititems(lambda name, item: datasets.update({name: item} if isinstance(item, h5py.Dataset) else {}))
    if any(dataset.is_virtual or dataset.external for dataset in datasets.values()):
        raise UnreadableWeights(f"{path} refers to other files, which are not read")
    size = sum(dataset.size * dataset.dtype.itemsize for dataset in datasets.values())
    if size > INFLATION * path.stat().st_size + SMALL:
        raise UnreadableWeights(f"{path} is compressed: {size:,} bytes would come of it")
    return datasets


def _find_root(file: Any) -> Any:
    """Return the group that lists the names of the layers; None in a file of version 3."""
    for group in (file, file.get("model_weights")):
        if group is not None and any(key.startswith("layer_names") for key in group.attrs):
            return group
    return None


def _read_named(root: Any, datasets: Mapping[str, Any]) -> tuple[dict[str, Tensor], dict[str, str]]:
    tensors = {}
    for layer, name, dataset in _list_named(root, datasets):
        tensors[name if "/" in name else f"{layer}/{name}"] = _to_tensor(dataset)
    return tensors, {}


def _list_named(root: Any, datasets: Mapping[str, Any]) -> Iterator[tuple[str, str, Any]]:
    """Yield each variable of the versions 1 and 2: the layer, the variable's name, and its data."""
    for layer in _read_names(root.attrs, "layer_names"):
        for name in _read_names(root[layer].attrs, "weight_names"):
            yield layer, re.sub(r":0$", "", name), datasets[f"{root.name}/{layer}/{name}".strip("/")]


def _read_names(attributes: Mapping[str, Any], key: str) -> list[str]:
    """Return a list of names, which Keras splits where it is long: `layer_names0`, `layer_names1` …"""
    parts = [attributes[key]] if key in attributes else []
    while f"{key}{len(parts)}" in attributes:
        parts.append(attributes[f"{key}{len(parts)}"])
    return [name.decode() if isinstance(name, bytes) else str(name) for part in parts for name in part]


def _read_numbered(datasets: Mapping[str, Any]) -> tuple[dict[str, Tensor], dict[str, str]]:
    tensors, titles = {}, {}
    for layer, number, dataset in _list_numbered(datasets):
        tensors[f"{layer}/{number}"] = _to_tensor(dataset)
        if title := dataset.parent.attrs.get("name"):
            titles[layer] = str(title)
    return tensors, titles


def _list_numbered(datasets: Mapping[str, Any]) -> Iterator[tuple[str, str, Any]]:
    """Yield each variable of version 3: the layer's folder, the variable's number, and its data."""
    for name in sorted(datasets, key=_natural_key):
        folder, _, number = name.rpartition("/")
        if folder.endswith("/vars") and not folder.startswith("optimizer"):
            yield folder.removesuffix("/vars"), number, datasets[name]


def _natural_key(name: str) -> list[tuple[int, str]]:
    """Return a key that sorts `conv2d`, `conv2d_2`, `conv2d_10` in this order."""
    return [(int(number or 0), stem) for stem, number in re.findall(r"([^/]*?)(?:_?(\d+))?(?:/|$)", name)]


def _to_tensor(dataset: Any) -> Tensor:
    values = np.asarray(dataset[()])
    return torch.from_numpy(values.astype(values.dtype.newbyteorder("="), copy=False))
