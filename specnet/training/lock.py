"""One training at a time in a run's folder.

The system holds the lock for as long as the process lives, so that one that was killed leaves none behind; the number
in the file only serves to name the process. Where a system or disk knows no such locks, nothing is locked.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from specnet.training.errors import CannotRun

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

NAME = "lock"


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Within it, no other process trains in the folder; raises CannotRun if one does."""
    path = folder / NAME
    descriptor = _opened(path)
    try:
        os.ftruncate(descriptor, 0)
        os.write(descriptor, str(os.getpid()).encode())
        yield
    finally:
        with suppress(OSError):
            path.unlink()
        os.close(descriptor)


def is_held(folder: Path) -> bool:
    """Whether a process trains in the folder now."""
    try:
        descriptor = os.open(folder / NAME, os.O_RDWR)
    except OSError:
        return False
    try:
        return not _lock(descriptor)
    finally:
        os.close(descriptor)


def _opened(path: Path) -> int:
    """The file, locked. Where its last holder has just removed it, a new one is made."""
    while True:
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        except OSError as error:
            raise CannotRun(f"{path} cannot be written: {(error.strerror or str(error)).lower()}") from None
        if not _lock(descriptor):
            holder = os.read(descriptor, 20).decode(errors="replace")
            os.close(descriptor)
            raise CannotRun(f"a training is going on in {path.parent} (process {holder}); wait for it, or stop it")
        if _is_same(path, descriptor):
            return descriptor
        os.close(descriptor)


def _lock(descriptor: int) -> bool:
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


def _is_same(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except OSError:
        return False
