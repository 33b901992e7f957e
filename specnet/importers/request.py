"""What a user asks to import: a file, or the Python that makes a network, and what it does not say itself."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from specnet.file_access import read_bounded_file
from specnet.layers.base import Shape

LARGEST_TEXT = 64 << 20
"""The bytes of the largest file of text that is read: a hundred times the longest network in the wild."""


@dataclass(frozen=True)
class Request:
    """A model to import; `input_shape` is H×W×C, for sources that leave it open."""

    source: str
    input_shape: Shape | None = None
    weights: Path | None = None
    """A file of weights beside the model: a caffemodel, Darknet's .weights, a state_dict …"""

    @property
    def path(self) -> Path:
        return Path(self.source)

    @property
    def stem(self) -> str:
        return self.path.name.partition(".")[0] or "imported"

    def read_text(self) -> str:
        """Return the text of the file, without a byte order mark; raises OSError."""
        data = self.read_bytes(LARGEST_TEXT)
        return data.decode("utf-8-sig", errors="replace").replace("\r\n", "\n").replace("\r", "\n")

    def read_bytes(self, largest: int) -> bytes:
        """Return the content of a file of at most so many bytes; raises OSError."""
        return read_bounded_file(self.path, largest)
