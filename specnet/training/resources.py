"""The memory of a device: how much there is, how much is free, and what to do where it does not suffice."""

from __future__ import annotations

import ctypes
import os
import platform
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import torch

from specnet.training.errors import OutOfMemory
from specnet.training.job import Job
from specnet.training.optim.optimizers import state_per_parameter

CONTROL_GROUPS = Path("/sys/fs/cgroup")
"""Where Linux says how much memory a container or a batch job is given."""

UNKNOWN = 2**63
"""Bytes, where nobody says how many."""


def total_memory(place: torch.device) -> int:
    """Bytes of memory that this process may have of a device."""
    if place.type == "cuda":
        return torch.cuda.mem_get_info(place)[1]
    return min(_physical_memory(), *map(_group_limit, _control_groups()))


def free_memory(place: torch.device) -> int:
    """Bytes of memory that a device has to give; what caches of files take counts as free."""
    if place.type == "cuda":
        return torch.cuda.mem_get_info(place)[0]
    return min(_free_in_system(), *map(_free_in_group, _control_groups()))


def _physical_memory() -> int:
    names = getattr(os, "sysconf_names", {})
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") if "SC_PHYS_PAGES" in names else UNKNOWN


def _free_in_system() -> int:
    """As Linux says, or else all that is built in."""
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:"))
    except (OSError, StopIteration):
        return _physical_memory()


def _control_groups() -> list[Path]:
    """The control group of this process, and all that it is in."""
    try:
        name = Path("/proc/self/cgroup").read_text().partition("0::/")[2].splitlines()
    except OSError:
        name = []
    own = CONTROL_GROUPS.joinpath(*name)
    return [own, *(parent for parent in own.parents if parent.is_relative_to(CONTROL_GROUPS))]


def _group_limit(group: Path) -> int:
    """What a group is given."""
    try:
        return int((group / "memory.max").read_text())
    except (OSError, ValueError):  # no group, or no limit (`max`)
        return UNKNOWN


def _free_in_group(group: Path) -> int:
    """What a group that is limited has left."""
    try:
        used = int((group / "memory.current").read_text())
        counts = dict(line.split() for line in (group / "memory.stat").read_text().splitlines())
        return _group_limit(group) - used + int(counts["file"])
    except (OSError, ValueError, KeyError):  # no group, or no numbers
        return UNKNOWN


CPU_SAYS = ("can't allocate memory", "not enough memory", "Cannot allocate memory")
"""What torch's RuntimeError has in it where a CPU's memory does not suffice."""

KEPT_AND_GRADIENTS = 2
"""Each number that a layer gives is kept for the way back, where it gets a gradient of its size."""

USABLE = 0.9
"""Of the memory there is; the rest is for workspaces, and for what an allocator rounds up."""


@contextmanager
def explain_out_of_memory(advice: Callable[[], str]) -> Iterator[None]:
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


def advise_smaller_batch(batch: int) -> str:
    """Advice for what goes through images in batches of any size."""
    return f"a batch of {batch} does not fit into memory; `--batch {max(1, batch // 2)}` may"


def advise_training(job: Job, place: torch.device) -> str:
    """How much a step needs, and in how many parts it fits.

    The estimate is weights, gradients and what the optimizer keeps, and for each image what every layer gives, twice.
    """
    batch = job.training.batch
    part, there = -(-batch.size // batch.accumulate), total_memory(place)
    fixed = job.trainable_bytes * (2 + state_per_parameter(job.training.optimizer))
    needed, fitting = fixed + part * _image_size(job), _largest_batch(job, there * USABLE - fixed)
    what = f"a step of {part} images needs about {format_bytes(needed)}, and there are {format_bytes(there)}"
    if not fitting:
        return f"{what}: the network does not fit with a single image"
    fitting = min(fitting, max(1, part // 2))  # what was estimated to fit has not
    parts = -(-batch.size // fitting)
    return f"{what}; `--set batch.accumulate={parts}` goes through it in {parts} parts, or take `--batch {fitting}`"


def _image_size(job: Job) -> int:
    return KEPT_AND_GRADIENTS * job.image_memory


def _largest_batch(job: Job, free: float) -> int:
    """How many images fit into so many bytes: a power of two, or none."""
    images = int(free / max(1, _image_size(job)))
    return 1 << (images.bit_length() - 1) if images > 0 else 0


TRIM_THRESHOLD, MMAP_MAX = -1, -4
"""mallopt's numbers, and below what it is set to at the start of a process: see mallopt(3)."""

TRIMMED_ABOVE, MAPPED_AT_MOST = 128 * 2**10, 65_536


@contextmanager
def keep_freed_memory() -> Iterator[None]:
    """Within it, memory that is freed stays with the process, for the next step takes as much again.

    glibc gives large blocks back to the system, which then has to fill each page with zeros when it is first touched:
    a third of a step of a middling network on a CPU. Other C libraries are left as they are.
    """
    if platform.libc_ver()[0] != "glibc":
        yield
        return
    libc = ctypes.CDLL(None)
    libc.mallopt(MMAP_MAX, 0)
    libc.mallopt(TRIM_THRESHOLD, 2**31 - 1)
    try:
        yield
    finally:
        libc.mallopt(MMAP_MAX, MAPPED_AT_MOST)
        libc.mallopt(TRIM_THRESHOLD, TRIMMED_ABOVE)
        libc.malloc_trim(0)


DATA_SHARE = 0.5
"""Of the memory that is free, what a set may take; the rest is for the network."""


CPU = torch.device("cpu")


def fits_in_memory(size: int, place: torch.device) -> bool:
    """Whether so many bytes may live in the memory of a device."""
    return size <= DATA_SHARE * free_memory(place)


def format_bytes(size: float) -> str:
    """A number of bytes."""
    return f"{size / 2**30:.1f} GiB" if size >= 2**30 else f"{size / 2**20:.1f} MiB"


def count_processors() -> int:
    """How many of them this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
