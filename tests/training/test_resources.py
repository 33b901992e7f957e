"""Memory that is freed stays with the process while a network is trained."""

from __future__ import annotations

import os
import platform
import subprocess
import sys

import pytest

from specnet.training import resources

pytestmark = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the C library is not glibc")

COUNT_FAULTS = """
import resource, torch
from specnet.training import resources

def count_faults(times=10):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(times):
        torch.ones(2**26, dtype=torch.uint8)
    return (resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before) / times

with resources.keep_freed_memory():
    count_faults()
    print(count_faults())
"""
"""Prints how many pages are new to the process each time that it allocates, fills and frees 64 MiB."""


def test_freed_memory_is_used_again() -> None:
    """In a process of its own: where an allocation has failed before, glibc serves the thread from another arena."""
    done = subprocess.run([sys.executable, "-c", COUNT_FAULTS], capture_output=True, text=True, check=True)
    pages = 2**26 / os.sysconf("SC_PAGE_SIZE")
    assert float(done.stdout) < pages / 5


class Recorder:
    """A C library that writes down what it is asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[int, ...]] = []

    def mallopt(self, what: int, value: int) -> None:
        self.asked.append((what, value))

    def malloc_trim(self, left: int) -> None:
        self.asked.append((left,))


def test_behind_it_all_is_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    library = Recorder()
    monkeypatch.setattr(resources.ctypes, "CDLL", lambda name: library)
    with pytest.raises(ZeroDivisionError), resources.keep_freed_memory():
        assert library.asked == [(resources.MMAP_MAX, 0), (resources.TRIM_THRESHOLD, 2**31 - 1)]
        1 / 0  # noqa: B018
    assert library.asked[2:] == [(resources.MMAP_MAX, 65_536), (resources.TRIM_THRESHOLD, 131_072), (0,)]


def test_another_c_library_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "libc_ver", lambda: ("", ""))
    monkeypatch.delattr(resources.ctypes, "CDLL")
    with resources.keep_freed_memory():
        pass
