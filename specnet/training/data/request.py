"""What is asked of a reader of data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from specnet.training.data.decoding import processors


@dataclass(frozen=True)
class Request:
    """Images of `shape` (height, width, channels), from below `data_dir` first, read by `workers` threads (0: none).

    `note` is told of downloads and decoding. `refuse` is told the numbers of classes and of channels before images are
    decoded, and raises where they do not suit. With `skip_bad`, files that cannot be read are left out.
    """

    shape: tuple[int, int, int]
    data_dir: Path | None
    note: Callable[[str], None]
    workers: int = field(default_factory=processors)
    skip_bad: bool = False
    refuse: Callable[[int, int], None] = lambda classes, channels: None
