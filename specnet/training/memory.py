"""Running out of memory, said in words that help: what was needed, what there is, and what fits."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch

from specnet.training.capacity import total
from specnet.training.errors import OutOfMemory
from specnet.training.job import Job
from specnet.training.space import shown, size_of_weights, slots

CPU_SAYS = ("can't allocate memory", "not enough memory", "Cannot allocate memory")
"""What torch's RuntimeError has in it where a CPU's memory does not suffice."""

KEPT_AND_GRADIENTS = 2
"""Each number that a layer gives is kept for the way back, where it gets a gradient of its size."""

USABLE = 0.9
"""Of the memory there is; the rest is for workspaces, and for what an allocator rounds up."""


@contextmanager
def explained(advice: Callable[[], str]) -> Iterator[None]:
    """Within it, what does not fit into memory raises OutOfMemory with advice."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if not _is_out_of_memory(error):
            raise
        raise OutOfMemory(advice()) from error


def _is_out_of_memory(error: Exception) -> bool:
    is_known = isinstance(error, MemoryError | torch.OutOfMemoryError)
    return is_known or any(words in str(error) for words in CPU_SAYS)


def smaller(batch: int) -> str:
    """Advice for what goes through images in batches of any size."""
    return f"a batch of {batch} does not fit into memory; `--batch {max(1, batch // 2)}` may"


def for_training(job: Job, place: torch.device) -> str:
    """How much a step needs, and in how many parts it fits.

    The estimate is weights, gradients and what the optimizer keeps, and for each image what every layer gives, twice.
    """
    batch = job.training.batch
    part, there = -(-batch.size // batch.accumulate), total(place)
    fixed = size_of_weights(job) * (2 + slots(job.training.optimizer))
    needed, fitting = fixed + part * _for_an_image(job), _fitting(job, there * USABLE - fixed)
    what = f"a step of {part} images needs about {shown(needed)}, and there are {shown(there)}"
    if not fitting:
        return f"{what}: the network does not fit with a single image"
    fitting = min(fitting, max(1, part // 2))  # what was estimated to fit has not
    parts = -(-batch.size // fitting)
    return f"{what}; `--set batch.accumulate={parts}` goes through it in {parts} parts, or take `--batch {fitting}`"


def _for_an_image(job: Job) -> int:
    return KEPT_AND_GRADIENTS * job.image_memory


def _fitting(job: Job, free: float) -> int:
    """How many images fit into so many bytes: a power of two, or none."""
    images = int(free / max(1, _for_an_image(job)))
    return 1 << (images.bit_length() - 1) if images > 0 else 0
