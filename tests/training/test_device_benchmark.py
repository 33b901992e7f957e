"""The measurement of a device: that it measures every kind of work."""

from __future__ import annotations

import pytest
import torch

from specnet.analyses.devices import Device as Speeds
from specnet.layers.base.traits import Workload
from specnet.training import device_benchmark
from specnet.training.device import Device


def test_every_workload_is_measured_in_both_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device_benchmark, "SECONDS", 0)
    monkeypatch.setattr(device_benchmark, "IMAGES", 1)
    measured = device_benchmark.measure_device(Device(torch.device("cpu"), "fp32"))
    assert (measured.name, measured.source) == ("cpu", "measured")
    assert "thread" in measured.title
    assert_is_complete(measured)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_gpu_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device_benchmark, "SECONDS", 0)
    monkeypatch.setattr(device_benchmark, "MOST_IMAGES", 2)
    measured = device_benchmark.measure_device(Device(torch.device("cuda", 0), "fp32"))
    assert (measured.name, measured.title) == ("cuda:0", torch.cuda.get_device_name(0))
    assert_is_complete(measured)


def assert_is_complete(measured: Speeds) -> None:
    assert "fp32" in measured.rates
    for rates in measured.rates.values():
        assert rates.keys() == set(Workload)
        assert all(0 < rate.backward < 1e15 and 0 < rate.forward < 1e15 for rate in rates.values())
    assert 1e6 < measured.bandwidth < 1e14
    assert 1 < measured.layers.backward < 1e9 and 1 < measured.layers.forward < 1e9
    assert measured.memory > 2**20
