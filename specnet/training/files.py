"""Atomic writing of files, and folders that only one process at a time may use."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from specnet.atomic_write import open_atomically, remove_if_possible
from specnet.file_access import read_bounded_file
from specnet.training.errors import CannotRun


def write_atomically(path: Path, content: bytes | str) -> None:
    """Write a file as a whole or not at all; raises CannotRun."""
    try:
        with open_atomically(path) as stream:
            stream.write(content.encode() if isinstance(content, str) else content)
    except OSError as error:
        raise CannotRun(f"{path} cannot be written: {(error.strerror or str(error)).lower()}") from None


def write_json(path: Path, value: Any) -> None:
    write_atomically(path, json.dumps(value, indent=2, ensure_ascii=False) + "\n")


LOCK, HOLDER = "lock", "lock.pid"
"""The file that is locked, and the one with the number of the process that holds it, for the message alone."""

LONGEST_NUMBER = 20
"""The most digits of the number of a process."""

RETRIED_FOR = 0.1
"""Seconds to try again when a lock has just been given up."""

WITHOUT_LOCKS = frozenset({errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP})
"""Errors of file systems that know no locks, where nothing is locked."""


@contextmanager
def lock_folder(folder: Path) -> Iterator[None]:
    """Let no other process train in a folder; raises CannotRun if one does.

    The system holds the lock for as long as the process lives, so one that is killed leaves none behind.
    """
    lock = FileLock(folder / LOCK)
    try:
        lock.acquire(timeout=RETRIED_FOR, poll_interval=RETRIED_FOR / 10)
    except Timeout:
        raise CannotRun(
            f"a training is going on in {folder}{_describe_holder(folder)}; wait for it, or stop it"
        ) from None
    except OSError as error:
        if error.errno not in WITHOUT_LOCKS:
            raise CannotRun(f"{folder / LOCK} cannot be written: {(error.strerror or str(error)).lower()}") from None
    try:
        with suppress(OSError):
            (folder / HOLDER).write_text(str(os.getpid()))
        yield
    finally:
        for name in (HOLDER, LOCK):
            remove_if_possible(folder / name)
        lock.release()


def is_locked(folder: Path) -> bool:
    """Whether a process trains in the folder now."""
    if not (folder / LOCK).exists():
        return False
    try:
        with FileLock(folder / LOCK, timeout=0):
            return False
    except Timeout:
        return True
    except OSError:
        return False


def _describe_holder(folder: Path) -> str:
    try:
        return f" (process {int(read_bounded_file(folder / HOLDER, LONGEST_NUMBER))})"
    except (OSError, ValueError):
        return ""
