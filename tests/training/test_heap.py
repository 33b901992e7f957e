"""Memory that is freed stays with the process while a network is trained."""

from __future__ import annotations

import platform

import pytest
import torch

from specnet.training import heap

PAGES = 64 * 2**20 // 4096
"""Of the tensor below."""

pytestmark = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the C library is not glibc")


def faults_of_a_tensor() -> int:
    """How many pages are touched for the first time by 64 MiB that are taken, filled and freed."""
    import resource

    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    torch.ones(PAGES * 4096, dtype=torch.uint8)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before


def test_what_is_freed_is_taken_again() -> None:
    with heap.kept():
        faults_of_a_tensor()
        assert faults_of_a_tensor() < PAGES / 10


def test_behind_it_memory_goes_back() -> None:
    with pytest.raises(ZeroDivisionError), heap.kept():
        1 / 0  # noqa: B018
    faults_of_a_tensor()
    assert faults_of_a_tensor() > PAGES / 10


def test_another_c_library_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "libc_ver", lambda: ("", ""))
    monkeypatch.delattr(heap.ctypes, "CDLL")
    with heap.kept():
        pass
