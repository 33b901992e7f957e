"""How much memory there is, and is free, for a process on a device: a container or a batch job may give it less."""

from __future__ import annotations

import os
from pathlib import Path

import torch

CONTROL_GROUPS = Path("/sys/fs/cgroup")
"""Where Linux says how much memory a container or a batch job is given."""

UNKNOWN = 2**63
"""Bytes, where nobody says how many."""


def total(place: torch.device) -> int:
    """Bytes of memory that this process may have of a device."""
    if place.type == "cuda":
        return torch.cuda.mem_get_info(place)[1]
    return min(_built_in(), *map(_limit, _groups()))


def free(place: torch.device) -> int:
    """Bytes of memory that a device has to give; what caches of files take counts as free."""
    if place.type == "cuda":
        return torch.cuda.mem_get_info(place)[0]
    return min(_free_in_system(), *map(_free_in_group, _groups()))


def _built_in() -> int:
    names = getattr(os, "sysconf_names", {})
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") if "SC_PHYS_PAGES" in names else UNKNOWN


def _free_in_system() -> int:
    """As Linux says, or else all that is built in."""
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:"))
    except (OSError, StopIteration):
        return _built_in()


def _groups() -> list[Path]:
    """The control group of this process, and all that it is in."""
    try:
        name = Path("/proc/self/cgroup").read_text().partition("0::/")[2].splitlines()
    except OSError:
        name = []
    own = CONTROL_GROUPS.joinpath(*name)
    return [own, *(parent for parent in own.parents if parent.is_relative_to(CONTROL_GROUPS))]


def _limit(group: Path) -> int:
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
        return _limit(group) - used + int(counts["file"])
    except (OSError, ValueError, KeyError):  # no group, or no numbers
        return UNKNOWN
