"""Files of a run's folder: a reader sees the old content or the new, never half of one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from specnet.atomic_write import open_atomically
from specnet.training.errors import CannotRun


def write(path: Path, content: bytes | str) -> None:
    """Write a file as a whole or not at all; raises CannotRun."""
    try:
        with open_atomically(path) as stream:
            stream.write(content.encode() if isinstance(content, str) else content)
    except OSError as error:
        raise CannotRun(f"{path} cannot be written: {(error.strerror or str(error)).lower()}") from None


def write_json(path: Path, value: Any) -> None:
    write(path, json.dumps(value, indent=2, ensure_ascii=False) + "\n")
