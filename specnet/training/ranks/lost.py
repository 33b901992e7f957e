"""A rank that has died, said in words that help."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch.distributed as dist

from specnet.training.errors import RankLost

SAYS = ("gloo", "NCCL", "Connection closed by peer", "Connection reset by peer")
"""What torch's RuntimeError has in it where another process no longer answers."""


@contextmanager
def explained(folder: Path | None) -> Iterator[None]:
    """Within it, not to reach another rank raises RankLost, which says what is saved in a run's folder."""
    try:
        yield
    except RuntimeError as error:
        if not isinstance(error, dist.DistError) and not any(words in str(error) for words in SAYS):
            raise
        raise RankLost(folder) from error
