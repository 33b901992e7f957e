"""The devices that were measured here, in a file of the user's cache."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from specnet.analyses.devices import Device
from specnet.atomic_write import open_atomically
from specnet.file_access import find_cache_folder, read_bounded_file
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
        return TypeAdapter(dict[str, Device]).validate_json(content)
    except (OSError, RuntimeError, ValidationError, ValueError):
        return {}


def save_measured_device(device: Device) -> Path:
    """Add a device to the file, or replace its earlier measurement; returns the file. Raises OSError, RuntimeError."""
    devices = read_measured_devices() | {device.name: device}
    text = dump_json({name: asdict(each) for name, each in devices.items()})
    with open_atomically(find_file()) as file:
        file.write(text.encode())
    return find_file()
