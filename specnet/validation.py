"""Checks that the network, its settings and the data fit each other: `check` warns of a mismatch, `train` refuses it.

Each function returns a sentence about the mismatch, or "" if there is none.
"""

from __future__ import annotations

from specnet.printable import format_amount
from specnet.settings import Training
from specnet.settings.normalize import Caffe, ImageNet
from specnet.settings.schedule import Warming


def check_classes(outputs: int, classes: int) -> str:
    """Check that the network has an output for each class."""
    return (
        f"the network has {format_amount(outputs, 'output')}, and the data has {format_amount(classes, 'class')}"
        if outputs < classes
        else ""
    )


def check_spare_outputs(outputs: int, classes: int) -> str:
    """Check that the network has no more outputs than classes: it trains with them, but they are never right."""
    spare = outputs - classes
    if spare <= 0:
        return ""
    what = f"{spare:,} outputs belong" if spare > 1 else "one output belongs"
    return f"{_compare(outputs, classes)}: {what} to none"


def _compare(outputs: int, classes: int) -> str:
    return f"the network has {format_amount(outputs, 'output')}, and the data has {format_amount(classes, 'class')}"


def check_channels(shape: tuple[int, int, int], channels: int) -> str:
    """Check that the images have as many channels as the network's input of shape (height, width, channels)."""
    height, width, expected = shape
    if expected == channels:
        return ""
    if height == channels:  # written in PyTorch's order
        height, width = width, expected
    what = f"the network reads images of {format_amount(expected, 'channel')}, and the data has {channels}"
    return f"{what}; `input {height}x{width}x{channels}` suits it"


def check_normalization(training: Training, channels: int) -> str:
    """Check that images that are normalised as ImageNet's have three channels."""
    if channels == 3 or not isinstance(training.normalize, ImageNet | Caffe):
        return ""
    word = type(training.normalize).__name__.lower()
    return f"`normalize {word}` is for images of 3 channels, and the network reads {channels}"


def check_schedule(training: Training) -> str:
    """Check that the warm-up ends before the run does."""
    schedule, epochs = training.schedule, training.epochs.count
    if isinstance(schedule, Warming) and schedule.warmup >= epochs:
        return f"`schedule … warmup={schedule.warmup:g}` takes the whole run of {format_amount(epochs, 'epoch')}"
    return ""


def check_class_weights(training: Training, outputs: int) -> str:
    """Check that a loss with class weights has one for each output."""
    weights = training.loss.class_weights
    if isinstance(weights, tuple) and len(weights) != outputs:
        numbers = format_amount(len(weights), "number")
        return f"`loss … weights` has {numbers}, and the network {format_amount(outputs, 'output')}"
    return ""


def check_stop(has_validation: bool) -> str:
    """Check that there is a validation part for `stop` to watch."""
    if has_validation:
        return ""
    return "`stop` looks at the validation part, and there is none; `split validation=0.1` sets one aside"
