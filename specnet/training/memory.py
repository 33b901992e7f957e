"""Running out of memory, said in words that help."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from specnet.training.errors import OutOfMemory

CPU_SAYS = ("can't allocate memory", "not enough memory", "Cannot allocate memory")
"""What torch's RuntimeError has in it where a CPU's memory does not suffice."""


@contextmanager
def explained(batch: int) -> Iterator[None]:
    """Within it, a step of `batch` images that does not fit raises OutOfMemory."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if not _is_out_of_memory(error):
            raise
        raise OutOfMemory(f"a batch of {batch} does not fit into memory; `--batch {max(1, batch // 2)}` may") from error


def _is_out_of_memory(error: Exception) -> bool:
    is_known = isinstance(error, MemoryError | torch.OutOfMemoryError)
    return is_known or any(words in str(error) for words in CPU_SAYS)
