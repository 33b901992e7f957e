"""Take the configuration of a model out of an archive, an HDF5 file or a text; nothing in it is executed."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from specnet.file_access import describe_reason, read_bounded_file
from specnet.importers.errors import MissingLibrary, UnreadableModel

LARGEST_CONFIG = 8 << 20
"""The bytes of the longest configuration that is read: eight times that of EfficientNetV2-L."""

MOST_OBJECTS = 400_000
"""The largest number of objects and lists in a configuration: each takes some hundred bytes of memory."""


@dataclass(frozen=True)
class Document:
    """The configuration of a model, how it was compiled, and the major version of Keras that wrote it."""

    model: dict[str, Any]
    version: int
    training: dict[str, Any] = field(default_factory=dict)
    has_weights: bool = True
    """Whether the file may hold the weights, too."""


def read_text_document(path: Path) -> Document:
    """Return what `model.to_json()` wrote; raises UnreadableModel, OSError."""
    return replace(_make_document(_parse(read_bounded_file(path, LARGEST_CONFIG), "the file")), has_weights=False)


def read_archive_document(path: Path) -> Document:
    """Return the configuration in a .keras archive; raises UnreadableModel, OSError."""
    with _explain_damage(path), zipfile.ZipFile(path) as archive:
        model = _parse(_read_entry(archive, "config.json"), "config.json")
        about = _parse(_read_entry(archive, "metadata.json"), "metadata.json") if _has_metadata(archive) else {}
    return _make_document(model, str(about.get("keras_version", "")))


def read_hdf5_document(path: Path) -> Document:
    """Return the configuration in an HDF5 file; raises UnreadableModel, MissingLibrary, OSError."""
    try:
        import h5py
    except ModuleNotFoundError:
        advice = "pip install 'specnet[keras]', or save the model as .keras"
        raise MissingLibrary(f"{path} is an HDF5 file, which h5py reads: {advice}") from None
    with _explain_damage(path), h5py.File(path, "r") as file:
        texts = {name: _read_attribute(file, name) for name in ("model_config", "training_config", "keras_version")}
    if not texts["model_config"]:
        raise UnreadableModel(f"{path} holds weights and no layers; save the whole model, or its `to_json()`")
    training = texts["training_config"]
    return _make_document(
        _parse(texts["model_config"], "the attribute `model_config`"),
        texts["keras_version"].decode(errors="replace"),
        _parse(training, "the attribute `training_config`") if training else {},
    )


@contextmanager
def _explain_damage(path: Path) -> Iterator[None]:
    """Turn whatever a library raises for damaged bytes into UnreadableModel."""
    try:
        yield
    except UnreadableModel:
        raise
    except Exception as error:
        raise UnreadableModel(f"{path} is damaged or only half there: {describe_reason(error)}") from None


def _has_metadata(archive: zipfile.ZipFile) -> bool:
    return "metadata.json" in archive.namelist()


def _read_entry(archive: zipfile.ZipFile, name: str) -> bytes:
    """Return the content of an entry, which may inflate to LARGEST_CONFIG bytes, whatever size it claims."""
    with archive.open(name) as stream:
        data = stream.read(LARGEST_CONFIG + 1)
    return _require_size(data, name)


def _read_attribute(file: Any, name: str) -> bytes:
    """Return a text of the HDF5 file; b"" if it has none."""
    from h5py import h5t

    if name not in file.attrs:
        return b""
    attribute = file.attrs.get_id(name)
    if attribute.get_type().get_class() != h5t.STRING:  # h5py may never come back from another type that claims texts
        raise UnreadableModel(f"the attribute `{name}` is no text")
    if attribute.shape not in ((), (1,)) or attribute.get_storage_size() > LARGEST_CONFIG:
        raise UnreadableModel(f"the attribute `{name}` is no text of at most {LARGEST_CONFIG:,} bytes")
    value = file.attrs[name]
    value = value if isinstance(value, str | bytes) else value[0]
    data = value.encode() if isinstance(value, str) else bytes(value) if isinstance(value, bytes) else b""
    return _require_size(data, f"the attribute `{name}`")


def _require_size(data: bytes, place: str) -> bytes:
    if len(data) > LARGEST_CONFIG:
        raise UnreadableModel(f"{place} has more than {LARGEST_CONFIG:,} bytes, which no model's configuration has")
    return data


def _parse(data: bytes, place: str) -> dict[str, Any]:
    if data.count(b"{") + data.count(b"[") > MOST_OBJECTS:
        raise UnreadableModel(f"{place} has more than {MOST_OBJECTS:,} objects, which no model's configuration has")
    try:
        parsed = json.loads(data.decode("utf-8-sig"))
    except RecursionError:
        raise UnreadableModel(f"{place} is nested too deeply for the configuration of a model") from None
    except ValueError as error:
        raise UnreadableModel(f"{place} is no JSON: {error}") from None
    if isinstance(parsed, str) and parsed.lstrip().startswith("{"):  # `json.dumps(model.to_json())`
        return _parse(parsed.encode(errors="replace"), place)
    if not isinstance(parsed, dict):
        raise UnreadableModel(f"{place} is no JSON object, as the configuration of a model is")
    return parsed


def _make_document(model: dict[str, Any], version: str = "", training: dict[str, Any] | None = None) -> Document:
    found = version or str(model.get("keras_version", ""))
    major = int(found[0]) if found[:1].isdigit() else 3 if "module" in model else 1
    compiled = training if training else model.get("compile_config")
    return Document(model, major, compiled if isinstance(compiled, dict) else {})
