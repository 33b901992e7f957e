"""Shards at URLs: fetched whole and ahead of their use into a folder of the user's cache, whose size is bounded."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from threading import BoundedSemaphore, Lock, Thread

from filelock import FileLock

from specnet.file_access import describe_reason
from specnet.training.data.download import get_cache_folder
from specnet.training.data.streams.fetching import RemoteFile, fetch, look_up
from specnet.training.data.streams.shards import Shard
from specnet.training.errors import DataProblem

LIMIT, SHARE = 2**36, 0.5
"""The most bytes of fetched shards that are kept, and the share of the disk that would be free without them."""

KEPT = 8
"""The shards used last that are kept however large they are, as they may be in use."""

AT_ONCE = 4
"""Shards that are fetched at the same time."""

SHARD, PARTIAL, LOCK = ".shard", ".part", ".lock"
"""The endings of a whole shard, of one that is being fetched, and of the file by which processes take turns."""


class RemoteShard(Shard):
    """A file at a URL of http or https."""

    is_remote = True

    def __init__(self, file: RemoteFile) -> None:
        self.name, self._file = file.url, file
        key = sha256("\n".join(map(str, self.identity)).encode()).hexdigest()[:24]
        self._path = get_cache_folder() / "streams" / "shards" / f"{key}{SHARD}"

    @property
    def size(self) -> int:
        return self._file.size

    @property
    def identity(self) -> list[object]:
        return [self._file.url, self._file.size, self._file.version]

    def get_file(self) -> Path:
        """Return the fetched file, for which a fetch that has begun is waited for; raises DataProblem."""
        if not self._is_here():
            _start_fetch(self).result()
        return self._path

    def fetch_ahead(self) -> None:
        if not self._is_here():
            _start_fetch(self)

    def _is_here(self) -> bool:
        """Whether the whole file is there, which then counts as used now."""
        try:
            os.utime(self._path)
            return self._path.stat().st_size == self.size
        except OSError:
            return False

    def fetch(self) -> None:
        """Fetch the file, unless another process has done so meanwhile; raises DataProblem."""
        partial = self._path.with_suffix(PARTIAL)
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(self._path.with_suffix(LOCK)):
                if not self._is_here():
                    _make_room(self._path.parent, self.size)
                    fetch(self._file, partial)
                    partial.replace(self._path)
        except OSError as error:
            raise DataProblem(f"{self.name} cannot be kept in {partial.parent}: {describe_reason(error)}") from None


_pending: dict[str, Future[None]] = {}
_guard, _slots = Lock(), BoundedSemaphore(AT_ONCE)


def _start_fetch(shard: RemoteShard) -> Future[None]:
    """Return the fetch of a shard that is going on, or start one, in a thread that the end of the program ends."""
    with _guard:
        if (pending := _pending.get(shard.name)) is None:
            pending = _pending[shard.name] = Future()
            Thread(target=_run_fetch, args=(shard, pending), daemon=True).start()
        return pending


def _run_fetch(shard: RemoteShard, pending: Future[None]) -> None:
    with _slots:
        try:
            shard.fetch()
            error = None
        except BaseException as raised:
            error = raised
    with _guard:
        del _pending[shard.name]
    if error:
        pending.set_exception(error)
    else:
        pending.set_result(None)


def _make_room(folder: Path, needed: int) -> None:
    """Remove the shards that were used least recently, until there is room for another one."""
    kept = sorted(_measure_all(folder), reverse=True)
    there = sum(size for _, size, _ in kept)
    limit = min(LIMIT, int(SHARE * (shutil.disk_usage(folder).free + there)))
    for _, size, path in reversed(kept[KEPT:]):
        if there + needed <= limit:
            return
        with suppress(OSError):
            path.unlink()
            there -= size


def _measure_all(folder: Path) -> list[tuple[float, int, Path]]:
    """Return the time of the last use, the size and the path of each fetched shard."""
    found = []
    for path in folder.glob(f"*{SHARD}"):
        with suppress(OSError):  # another process has removed it
            fact = path.stat()
            found.append((fact.st_mtime, fact.st_size, path))
    return found


def open_remote_shards(urls: Sequence[str]) -> list[RemoteShard]:
    """Ask for the sizes and versions of all files, several at a time; raises DataProblem for one that is not there."""
    with ThreadPoolExecutor(AT_ONCE, "look up") as threads:
        return [RemoteShard(file) for file in threads.map(look_up, urls)]
