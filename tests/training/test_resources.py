"""Memory that is freed stays with the process while a network is trained."""

from __future__ import annotations

import os
import platform
import subprocess
import sys

import pytest

from specnet.training import resources

SIZE = 64 * 2**20
PAGES = SIZE // os.sysconf("SC_PAGE_SIZE")
"""Bytes of the tensor below, and its pages."""

pytestmark = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the C library is not glibc")


FAULTS = f"""
import resource, torch
from specnet.training.resources import keep_freed_memory

def count_faults(times=10):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(times):
        torch.ones({SIZE}, dtype=torch.uint8)
    return (resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before) / times

with keep_freed_memory():
    count_faults()  # it may move on while smaller things come to lie in its place
    print(count_faults())
"""
"""Prints how many pages of a tensor are new to the process, as it is allocated, filled and freed again and again."""


def test_freed_memory_is_reused() -> None:
    """In a process of its own: a failed allocation of another test changes what the allocator does."""
    result = subprocess.run([sys.executable, "-c", FAULTS], capture_output=True, text=True, check=True)
    assert float(result.stdout) < PAGES / 5


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
