"""The memory and processors of a machine, and advice where memory does not suffice."""

from __future__ import annotations

import ctypes
import os
import platform
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import torch

from specnet.analyses.memory import Conditions, Memory
from specnet.byte_sizes import format_bytes
from specnet.option_names import name_option, name_setting
from specnet.printable import format_amount
from specnet.training.device import Device, is_out_of_memory
from specnet.training.errors import OutOfMemory
from specnet.training.job import Job

CONTROL_GROUPS = Path("/sys/fs/cgroup")
"""The files that limit the memory of a container or a batch job on Linux."""

UNLIMITED = 2**63
"""Bytes where no limit is known."""

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
        if not is_out_of_memory(error):
            raise
        raise OutOfMemory(advice()) from error


def advise_smaller_batch(batch: int) -> str:
    """Return advice for an evaluation, whose batches may have any size."""
    return f"a batch of {batch} does not fit into memory; {name_option('batch', max(1, batch // 2))} may"


def advise_training(job: Job, device: Device) -> str:
    """Return how much memory a step needs, and in how many parts it fits."""
    batch, there = job.training.batch, get_total_memory(device.place)
    step = f"a step of {format_amount(batch.part, 'image')}"
    memory = measure_step(job, device)
    if memory is None:
        parts = batch.accumulate + 1
        return f"{step} does not fit into {format_bytes(there)}; {name_setting('batch.accumulate', parts)} may"
    needed = memory.peak(batch.part * job.runs_per_image)
    what = f"{step} needs {format_bytes(needed)}, and there are {format_bytes(there)}"
    fitting = memory.find_largest_batch(there) // job.runs_per_image
    if not fitting:
        return f"{what}: the network does not fit with a single image"
    fitting = _round_down(min(fitting, max(1, batch.part // 2)))  # what was estimated to fit has not
    parts = -(-batch.size // fitting)
    advice = f"{name_setting('batch.accumulate', parts)} goes through it in {parts} parts"
    return f"{what}; {advice}, or take {name_setting('batch', fitting)}"


def measure_step(job: Job, device: Device) -> Memory | None:
    """Return the memory of a step on a device; None if it is unknown."""
    frozen = {name for name, parameter in job.module.named_parameters() if not parameter.requires_grad}
    is_gpu = device.place.type == "cuda"
    return job.measure_memory(Conditions(device.precision, "cuda" if is_gpu else "cpu", frozen))


def _round_down(images: int) -> int:
    """Return the largest power of two up to a number."""
    return 1 << (images.bit_length() - 1)


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


def count_processors() -> int:
    """Return the number of processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
