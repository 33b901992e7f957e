"""The file of measured devices in the user's cache."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from specnet.analyses.devices import Device, Rate
from specnet.layers.base.traits import Workload
from specnet.measured_devices import find_file, read_measured_devices, save_measured_device

RATES = {"fp32": {workload: Rate(2.5, 1.0) for workload in Workload}}

DEVICE = Device("cpu", "a toy, 2 threads", "measured", RATES, 7.0, Rate(9, 8), 5)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path


def test_a_device_is_read_as_it_was_saved() -> None:
    assert read_measured_devices() == {}
    assert save_measured_device(DEVICE) == find_file()
    other = Device(**{**vars(DEVICE), "name": "cuda:0"})
    save_measured_device(other)
    assert read_measured_devices() == {"cpu": DEVICE, "cuda:0": other}


@pytest.mark.parametrize("text", ["", "{", "[]", '{"cpu": {}}', '{"cpu": 3}', "\x00", "nan"])
def test_a_damaged_file_is_as_none(text: str) -> None:
    find_file().write_text(text)
    assert read_measured_devices() == {}
    save_measured_device(DEVICE)
    assert read_measured_devices() == {"cpu": DEVICE}


@pytest.mark.parametrize(
    "change",
    [
        {"bandwidth": 0.0},
        {"bandwidth": -5.0},
        {"rates": {}},
        {"rates": {"bf16": RATES["fp32"]}},
        {"rates": {"fp32": {Workload.MATMUL: Rate(1, 1)}}},
        {"layers": Rate(1, 0)},
        {"name": "h100"},
        {"name": ""},
        {"source": "data sheet"},
    ],
)
def test_a_device_that_cannot_have_been_measured(change: dict[str, Any]) -> None:
    save_measured_device(Device(**{**vars(DEVICE), **change}))
    assert read_measured_devices() == {}


def test_no_place_for_a_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert read_measured_devices() == {}
    with pytest.raises(OSError, match="file"):
        save_measured_device(DEVICE)
