"""Files that a reader finds whole, and folders that one process works in at a time."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from specnet.atomic_write import open_atomically
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


try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

LOCK = "lock"


@contextmanager
def lock_folder(folder: Path) -> Iterator[None]:
    """Within it, no other process trains in the folder; raises CannotRun if one does."""
    path = folder / LOCK
    descriptor = _open_locked(path)
    try:
        os.ftruncate(descriptor, 0)
        os.write(descriptor, str(os.getpid()).encode())
        yield
    finally:
        with suppress(OSError):
            path.unlink()
        os.close(descriptor)


def is_locked(folder: Path) -> bool:
    """Whether a process trains in the folder now."""
    try:
        descriptor = os.open(folder / LOCK, os.O_RDWR)
    except OSError:
        return False
    try:
        return not _try_lock(descriptor)
    finally:
        os.close(descriptor)


def _open_locked(path: Path) -> int:
    """The file, locked. Where its last holder has just removed it, a new one is made."""
    while True:
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        except OSError as error:
            raise CannotRun(f"{path} cannot be written: {(error.strerror or str(error)).lower()}") from None
        if not _try_lock(descriptor):
            holder = os.read(descriptor, 20).decode(errors="replace")
            os.close(descriptor)
            raise CannotRun(f"a training is going on in {path.parent} (process {holder}); wait for it, or stop it")
        if _is_same_file(path, descriptor):
            return descriptor
        os.close(descriptor)


def _try_lock(descriptor: int) -> bool:
    """Lock an open file if no other process has done so."""
    if fcntl is None:
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True


def _is_same_file(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except OSError:
        return False
