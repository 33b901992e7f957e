"""What the C library does with memory that is freed."""

from __future__ import annotations

import ctypes
import platform
from collections.abc import Iterator
from contextlib import contextmanager

TRIM_THRESHOLD, MMAP_MAX = -1, -4
"""mallopt's numbers, and below what it is set to at the start of a process: see mallopt(3)."""

TRIMMED_ABOVE, MAPPED_AT_MOST = 128 * 2**10, 65_536


@contextmanager
def kept() -> Iterator[None]:
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
