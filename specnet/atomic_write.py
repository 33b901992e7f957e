"""Write files atomically: a reader sees the old content or the new, never a part of either."""

from __future__ import annotations

import os
import signal
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from errno import EACCES, EINVAL, ENOSYS, EOPNOTSUPP
from io import FileIO
from pathlib import Path
from tempfile import gettempdir
from typing import BinaryIO

TEMPORARY = ".tmp"
"""The suffix of a file that is being written; its name begins with a dot."""

WITHOUT_RESERVING = frozenset({EINVAL, ENOSYS, EOPNOTSUPP})
"""Errors of file systems that cannot reserve space."""

ENDING = ("SIGINT", "SIGTERM", "SIGHUP")
"""Signals that end a process, as far as the system has them."""

WRITABLE = stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH

FOR_ALL, FOR_OWNER = 0o666, stat.S_IRUSR | stat.S_IWUSR
"""The modes of new files: that of any file, of which the umask takes away, and that of one whose content is secret."""


@contextmanager
def open_atomically(path: Path, temporary: Path | None = None, mode: int = FOR_ALL) -> Iterator[BinaryIO]:
    """Open a stream to a temporary file beside `path`, which it replaces once it is complete and on the disk.

    After an error the file is as it was. Raises OSError. The temporary file of a killed process is overwritten by the
    next one, unless `temporary` names another file. A new file has the `mode` before it has any content.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0)
    beside = temporary or path.with_name(f".{path.name}{TEMPORARY}")
    try:
        with os.fdopen(_open(beside, flags, mode, path), "wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        beside.replace(path)
        _sync_folder(path.parent)
    finally:
        remove_if_possible(beside)


def _open(temporary: Path, flags: int, mode: int, path: Path) -> int:
    """Open a temporary file; the OSError that it raises names the file that was to be written."""
    try:
        return os.open(temporary, flags, mode)
    except OSError as error:
        error.filename = str(path)
        raise


def write_user_file(path: Path, content: bytes) -> None:
    """Write a file that a user has named, as a whole or not at all, the way its owner would.

    Links are followed, devices and FIFOs written into; a file keeps its mode, owner, extended attributes and hard
    links. A Ctrl-C or another signal that ends the process waits until the file is whole. Raises OSError, also for
    root where nobody has permission to write.
    """
    try:
        old = path.stat()
    except FileNotFoundError:
        with _delay_signals():
            _create(_resolve_links(path), content)
        return
    if not stat.S_ISREG(old.st_mode):
        _write_into(path, content)
        return
    if not old.st_mode & WRITABLE or not os.access(path, os.W_OK):
        raise PermissionError(EACCES, "it is read-only", str(path))
    with _delay_signals():
        if not _replace(path, content, old):
            _overwrite(path, content)


@contextmanager
def _delay_signals() -> Iterator[None]:
    """Delay signals that end the process, which would leave a temporary file or a copy behind that nobody knows of.

    Only the main thread can; in another one, they act at once.
    """
    arrived = list[int]()
    is_main = threading.current_thread() is threading.main_thread()
    numbers = [number for name in ENDING if is_main and (number := getattr(signal, name, None))]
    handlers = {number: signal.getsignal(number) for number in numbers}
    replaced = {number: handler for number, handler in handlers.items() if handler not in (None, signal.SIG_IGN)}
    for number in replaced:
        signal.signal(number, lambda number, frame: arrived.append(number))
    try:
        yield
    finally:
        for number, handler in replaced.items():
            signal.signal(number, handler)
        for number in dict.fromkeys(arrived):
            signal.raise_signal(number)


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


def _create(path: Path, content: bytes, mode: int = FOR_ALL) -> None:
    with open_atomically(path, _make_unused_name(path), mode) as stream:
        stream.write(content)


def _replace(path: Path, content: bytes, old: os.stat_result) -> bool:
    """Replace a file by one that differs in its content alone; return False where that is not possible.

    Other hard links would keep the old content, and the owner, an attribute or the folder may be out of reach.
    """
    target = _resolve_links(path)
    if old.st_nlink > 1 or not os.path.samestat(target.stat(), old):
        return False
    try:
        new = _make_unused_name(target)
        with open_atomically(target, new, FOR_OWNER) as stream:
            _copy_attributes(target, new, old)
            stream.write(content)
    except PermissionError:
        return False
    return True


def _copy_attributes(path: Path, new: Path, old: os.stat_result) -> None:
    """Give a new file the owner, the mode and the extended attributes of the old one; raises PermissionError."""
    if os.name == "posix" and (new.stat().st_uid, new.stat().st_gid) != (old.st_uid, old.st_gid):
        os.chown(new, old.st_uid, old.st_gid)
    new.chmod(stat.S_IMODE(old.st_mode))
    for name in os.listxattr(path) if hasattr(os, "listxattr") else ():
        os.setxattr(new, name, os.getxattr(path, name))


def _overwrite(path: Path, content: bytes) -> None:
    """Overwrite a file in place, with a copy kept until the new content, or the old one again, is on the disk."""
    with path.open("r+b", buffering=0) as stream:
        old = stream.read()
        copy = _keep_copy(_resolve_links(path), old)
        try:
            _reserve_space(stream, len(old), len(content))
            _set_content(stream, content)
        except BaseException:
            try:
                _set_content(stream, old)
            except BaseException as error:
                raise OSError(f"{error}; what it held is in {copy}") from None
            remove_if_possible(copy)
            raise
    remove_if_possible(copy)


def _keep_copy(path: Path, content: bytes) -> Path:
    """Write a copy beside a file, or into the folder for temporary files where the file's own cannot be written.

    Only the owner may ever read it, as the file itself may be secret.
    """
    copy = _make_unused_name(path)
    try:
        _create(copy, content, FOR_OWNER)
    except PermissionError:
        copy = Path(gettempdir(), copy.name)
        _create(copy, content, FOR_OWNER)
    return copy


def _reserve_space(stream: FileIO, size: int, needed: int) -> None:
    """Lengthen a file, so that a full disk is noticed while the old content is there; raises OSError."""
    if needed > size and hasattr(os, "posix_fallocate"):
        try:
            os.posix_fallocate(stream.fileno(), size, needed - size)
        except OSError as error:
            if error.errno not in WITHOUT_RESERVING:
                raise


def _set_content(stream: FileIO, content: bytes) -> None:
    """Replace the content of a file, down to the disk; raises OSError."""
    stream.seek(0)
    rest = memoryview(content)
    while rest:
        rest = rest[stream.write(rest) :]
    stream.truncate()
    os.fsync(stream.fileno())


def _write_into(path: Path, content: bytes) -> None:
    """Write into a device or FIFO; raises OSError."""
    with os.fdopen(os.open(path, os.O_WRONLY | getattr(os, "O_BINARY", 0)), "wb") as stream:
        stream.write(content)


def _make_unused_name(path: Path) -> Path:
    return path.with_name(f".specnet-{os.urandom(6).hex()}{TEMPORARY}")


def _sync_folder(folder: Path) -> None:
    """Make a rename survive a power failure where the system can; the file is written in any case."""
    if os.name == "posix":
        with suppress(OSError):  # a folder may be written, and not be read
            descriptor = os.open(folder, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
