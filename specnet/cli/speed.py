"""The measured speed of a training beside the predicted one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from specnet.analyses.devices import DATA_SHEETS, Device
from specnet.analyses.execution_plan import UnknownMemory
from specnet.analyses.step_time import StepTime, UnknownRate, predict_step
from specnet.graph import Network
from specnet.measured_devices import read_measured_devices

if TYPE_CHECKING:
    from specnet.training import Run, RunConfig


def describe_speed(network: Network, finished: Run) -> str:
    """Return the images a second of a run and, where its device is known, those predicted."""
    from specnet.training import read_run_config

    measured = f"{finished.summary['images_per_second']:,.0f} images a second"
    predicted = predict_speed(network, read_run_config(finished.folder))
    if predicted is None:
        return measured
    if predicted.device.source == "data sheet":
        return f"{measured}, at most {predicted.images_per_second:,.0f} by the data sheet of the device"
    return f"{measured}, {predicted.images_per_second:,.0f} predicted"


def predict_speed(network: Network, config: RunConfig) -> StepTime | None:
    """Return the predicted time of a step of a run; None for an unknown device or layer, and for several processes."""
    options, training = config.options, config.training
    device = _find_device(options.device)
    if device is None or options.processes > 1 or options.compile == "on" or options.precision == "auto":
        return None
    try:
        return predict_step(network, training, device, options.precision, training.batch.part)
    except (UnknownMemory, UnknownRate):
        return None


def _find_device(name: str) -> Device | None:
    """Return the device of that name as measured here, or a GPU by its data sheet."""
    if device := read_measured_devices().get(name):
        return device
    if not name.startswith("cuda"):
        return None
    import torch

    title = torch.cuda.get_device_name(name).replace("RTX ", "RTX").lower()
    return next((each for each in DATA_SHEETS.values() if re.search(rf"\b{each.name}\b", title)), None)
