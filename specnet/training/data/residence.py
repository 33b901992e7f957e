"""Where the pixels of a set live while a network is trained: on the device, if they fit, or else where they are."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor

from specnet.training.data.images import DataSet, Images, Stored
from specnet.training.space import shown

SHARE = 0.5
"""Of the memory that is free, what a set may take; the rest is for the network."""

CPU = torch.device("cpu")

CONTROL_GROUPS = Path("/sys/fs/cgroup")
"""Where Linux says how much memory a container or a batch job is given."""


def fits(size: int, place: torch.device) -> bool:
    """Whether so many bytes may live in the memory of a device."""
    return size <= SHARE * free(place)


def free(place: torch.device) -> int:
    """Bytes of memory that a device has to give; what caches of files take counts as free."""
    if place.type == "cuda":
        return torch.cuda.mem_get_info(place)[0]
    return min(_free_in_system(), *map(_free_in_group, _groups()))


def _free_in_system() -> int:
    """As Linux says, or else all that is built in, where even that is known."""
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:"))
    except (OSError, StopIteration):
        names = getattr(os, "sysconf_names", {})
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") if "SC_PHYS_PAGES" in names else 2**63


def _groups() -> list[Path]:
    """The control group of this process, and all that it is in."""
    try:
        name = Path("/proc/self/cgroup").read_text().partition("0::/")[2].splitlines()
    except OSError:
        name = []
    own = CONTROL_GROUPS.joinpath(*name)
    return [own, *(parent for parent in own.parents if parent.is_relative_to(CONTROL_GROUPS))]


def _free_in_group(group: Path) -> int:
    """What a group that is limited has left."""
    try:
        limit, used = (int((group / f"memory.{name}").read_text()) for name in ("max", "current"))
        counts = dict(line.split() for line in (group / "memory.stat").read_text().splitlines())
        return limit - used + int(counts["file"])
    except (OSError, ValueError, KeyError):  # no group, no limit (`max`), no numbers
        return 2**63


def brought_in(data: DataSet, note: Callable[[str], None]) -> DataSet:
    """The set with its stored pixels in memory, if all of them fit; `note` is told if they do not."""
    stored = [part.pixels for part in data.parts().values() if isinstance(part.pixels, Stored)]
    size = sum(pixels.nbytes for pixels in stored)
    if fits(size, CPU):
        return data.each(lambda part: Images(part.pixels[:], part.labels))
    note(
        f"the images take {shown(size)}, more than {SHARE:.0%} of the memory that is free; "
        f"batches are read as they are needed, {_by_whom(stored[0].workers)}"
    )
    return data


def _by_whom(workers: int) -> str:
    return f"by {workers} threads ahead of the training" if workers else "between the steps"


def settled(data: DataSet, place: torch.device, workers: int) -> DataSet:
    """The set with all labels on the device, and the pixels too where they fit; the rest is read by `workers`."""
    size = sum(part.pixels.nbytes for part in data.parts().values() if isinstance(part.pixels, Tensor))
    is_small = place.type == "cpu" or fits(size, place)
    return data.each(lambda part: _settled(part, place, is_small, workers))


def _settled(images: Images, place: torch.device, is_small: bool, workers: int) -> Images:
    labels = images.labels.to(place)
    if isinstance(images.pixels, Stored):
        return Images(images.pixels, labels)
    if is_small:
        return Images(images.pixels.to(place), labels)
    return Images(Stored(images.pixels, torch.arange(len(labels)), workers), labels)
