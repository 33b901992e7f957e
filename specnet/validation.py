"""What settings, a network and a kind of images cannot do together: `check` says it, and `train` before it begins.

Each function gives a sentence, or nothing where they go together.
"""

from __future__ import annotations

from specnet.settings import Training
from specnet.settings.schedule import Warming


def to_classes(outputs: int, classes: int) -> str:
    """More classes than outputs."""
    return f"the network has {outputs} outputs, and the data has {classes} classes" if outputs < classes else ""


def to_channels(shape: tuple[int, int, int], channels: int) -> str:
    """Images of so many channels for a network that reads height × width × channels."""
    height, width, expected = shape
    if expected == channels:
        return ""
    if height == channels:  # written in PyTorch's order
        height, width = width, expected
    what = f"the network reads images of {expected} channel{'' if expected == 1 else 's'}, and the data has {channels}"
    return f"{what}; `input {height}x{width}x{channels}` suits it"


def to_schedule(training: Training) -> str:
    """A warm-up without an end."""
    schedule, epochs = training.schedule, training.epochs.count
    if isinstance(schedule, Warming) and schedule.warmup >= epochs:
        return f"`schedule … warmup={schedule.warmup:g}` takes all of the {epochs:g} epochs"
    return ""


def to_weights(training: Training, outputs: int) -> str:
    """Weights of classes that are not as many as the outputs."""
    weights = training.loss.class_weights
    if isinstance(weights, tuple) and len(weights) != outputs:
        return f"`loss … weights` has {len(weights)} numbers, and the network {outputs} outputs"
    return ""


def to_stop(has_validation: bool) -> str:
    """Nothing to look at."""
    if has_validation:
        return ""
    return "`stop` looks at the validation part, and there is none; `split validation=0.1` sets one aside"
