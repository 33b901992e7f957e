"""What a format has to offer: how it is written, and how what was written is run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from torch import Tensor

from specnet.exports.exportable import Exportable

Files = Mapping[str, bytes]
"""The content of each file by its ending."""


class Runner(NamedTuple):
    """What runs a file: in words, and as a function from a batch of each input to the outputs."""

    program: str
    run: Callable[[Sequence[Tensor]], Sequence[Tensor]]


@dataclass(frozen=True)
class Request:
    """What a file is to hold besides the network: batches of a fixed number of images, or of any (None).

    Where a run's data is needed, it is looked for in `data_dir` first. `note` is called with a sentence about what is
    being done, or was found.
    """

    batch: int | None = None
    data_dir: Path | None = None
    note: Callable[[str], None] = field(repr=False, default=lambda text: None)


class Writer(NamedTuple):
    """How a format is written and run.

    `encode` raises ExportError. `open` returns what runs the files, or raises NothingRan; it is None where the numbers
    are rounded, and `encode` measures what that costs. `describe` says what they hold, for batches of a size or of any.
    """

    encode: Callable[[Exportable, Request], Files]
    open: Callable[[Exportable, Files], Runner] | None
    describe: Callable[[Exportable, int | None], str] = Exportable.describe_inputs
    is_bare: bool = False
    """Whether the file holds the network alone, without the normalisation of a run."""
