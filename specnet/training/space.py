"""Whether a disk has room for a run."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

from torch import Tensor

from specnet.settings.optimizer import Adam, Muon, Optimizer, RmsProp, Sgd
from specnet.training.checkpoint import KEPT
from specnet.training.errors import CannotRun
from specnet.training.job import Job

BESIDE = 2**18
"""Bytes for all that is no tensor: pictures, tables, texts."""


def refuse_full(folder: Path, job: Job) -> None:
    """Raises CannotRun where the disk has no room for the run's weights and checkpoints."""
    there = next(parent for parent in (folder, *folder.absolute().parents) if parent.is_dir())
    needed, free = _needed(job), shutil.disk_usage(there).free
    if free < needed:
        raise CannotRun(f"a run of {job.name} needs {shown(needed)} of disk, and {there} has {shown(free)} left")


def _needed(job: Job) -> int:
    """The weights that count, the checkpoints that are kept, and one more of each while it is written."""
    weights = _bytes(job.module.state_dict().values())
    averages = weights if job.training.average else 0
    checkpoint = weights + averages + size_of_weights(job) * slots(job.training.optimizer)
    return 2 * weights + (KEPT + 1) * checkpoint + BESIDE


def size_of_weights(job: Job) -> int:
    """Bytes of all parameters that are learned."""
    return _bytes(parameter for parameter in job.module.parameters() if parameter.requires_grad)


def _bytes(tensors: Iterable[Tensor]) -> int:
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors)


def slots(optimizer: Optimizer) -> int:
    """Numbers that an optimizer keeps for each parameter."""
    match optimizer:
        case Sgd(momentum=momentum):
            return 1 if momentum else 0
        case RmsProp(momentum=momentum):
            return 2 if momentum else 1
        case Muon() | Adam():
            return 2
    raise TypeError(f"no such optimizer: {optimizer!r}")


def shown(size: float) -> str:
    """A number of bytes."""
    return f"{size / 2**30:.1f} GiB" if size >= 2**30 else f"{size / 2**20:.1f} MiB"
