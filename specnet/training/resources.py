"""The memory and processors of a machine, and advice where memory does not suffice."""

from __future__ import annotations

import ctypes
import os
import platform
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import torch

from specnet.option_names import name_option, name_setting
from specnet.printable import format_amount
from specnet.training.errors import OutOfMemory
from specnet.training.job import Job
from specnet.training.optim.optimizers import count_state_per_parameter

CONTROL_GROUPS = Path("/sys/fs/cgroup")
"""The files that limit the memory of a container or a batch job on Linux."""

UNLIMITED = 2**63
"""Bytes where no limit is known."""

CPU_ERRORS = ("can't allocate memory", "not enough memory", "Cannot allocate memory")
"""Parts of torch's RuntimeErrors where a CPU's memory does not suffice."""

COPIES_PER_OUTPUT = 2
"""Each output of a layer is kept for the backward pass, and gets a gradient of its size."""

USABLE_SHARE = 0.9
"""The usable share of memory; the rest is for workspaces and the rounding of the allocator."""

DATA_SHARE = 0.5
"""The share of free memory that a set may take; the rest is for the network."""

TRIM_THRESHOLD, MMAP_MAX = -1, -4
"""Parameters of mallopt(3), and below their values at the start of a process."""

TRIMMED_ABOVE, MAPPED_AT_MOST = 128 * 2**10, 65_536

CPU = torch.device("cpu")


def get_total_memory(place: torch.device) -> int:
    """Return the bytes of a device's memory that this process may use."""
    if place.type == "cuda":
        return torch.cuda.mem_get_info(place)[1]
    return min(_physical_memory(), *map(_group_limit, _control_groups()))


def get_free_memory(place: torch.device) -> int:
    """Return the bytes of a device's memory that are free; file caches count as free."""
    if place.type == "cuda":
        return torch.cuda.mem_get_info(place)[0]
    return min(_free_in_system(), *map(_free_in_group, _control_groups()))


def _physical_memory() -> int:
    names = getattr(os, "sysconf_names", {})
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") if "SC_PHYS_PAGES" in names else UNLIMITED


def _free_in_system() -> int:
    """Return the free memory according to Linux, elsewhere all memory."""
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:"))
    except (OSError, StopIteration):
        return _physical_memory()


def _control_groups() -> list[Path]:
    """Return the control group of this process, and its parents."""
    try:
        name = Path("/proc/self/cgroup").read_text().partition("0::/")[2].splitlines()
    except OSError:
        name = []
    own = CONTROL_GROUPS.joinpath(*name)
    return [own, *(parent for parent in own.parents if parent.is_relative_to(CONTROL_GROUPS))]


def _group_limit(group: Path) -> int:
    """Return the memory limit of a control group."""
    try:
        return int((group / "memory.max").read_text())
    except (OSError, ValueError):  # no group, or no limit (`max`)
        return UNLIMITED


def _free_in_group(group: Path) -> int:
    """Return the free memory of a limited control group."""
    try:
        used = int((group / "memory.current").read_text())
        counts = dict(line.split() for line in (group / "memory.stat").read_text().splitlines())
        return _group_limit(group) - used + int(counts["file"])
    except (OSError, ValueError, KeyError):  # no group, or no numbers
        return UNLIMITED


@contextmanager
def explain_out_of_memory(advice: Callable[[], str]) -> Iterator[None]:
    """Raise OutOfMemory with advice for allocation errors within the context."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if not _is_out_of_memory(error):
            raise
        raise OutOfMemory(advice()) from error


def _is_out_of_memory(error: Exception) -> bool:
    is_known = isinstance(error, MemoryError | torch.OutOfMemoryError)
    return is_known or any(words in str(error) for words in CPU_ERRORS)


def advise_smaller_batch(batch: int) -> str:
    """Return advice for an evaluation, whose batches may have any size."""
    return f"a batch of {batch} does not fit into memory; {name_option('batch', max(1, batch // 2))} may"


def advise_training(job: Job, place: torch.device) -> str:
    """Return how much memory a step needs, and in how many parts it fits.

    The estimate is weights, gradients and the optimizer's state, and twice the outputs of all layers for each image.
    """
    batch = job.training.batch
    part, there = -(-batch.size // batch.accumulate), get_total_memory(place)
    fixed = job.trainable_bytes * (2 + count_state_per_parameter(job.training.optimizer))
    needed, fitting = fixed + part * _image_size(job), _largest_batch(job, there * USABLE_SHARE - fixed)
    step = f"a step of {format_amount(part, 'image')}"
    what = f"{step} needs about {format_bytes(needed)}, and there are {format_bytes(there)}"
    if not fitting:
        return f"{what}: the network does not fit with a single image"
    fitting = min(fitting, max(1, part // 2))  # what was estimated to fit has not
    parts = -(-batch.size // fitting)
    advice = f"{name_setting('batch.accumulate', parts)} goes through it in {parts} parts"
    return f"{what}; {advice}, or take {name_setting('batch', fitting)}"


def _image_size(job: Job) -> int:
    return COPIES_PER_OUTPUT * job.image_memory


def _largest_batch(job: Job, free: float) -> int:
    """Return the number of images that fit into `free` bytes: a power of two, or none."""
    images = int(free / max(1, _image_size(job)))
    return 1 << (images.bit_length() - 1) if images > 0 else 0


@contextmanager
def keep_freed_memory() -> Iterator[None]:
    """Keep freed memory in the process within the context, as the next step allocates the same amount again.

    glibc returns large blocks to the system, which fills each page with zeros on its first use: a third of the time of
    a step of a medium network on a CPU. Other C libraries are left as they are.
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


def fits_in_memory(size: int, place: torch.device) -> bool:
    """Whether `size` bytes of data may be kept in the memory of a device."""
    return size <= DATA_SHARE * get_free_memory(place)


def format_bytes(size: float) -> str:
    """Return a number of bytes in MiB or GiB."""
    return f"{size / 2**30:.1f} GiB" if size >= 2**30 else f"{size / 2**20:.1f} MiB"


def count_processors() -> int:
    """Return the number of processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
