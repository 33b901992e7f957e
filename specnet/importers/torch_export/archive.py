"""The files of an archive of torch.export: a graph as JSON, and tensors as bytes. No code and no pickle is read."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping
from functools import cached_property
from math import prod
from mmap import ACCESS_COPY, mmap
from pathlib import Path, PurePosixPath
from typing import Any

import torch
from torch import Tensor

from specnet.file_access import describe_reason
from specnet.importers.errors import UnreadableModel

LARGEST_GRAPH = 256 << 20
"""The bytes of the largest graph that is read: a hundred times that of ResNet-152."""

DTYPES: Mapping[int | None, torch.dtype] = {
    1: torch.uint8, 2: torch.int8, 3: torch.int16, 4: torch.int32, 5: torch.int64, 6: torch.float16, 7: torch.float32,
    8: torch.float64, 12: torch.bool, 13: torch.bfloat16,
}  # fmt: skip
"""Types of elements by their numbers in torch/_export/serde/schema.py."""

CONFIGS = ("data/weights/model_weights_config.json", "data/constants/model_constants_config.json")

OLD = ("serialized_state_dict", "serialized_constants")
"""The files in which archives before torch 2.8 hold tensors, as pickles."""


class Archive:
    """An archive of torch.export, of the newer layout or of that before torch 2.8."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self.zip = zipfile.ZipFile(path)
        except (OSError, ValueError, NotImplementedError, zipfile.BadZipFile) as error:
            raise UnreadableModel(f"{path} is a damaged archive: {describe_reason(error)}") from None
        self.names = {name: info for info in self.zip.infolist() for name in (info.filename, _strip(info.filename))}

    def read_graph(self) -> Mapping[str, Any]:
        """Return the graph module with its signature."""
        wanted = [name for name in self.names if name == "serialized_exported_program.json" or _is_model(name)]
        if not wanted:
            raise UnreadableModel(f"{self.path} holds no graph: models/model.json")
        program = self.read_json(sorted(wanted)[0])
        graph = program.get("graph_module")
        if not isinstance(graph, Mapping):
            raise UnreadableModel(f"{self.path}: the graph has no `graph_module`, so torch.export has not written it")
        return graph

    def read_json(self, name: str) -> Mapping[str, Any]:
        data = self._read(name, LARGEST_GRAPH)
        try:
            content = json.loads(data)
        except (ValueError, RecursionError) as error:
            raise UnreadableModel(f"{self.path}: {name} is no JSON: {describe_reason(error)}") from None
        if not isinstance(content, Mapping):
            raise UnreadableModel(f"{self.path}: {name} is no object of JSON")
        return content

    def _read(self, name: str, largest: int) -> bytes:
        """Return a file of the archive; raises UnreadableModel for a damaged or too large one."""
        info = self.names[name]
        if info.file_size > largest:
            raise UnreadableModel(f"{self.path}: {name} has {info.file_size:,} bytes, of at most {largest:,}")
        try:
            with self.zip.open(info) as file:
                return file.read(largest + 1)[: largest + 1]
        except Exception as error:  # whatever zlib or zipfile raises for damaged bytes
            raise UnreadableModel(f"{self.path}: {name} is damaged: {describe_reason(error)}") from None

    def list_tensors(self) -> Mapping[str, Mapping[str, Any]]:
        """Return what the archive says of each tensor, with the name of its file."""
        found = dict[str, Mapping[str, Any]]()
        for config in CONFIGS:
            entries = self.read_json(config).get("config") if config in self.names else None
            folder = config.rpartition("/")[0]
            for name, entry in (entries or {}).items():
                found[name] = {**entry, "file": f"{folder}/{entry.get('path_name')}"}
        return found

    @property
    def has_old_tensors(self) -> bool:
        """Whether the tensors are pickles, as before torch 2.8."""
        return any(
            name.startswith(OLD) or (name.startswith("data/weights/") and name.endswith(".pt")) for name in self.names
        )

    def read_tensor(self, name: str, entry: Mapping[str, Any], shape: tuple[int, ...]) -> Tensor:
        """Return a tensor from its bytes; raises UnreadableModel if there are too few, or if it is a pickle."""
        file, meta = str(entry.get("file")), entry.get("tensor_meta") or {}
        dtype = DTYPES.get(meta.get("dtype"))
        if entry.get("use_pickle") or file not in self.names or dtype is None:
            raise UnreadableModel(f"{self.path}: the tensor `{name}` is a pickle or of an unknown type")
        data = self._map(file)
        strides = [_read_size(each) for each in meta.get("strides") or ()]
        start = _read_size(meta.get("storage_offset") or 0)
        count, size = len(data) // dtype.itemsize, tuple(shape)
        last = start + sum((side - 1) * step for side, step in zip(size, strides, strict=False)) if prod(size) else -1
        if len(strides) != len(size) or min((*strides, start), default=0) < 0 or last >= count:
            raise UnreadableModel(f"{self.path}: {file} has {len(data):,} bytes, too few for `{name}`")
        if not prod(size):
            return torch.zeros(size, dtype=dtype)
        return torch.frombuffer(data, dtype=dtype, count=count).as_strided(size, strides, start)

    def _map(self, name: str) -> memoryview:
        """Return a file that is stored as it is, without reading it yet."""
        info = self.names[name]
        if info.compress_type != zipfile.ZIP_STORED:
            raise UnreadableModel(f"{self.path}: {name} is compressed, which torch does not do with tensors")
        header = self.whole[info.header_offset : info.header_offset + 30]
        if len(header) < 30:
            raise UnreadableModel(f"{self.path}: {name} is damaged")
        lengths = int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little")
        start = info.header_offset + 30 + lengths
        return self.whole[start : start + info.file_size]

    @cached_property
    def whole(self) -> memoryview:
        """The bytes of the archive; numbers that are changed in memory are not changed in the file."""
        with self.path.open("rb") as file:
            return memoryview(mmap(file.fileno(), 0, access=ACCESS_COPY))


def _strip(name: str) -> str:
    """Return the name of a file without the archive's own folder."""
    parts = PurePosixPath(name).parts
    return "/".join(parts[1:]) if len(parts) > 1 and parts[0] not in ("models", "data") else name


def _is_model(name: str) -> bool:
    parts = name.split("/")
    return len(parts) == 2 and parts[0] == "models" and name.endswith(".json")


def _read_size(value: Any) -> int:
    size = value.get("as_int") if isinstance(value, Mapping) else value
    if type(size) is not int:
        raise UnreadableModel("a size of a tensor is no whole number")
    return size
