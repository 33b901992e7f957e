"""What a network, its settings and the images cannot do together: `check` warns of it, and `train` refuses it.

Each function returns a sentence that says what does not fit, or "" where all fits.
"""

from __future__ import annotations

from specnet.settings import Training
from specnet.settings.schedule import Warming


def check_classes(outputs: int, classes: int) -> str:
    """Check that each of the classes has an output."""
    return f"the network has {outputs} outputs, and the data has {classes} classes" if outputs < classes else ""


def check_channels(shape: tuple[int, int, int], channels: int) -> str:
    """Check that images have the channels of the network's input, whose shape is (height, width, channels)."""
    height, width, expected = shape
    if expected == channels:
        return ""
    if height == channels:  # written in PyTorch's order
        height, width = width, expected
    what = f"the network reads images of {expected} channel{'' if expected == 1 else 's'}, and the data has {channels}"
    return f"{what}; `input {height}x{width}x{channels}` suits it"


def check_schedule(training: Training) -> str:
    """Check that the warm-up ends before the run does."""
    schedule, epochs = training.schedule, training.epochs.count
    if isinstance(schedule, Warming) and schedule.warmup >= epochs:
        return f"`schedule … warmup={schedule.warmup:g}` takes all of the {epochs:g} epochs"
    return ""


def check_class_weights(training: Training, outputs: int) -> str:
    """Check that the loss has one class weight for each output, if it has any."""
    weights = training.loss.class_weights
    if isinstance(weights, tuple) and len(weights) != outputs:
        return f"`loss … weights` has {len(weights)} numbers, and the network {outputs} outputs"
    return ""


def check_stop(has_validation: bool) -> str:
    """Check that `stop` has a validation part to look at."""
    if has_validation:
        return ""
    return "`stop` looks at the validation part, and there is none; `split validation=0.1` sets one aside"
