"""Tell the format of a model by its content, and read it.

A format that is read is a row of FORMATS; others have a row of REFUSED, with what to do instead.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

from specnet.file_access import describe_reason, open_regular_file, read_part
from specnet.importers.errors import MissingLibrary, UnreadableModel
from specnet.importers.imported import Imported
from specnet.importers.request import Request
from specnet.package import is_own_module

BEGINNING = 1 << 16
"""The bytes of a file that its format is told by."""

BINARY = re.compile(rb"[\x00-\x08\x0e-\x1a]")
"""Bytes that no text has: a message of protobuf may hold words that look like another format's."""

ZIP, HDF5 = b"PK\x03\x04", b"\x89HDF\r\n\x1a\n"

PT2 = r"(.*/)?(models/\w+\.json|serialized_exported_program\.json)"
"""The graph in an archive of torch.export, of the newer and of the older kind."""

FACTORY = re.compile(r"[A-Za-z_]\w*(\.\w+)*:[A-Za-z_]\w*(\.\w+)*(\(.*\))?", re.DOTALL)
"""`package.module:function`, perhaps with arguments."""


class Head(NamedTuple):
    """What a format is told by: the first bytes, those as text without comments, and the names in an archive."""

    data: bytes
    text: str
    names: frozenset[str]


class Format(NamedTuple):
    """A format that is read: `read` is the `module:function` of its reader, and `matches` tells it by its content."""

    title: str
    read: str
    matches: Callable[[Head], bool]


class Refused(NamedTuple):
    """A format that is not read, and what to do instead."""

    title: str
    advice: str
    matches: Callable[[Head], bool]


def _is_text(pattern: str) -> Callable[[Head], bool]:
    compiled = re.compile(pattern, re.MULTILINE)
    return lambda head: bool(compiled.search(head.text))


def _has_file(pattern: str) -> Callable[[Head], bool]:
    compiled = re.compile(pattern)
    return lambda head: any(map(compiled.fullmatch, head.names))


def _begins(*magics: bytes) -> Callable[[Head], bool]:
    return lambda head: head.data.startswith(magics)


def _is_caffemodel(head: Head) -> bool:
    """Whether a file begins with a name in a field 1, and a layer in a field 100, or in a field 2 of a long message."""
    after = head.data[2 + head.data[1] :] if head.data[:1] == b"\x0a" and len(head.data) > 1 else b""
    return after.startswith((b"\xa2\x06", b"\x12")) and head.data[2 : 2 + head.data[1]].isascii()


def _is_onnx(head: Head) -> bool:
    """Whether a file begins with a version in a field 1, and not with the length of the JSON of a safetensors file."""
    return head.data.startswith(b"\x08") and head.data[8:9] != b"{"


FORMATS = (
    Format("Keras archive", "keras.reading:read_archive", _has_file(r"config\.json")),
    Format("Keras HDF5", "keras.reading:read_hdf5", _begins(HDF5)),
    Format("Keras JSON", "keras.reading:read_json", _is_text(r'\A\s*\{[^\0]*"(class_name|config)"\s*:')),
    Format("torch.export", "torch_export.reading:read_pt2", _has_file(PT2)),
    Format("ONNX", "onnx.reading:read_onnx", _is_onnx),  # before those of text, which its documentation may hold
    Format("Darknet cfg", "darknet.reading:read_cfg", _is_text(r"\A\s*\[(net|network)\]")),
    Format("Caffe prototxt", "caffe.reading:read_prototxt", _is_text(
        r"(?<![^\s}\"])layers?\s*:?\s*\{|^\s*(input\s*:|input_(dim|shape)\b|(net|train_net|test_net|base_lr|net_param)\s*:)"
    )),
    Format("Ultralytics YAML", "ultralytics.reading:read_yaml", _is_text(r"^(backbone|head)\s*:")),
)  # fmt: skip

REFUSED = (
    Refused("a TorchScript archive", "save it with torch.export.save, or name its Python: `package.module:function`",
            _has_file(r"(.*/)?code/.*|(.*/)?constants\.pkl")),
    Refused("a pickle of torch, which can hold code and has no layers in an order",
            "name the Python that makes the network, `package.module:function`, and give this file as its weights",
            _has_file(r"(.*/)?data\.pkl")),
    Refused("a pickle, which can run any code when it is read", "save the model as ONNX, .pt2 or .keras",
            _begins(b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")),
    Refused("a safetensors file, which has weights and no layers", "name the Python that makes the network, "
            "`package.module:function`, and give this file as its weights", lambda head: head.data[8:9] == b"{"),
    Refused("a TensorFlow Lite file", "export the model as ONNX", lambda head: head.data[4:8] == b"TFL3"),
    Refused("a caffemodel, whose layers are those of its prototxt",
            "import the prototxt, and give this file as its weights", _is_caffemodel),
    Refused("a file of Darknet's weights, which has no layers", "import the cfg, and give this file as its weights",
            _begins(b"\0\0\0\0\1\0\0\0", b"\0\0\0\0\2\0\0\0")),
    Refused("a TensorFlow GraphDef or SavedModel", "save it with Keras as .keras, or convert it to ONNX",
            _begins(b"\x0a\x0b\x0a", b"\x0a\x26\x0a", b"\x0a\x25\x0a", b"\x08\x01\x12\x80", b"\x0a\x1d\x0a")),
    Refused("a GGUF file", "it holds a language model, which is no convolutional network", _begins(b"GGUF")),
)  # fmt: skip


def read_model(request: Request) -> Imported:
    """Read a model of any format; raises UnreadableModel, OSError."""
    return _find_reader(request)(request)


def _find_reader(request: Request) -> Callable[[Request], Imported]:
    if FACTORY.fullmatch(request.source) and not Path(request.source).exists():
        return _load("torch_export.factory:read_factory")
    head = _read_head(request.path)
    for refused in REFUSED[:1] if head.data.startswith(ZIP) else ():
        if refused.matches(head):
            raise _refuse(request, refused)
    for format in FORMATS:
        if format.matches(head):
            return _load(format.read)
    for refused in REFUSED:
        if refused.matches(head):
            raise _refuse(request, refused)
    known = ", ".join(format.title for format in FORMATS)
    what = "is empty" if not head.data else "is in no format that is read"
    raise UnreadableModel(f"{request.source} {what}; what is read: {known}, and `package.module:function`")


def _refuse(request: Request, refused: Refused) -> UnreadableModel:
    return UnreadableModel(f"{request.source} is {refused.title}; {refused.advice}")


def _read_head(path: Path) -> Head:
    with open_regular_file(path) as stream:
        data = read_part(stream, BEGINNING)
    text = "" if BINARY.search(data) else data.decode("utf-8-sig", errors="replace")
    without_comments = re.sub(r"^\s*[#;].*$|\s#.*$", "", text, flags=re.MULTILINE)
    return Head(data, without_comments, _list_names(path) if data.startswith(ZIP) else frozenset())


def _list_names(path: Path) -> frozenset[str]:
    """Return the names of the files in an archive; raises UnreadableModel for a damaged one."""
    try:
        with zipfile.ZipFile(path) as archive:
            return frozenset(archive.namelist())
    except (OSError, ValueError, NotImplementedError, zipfile.BadZipFile) as error:
        raise UnreadableModel(f"{path} is a damaged archive: {describe_reason(error)}") from None


def _load(place: str) -> Callable[[Request], Imported]:
    """Return a reader, whose module is imported only now."""
    module, _, name = place.partition(":")
    try:
        reader: Callable[[Request], Imported] = getattr(import_module(f"specnet.importers.{module}"), name)
    except ModuleNotFoundError as missing:
        if is_own_module(missing.name):
            raise
        wanted = "'specnet[train]'" if missing.name in ("torch", "numpy", "safetensors") else missing.name
        raise MissingLibrary(f"this format needs {missing.name}: pip install {wanted}") from None
    return reader
