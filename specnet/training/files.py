"""Writing files so that a reader sees the old content or the new, never half of one."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from specnet.training.errors import CannotRun

TEMPORARY = ".tmp"


def write(path: Path, content: bytes | str) -> None:
    """Write to a temporary file in the same folder, flush it to the disk, rename; raises CannotRun."""
    temporary = path.with_name(f".{path.name}{TEMPORARY}")
    try:
        with temporary.open("wb") as file:
            file.write(content.encode() if isinstance(content, str) else content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        _sync_folder(path.parent)
    except OSError as error:
        forget(temporary)
        raise CannotRun(f"{path} cannot be written: {(error.strerror or str(error)).lower()}") from None


def write_json(path: Path, value: Any) -> None:
    write(path, json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def sweep(folder: Path) -> None:
    """Remove the temporary files that a killed process left in a folder."""
    for path in folder.glob(f".*{TEMPORARY}"):
        forget(path)


def _sync_folder(folder: Path) -> None:
    """Make a rename outlast a power failure, where the system can open folders."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def forget(path: Path) -> None:
    """Remove a file if that is possible; a folder on a full or read-only disk may not allow it."""
    try:
        path.unlink(missing_ok=True)
    except OSError:
        return
