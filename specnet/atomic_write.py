"""Write files atomically: a reader sees the old content or the new, never a part of either."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from errno import EACCES
from pathlib import Path
from typing import BinaryIO

TEMPORARY = ".tmp"
"""The suffix of a file that is being written; its name begins with a dot."""

WRITABLE = stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH


@contextmanager
def open_atomically(path: Path, temporary: Path | None = None) -> Iterator[BinaryIO]:
    """Open a stream to a temporary file beside `path`, which it replaces once it is complete and on the disk.

    After an error the file is as it was. Raises OSError. The temporary file of a killed process is overwritten by the
    next one, unless `temporary` names another file.
    """
    beside = temporary or path.with_name(f".{path.name}{TEMPORARY}")
    try:
        with beside.open("wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        beside.replace(path)
        _sync_folder(path.parent)
    finally:
        remove_if_possible(beside)


def write_user_file(path: Path, content: bytes) -> None:
    """Write a file that a user has named, as a whole or not at all, the way its owner would.

    Links are followed, devices and FIFOs written into; a file keeps its mode, its owner and its hard links. Raises
    OSError, also for root where nobody has permission to write.
    """
    try:
        old = path.stat()
    except FileNotFoundError:
        _replace(_resolve_links(path), content, None)
        return
    if not stat.S_ISREG(old.st_mode):
        _write_in_place(path, content)
        return
    if not old.st_mode & WRITABLE or not os.access(path, os.W_OK):
        raise PermissionError(EACCES, "it is read-only", str(path))
    if _is_replaceable(path, old):
        _replace(_resolve_links(path), content, old)
    else:
        _overwrite(path, content)


def remove_if_possible(path: Path) -> None:
    """Remove a file if it exists; ignores failures, as on a read-only disk."""
    with suppress(OSError):
        path.unlink(missing_ok=True)


def remove_temporary_files(folder: Path) -> None:
    """Remove the temporary files that killed processes have left in a folder."""
    for path in folder.glob(f".*{TEMPORARY}"):
        remove_if_possible(path)


def _resolve_links(path: Path) -> Path:
    return Path(os.path.realpath(path))


def _is_replaceable(path: Path, old: os.stat_result) -> bool:
    """Return whether replacing a file would change only its content: it has one hard link, and it is ours."""
    with suppress(OSError):
        is_ours = os.name != "posix" or (old.st_uid, old.st_gid) == (os.geteuid(), os.getegid())
        return is_ours and old.st_nlink == 1 and os.path.samestat(_resolve_links(path).stat(), old)
    return False


def _replace(path: Path, content: bytes, old: os.stat_result | None) -> None:
    """Create a file, or replace the old one and keep its mode."""
    with open_atomically(path, _make_unused_name(path)) as stream:
        if old:
            Path(stream.name).chmod(stat.S_IMODE(old.st_mode))
        stream.write(content)


def _overwrite(path: Path, content: bytes) -> None:
    """Overwrite a file in place; a copy lies beside it until the new content, or the old one again, is on the disk."""
    old, copy = path.read_bytes(), _make_unused_name(_resolve_links(path))
    _replace(copy, old, path.stat())
    try:
        _write_in_place(path, content)
    except BaseException:
        try:
            _write_in_place(path, old)
        except OSError as error:
            raise OSError(error.errno, f"{error.strerror}; what it held is in {copy}", str(path)) from None
        remove_if_possible(copy)
        raise
    remove_if_possible(copy)


def _write_in_place(path: Path, content: bytes) -> None:
    """Write into an existing file, device or FIFO. Raises OSError."""
    descriptor = os.open(path, os.O_WRONLY | os.O_TRUNC | getattr(os, "O_BINARY", 0))
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(content)
        stream.flush()
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.fsync(descriptor)


def _make_unused_name(path: Path) -> Path:
    return path.with_name(f".specnet-{os.urandom(6).hex()}{TEMPORARY}")


def _sync_folder(folder: Path) -> None:
    """Make a rename survive a power failure, on systems that can open folders."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
