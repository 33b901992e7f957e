"""Files that a command writes."""

from __future__ import annotations

from pathlib import Path

from specnet.atomic_write import write_user_file
from specnet.cli.failure import Failure

BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def write_file(path: Path, content: bytes) -> None:
    """Write a file as a whole or not at all; raises Failure."""
    if path.is_dir():
        raise Failure(f"{path} is a directory; name a file")
    try:
        write_user_file(path, content)
    except OSError as error:
        raise Failure(f"{path} cannot be written: {error.strerror or error}") from None


def rewrite_spec(path: Path, text: str) -> None:
    """Write a spec in the place of another; its line ends and byte order mark stay as they are. Raises Failure."""
    try:
        old = path.read_bytes()
    except OSError as error:
        raise Failure(f"{path} cannot be read: {error.strerror or error}") from None
    lines = text.replace("\r\n", "\n")
    has_carriage_returns = old.partition(b"\n")[0].endswith(b"\r")
    content = (lines.replace("\n", "\r\n") if has_carriage_returns else lines).encode()
    write_file(path, BYTE_ORDER_MARK + content if old.startswith(BYTE_ORDER_MARK) else content)
