"""Shards: files that hold many encoded images, on this machine or at a URL, and reading parts of them."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections import OrderedDict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import ClassVar

from specnet.file_access import describe_reason
from specnet.training.errors import DataProblem

MOST_OPEN = 128
"""The number of files that are open at once."""


class Shard(ABC):
    """A file of samples by its name, a path or a URL."""

    name: str
    is_remote: ClassVar[bool] = False
    """Whether it has to be fetched, so that it should be known ahead that it will be read."""

    @property
    @abstractmethod
    def size(self) -> int:
        """The number of bytes."""

    @property
    @abstractmethod
    def identity(self) -> list[object]:
        """Plain values that change whenever the content does."""

    @abstractmethod
    def get_file(self) -> Path:
        """Return the file on this machine, fetched where necessary; raises DataProblem."""

    def fetch_ahead(self) -> None:  # noqa: B027, nothing has to be fetched of a file on this machine
        """Begin to fetch it, if it has to be, without waiting for it."""


@dataclass(frozen=True)
class LocalShard(Shard):
    """A file on this machine; raises DataProblem where it cannot be read. `shown` is its name in messages.

    Its size and time are those from when they were first asked for.
    """

    path: Path
    shown: str = ""

    @property
    def name(self) -> str:  # type: ignore[override]  # it is set once, as the attribute is
        return self.shown or str(self.path)

    @cached_property
    def _fact(self) -> os.stat_result:
        try:
            return self.path.stat()
        except OSError as error:
            raise DataProblem(f"{self.name} cannot be read: {describe_reason(error)}") from None

    @property
    def size(self) -> int:
        return self._fact.st_size

    @property
    def identity(self) -> list[object]:
        return [str(self.path.absolute()), self._fact.st_size, self._fact.st_mtime_ns]

    def get_file(self) -> Path:
        return self.path


class OpenShards:
    """Reads parts of shards in any number of threads; the files that were not read for longest are closed."""

    def __init__(self, shards: Sequence[Shard]) -> None:
        self.shards = shards
        self._open: OrderedDict[int, _OpenFile] = OrderedDict()
        self._lock = Lock()

    def read(self, shard: int, offset: int, length: int) -> bytes:
        """Return `length` bytes of a shard; raises DataProblem where it no longer has them."""
        file = self._get(shard)
        try:
            content = file.read(offset, length)
        except OSError as error:
            raise DataProblem(f"{self.shards[shard].name} cannot be read: {describe_reason(error)}") from None
        if len(content) < length:
            end = offset + len(content)
            raise DataProblem(
                f"{self.shards[shard].name} ends at byte {end:,}, and had {offset + length:,} when it was indexed; "
                "put the whole file back"
            )
        return content

    def keep_open(self, shards: Collection[int]) -> None:
        """Close all other files, so that the disk has their space again if they have been removed."""
        with self._lock:
            for shard in self._open.keys() - set(shards):
                del self._open[shard]

    def _get(self, shard: int) -> _OpenFile:
        with self._lock:
            if file := self._open.get(shard):
                self._open.move_to_end(shard)
                return file
        path = self.shards[shard].get_file()  # may take long
        try:
            opened = _OpenFile(path)
        except OSError as error:
            raise DataProblem(f"{self.shards[shard].name} cannot be read: {describe_reason(error)}") from None
        with self._lock:
            file = self._open.setdefault(shard, opened)
            if len(self._open) > MOST_OPEN:
                self._open.popitem(last=False)  # closed once no thread reads it
            return file


class _OpenFile:
    """An open file, closed when nothing refers to it any more."""

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
        self._lock = Lock()

    def read(self, offset: int, length: int) -> bytes:
        """Return what the file has of `length` bytes from `offset` on; raises OSError."""
        if hasattr(os, "pread"):
            return os.pread(self._descriptor, length, offset)
        with self._lock:  # the system has one position for each open file
            os.lseek(self._descriptor, offset, os.SEEK_SET)
            return os.read(self._descriptor, length)

    def __del__(self) -> None:
        if hasattr(self, "_descriptor"):
            os.close(self._descriptor)
