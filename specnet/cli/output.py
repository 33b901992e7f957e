"""Files that a command writes."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from specnet.cli.failure import Failure


def write_file(path: Path, data: bytes) -> None:
    """Writes a file as a whole or not at all: beside it first, then renamed."""
    temporary = None
    try:
        if path.is_dir():
            raise Failure(f"{path} is a directory; name a file")
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as stream:
            temporary = Path(stream.name)
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)
    except OSError as error:
        if temporary:
            temporary.unlink(missing_ok=True)
        raise Failure(f"{path} cannot be written: {error.strerror or error}") from None


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
