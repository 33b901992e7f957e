"""The devices that were measured here, in a file of the user's cache."""

from __future__ import annotations

from dataclasses import asdict
from math import inf
from pathlib import Path

from pydantic import TypeAdapter

from specnet.analyses.devices import Device
from specnet.atomic_write import open_atomically
from specnet.file_access import find_cache_folder, read_bounded_file
from specnet.layers.base.traits import Workload
from specnet.printable import dump_json

FILE = "devices.json"

LARGEST = 2**20
"""The most bytes of the file that are read."""


def find_file() -> Path:
    """Return the file of measured devices; raises OSError or RuntimeError if there is no place for it."""
    return find_cache_folder() / FILE


def read_measured_devices() -> dict[str, Device]:
    """Return the measured devices by name; none if the file is missing, damaged or of another version."""
    try:
        content = read_bounded_file(find_file(), LARGEST)
        devices = TypeAdapter(dict[str, Device]).validate_json(content)
    except (OSError, RuntimeError, ValueError):
        return {}
    return {name: device for name, device in devices.items() if name == device.name and _is_plausible(device)}


def _is_plausible(device: Device) -> bool:
    """Whether a device can have been measured: it has all rates, which are above 0, in fp32 at least."""
    every = [device.layers, *(rate for rates in device.rates.values() for rate in rates.values())]
    speeds = [device.bandwidth, *(side for rate in every for side in (rate.forward, rate.backward))]
    return (
        device.source == "measured"
        and device.name.startswith(("cpu", "cuda", "mps"))
        and "fp32" in device.rates
        and all(rates.keys() == set(Workload) for rates in device.rates.values())
        and all(0 < speed < inf for speed in speeds)
    )


def save_measured_device(device: Device) -> Path:
    """Add a device to the file, or replace its earlier measurement; returns the file. Raises OSError, RuntimeError."""
    devices = read_measured_devices() | {device.name: device}
    text = dump_json({name: asdict(each) for name, each in devices.items()})
    with open_atomically(find_file()) as file:
        file.write(text.encode())
    return find_file()
