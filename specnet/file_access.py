"""Access to files that others may have named, changed or replaced: reading that ends, and reasons in words."""

from __future__ import annotations

import os
from errno import EAGAIN, EFBIG, EINVAL, EISDIR
from pathlib import Path
from stat import S_ISDIR, S_ISREG
from typing import BinaryIO

NO_FILE = "it is a device, a pipe or a socket"

WITHOUT_WAITING = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
"""How a file is opened whose content is there or not: some files of /proc look regular, and never end."""


def describe_reason(error: Exception) -> str:
    """Return why a file cannot be accessed, without its name: `permission denied`."""
    reason = getattr(error, "strerror", None) or str(error)
    return reason[:1].lower() + reason[1:]


def find_cache_folder() -> Path:
    """Return SpecNet's folder in the user's cache; raises OSError or RuntimeError if there is none and none is made."""
    base = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA")
    folder = (Path(base) if base else Path.home() / ".cache") / "specnet"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def is_there(path: Path) -> bool:
    """Whether there is a file or folder; no where the system does not say, as in a folder that cannot be searched."""
    return os.path.exists(path)  # noqa: PTH110  (Path.exists raises)


def open_regular_file(path: Path) -> BinaryIO:
    """Open a regular file, without waiting for anything; raises OSError, for all other files too."""
    mode = path.stat().st_mode
    if S_ISDIR(mode):
        raise IsADirectoryError(EISDIR, os.strerror(EISDIR), str(path))
    if not S_ISREG(mode):
        raise OSError(EINVAL, NO_FILE, str(path))
    return os.fdopen(os.open(path, WITHOUT_WAITING), "rb")


def read_part(stream: BinaryIO, size: int) -> bytes:
    """Read at most `size` bytes; raises OSError, also for a file that has nothing to read yet."""
    data: bytes | None = stream.read(size)
    if data is None:
        raise BlockingIOError(EAGAIN, "it has nothing to read yet, and may never have")
    return data


def read_bounded_file(path: Path, largest: int) -> bytes:
    """Read a regular file of at most `largest` bytes; raises OSError, for devices, pipes and larger files too."""
    with open_regular_file(path) as stream:
        data = read_part(stream, largest + 1)
    if len(data) > largest:
        raise OSError(EFBIG, f"it has more than {largest:,} bytes", str(path))
    return data
