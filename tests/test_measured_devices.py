"""The file of measured devices in the user's cache."""

from __future__ import annotations

from pathlib import Path

import pytest

from specnet.analyses.devices import Device, Rate
from specnet.layers.base.traits import Workload
from specnet.measured_devices import find_file, read_measured_devices, save_measured_device

DEVICE = Device(
    "cpu", "a toy, 2 threads", "measured", {"fp32": {w: Rate(2.5, 1.0) for w in Workload}}, 7.0, Rate(9, 8), 5
)


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


def test_no_place_for_a_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert read_measured_devices() == {}
    with pytest.raises(OSError, match="file"):
        save_measured_device(DEVICE)
