"""Report the predicted time of training, as text and as JSON values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from specnet.analyses.step_time import LayerTime, StepTime
from specnet.printable import format_amount
from specnet.records import Record
from specnet.reporters.table import align_rows

if TYPE_CHECKING:  # most checks need none of its models
    from specnet.settings import Training


class TrainingTime(Record):
    """The predicted time of a step, and of all epochs where the number of images to train on is known."""

    step: StepTime
    epochs: float
    images: int | None

    @property
    def seconds(self) -> float | None:
        """The seconds of all epochs, without evaluation."""
        return None if self.images is None else self.epochs * self.images / self.step.images_per_second


def make_training_time(step: StepTime, training: Training | None) -> TrainingTime:
    """Return the time of a training by the settings of a `train` section."""
    if training is None:
        return TrainingTime(step, 1, None)
    images = training.data.training_images
    left = training.split.count_left(images) if training.split and images else images
    return TrainingTime(step, training.epochs.count, left)


def format_time(time: TrainingTime) -> str:
    """Format the time of a step part by part, and that of all epochs."""
    step = time.step
    title = f"time for {format_amount(step.batch, 'image')}, {step.precision}"
    by = "by its data sheet, so the least possible" if step.device.source == "data sheet" else "as measured"
    rows = [
        (title, step.device.name),
        ("forward", format_seconds(step.forward)),
        ("backward", format_seconds(step.backward)),
        ("optimizer", format_seconds(step.optimizer)),
        ("step", format_seconds(step.total)),
        (
            "images a second",
            f"{step.images_per_second:,.3g}" if step.images_per_second < 100 else f"{step.images_per_second:,.0f}",
        ),
    ]
    if time.seconds is not None:
        rows.append((f"{time.epochs:g} epochs of {time.images:,} images", format_seconds(time.seconds)))
    lines = [*align_rows(rows, right=(1,)), "", f"{step.device.name}: {step.device.title}, {by}"]
    return "\n".join(lines)


def format_number(number: float) -> str:
    """Return a number with three digits, or all before the point."""
    return f"{number:,.3g}" if number < 100 else f"{number:,.0f}"


def format_seconds(seconds: float) -> str:
    """Return a time with three digits in the largest fitting unit: 12.3 ms, 4.56 s, 7.89 min, 1.23 h."""
    for size, unit in ((3600, "h"), (60, "min"), (1, "s"), (1e-3, "ms")):
        if seconds >= size:
            return f"{format_number(seconds / size)} {unit}"
    return f"{seconds / 1e-6:.3g} µs"


def describe_time(time: TrainingTime) -> dict[str, Any]:
    """Return the JSON values of a predicted training; times are in seconds."""
    step = time.step
    return {
        "device": step.device.name,
        "title": step.device.title,
        "source": step.device.source,
        "batch": step.batch,
        "precision": step.precision,
        "forward": step.forward,
        "backward": step.backward,
        "optimizer": step.optimizer,
        "step": step.total,
        "images_per_second": step.images_per_second,
        "epochs": time.epochs,
        "images": time.images,
        "training": time.seconds,
        "layers": [{"name": name, **_describe_layer(layer)} for name, layer in step.layers.items()],
    }


def _describe_layer(layer: LayerTime) -> dict[str, Any]:
    return {
        "forward": layer.forward,
        "backward": layer.backward,
        "operations": layer.operations,
        "moved": layer.moved,
        "bound": layer.bound,
    }
