"""Report the memory of a network in use, as text and as JSON values."""

from __future__ import annotations

from typing import Any

from specnet.analyses.memory import LayerMemory, Memory, Moment
from specnet.analyses.usage import MemoryUse
from specnet.byte_sizes import format_bytes, parse_bytes
from specnet.printable import escape_unprintable, format_amount
from specnet.reporters.table import align_rows

PARTS = {
    "parameters": "parameters",
    "averages": "averaged parameters",
    "buffers": "buffers",
    "gradients": "gradients",
    "optimizer_state": "state of the optimizer",
    "kept": "kept for the backward pass",
    "transient": "transient, at most",
    "peak": "peak",
    "workspace": "workspace of kernels, at most",
}
"""What is reported of each side, by its name in JSON."""


def measure_parts(memory: Memory, batch: int) -> dict[str, int]:
    """Return the bytes of each part for a batch, under the names of JSON.

    The peak is less than the sum, as gradients of parameters come while what is kept goes.
    """
    return {
        "parameters": memory.parameters,
        "averages": memory.averages,
        "buffers": memory.buffers,
        "gradients": memory.gradients,
        "optimizer_state": memory.state,
        "kept": memory.kept.of(batch),
        "transient": memory.transient(batch),
        "peak": memory.peak(batch),
        "workspace": memory.workspace(batch),
    }


def format_memory(use: MemoryUse) -> str:
    """Format what inference and training take, part by part, and where the peaks are."""
    inference, training = (measure_parts(memory, use.batch) for memory in (use.inference, use.training))
    rows = [(f"memory for {format_amount(use.batch, 'image')}, {use.precision}", "inference", "training")]
    for part, words in PARTS.items():
        if training[part]:
            rows.append((words, _format_size(inference[part]), _format_size(training[part])))
    least, most = use.training.resident_range(use.batch)
    rows.append(("process on a CPU", "", f"{format_bytes(least)} to {format_bytes(most)}"))
    moments = [_format_moment(memory.peak_moment(use.batch)) for memory in (use.inference, use.training)]
    peaks = f"inference peaks {moments[0]}, training by {use.optimizer} {moments[1]}"
    return "\n".join((*align_rows(rows, right=(1, 2)), "", escape_unprintable(peaks)))


def _format_size(size: int) -> str:
    return format_bytes(size) if size else ""


def _format_moment(moment: Moment) -> str:
    """Return when a moment is: `in the backward pass of conv1`."""
    match moment.phase:
        case "loss":
            return f"in the loss of {moment.layer}"
        case "optimizer":
            return "in the step of the optimizer"
        case phase:
            return f"in the {phase} pass of {moment.layer}"


def format_fit(use: MemoryUse, size: str) -> str:
    """Format the largest batches that fit into a size, such as 24GB, together with the workspaces of kernels."""
    inference, training = _find_fit(use, parse_bytes(size))
    if not inference:
        return f"{size} is too little: a single image takes {format_bytes(use.inference.upper_peak(1))} in inference"
    fits = f"{size} holds a batch of {inference:,} in inference"
    if not training:
        needed = format_bytes(use.training.upper_peak(1))
        return f"{fits}, and none in training by {use.optimizer}: a single image takes {needed}"
    return f"{fits}, and of {training:,} in training by {use.optimizer}, both in {use.precision}"


def _find_fit(use: MemoryUse, size: int) -> tuple[int, int]:
    """Return the largest batches of inference and of training; 0 if a single image does not fit."""
    return use.inference.find_largest_batch(size), use.training.find_largest_batch(size)


def describe_memory(use: MemoryUse, size: int | None = None) -> dict[str, Any]:
    """Return the JSON values of a network's memory and, for a number of bytes, of the largest batches that fit."""
    report: dict[str, Any] = {
        "batch": use.batch,
        "precision": use.precision,
        "optimizer": use.optimizer,
        "inference": _describe_side(use.inference, use.batch),
        "training": _describe_side(use.training, use.batch),
    }
    if size is not None:
        inference, training = _find_fit(use, size)
        report["fits"] = {"size": size, "inference_batch": inference, "training_batch": training}
    return report


def _describe_side(memory: Memory, batch: int) -> dict[str, Any]:
    moment = memory.peak_moment(batch)
    return {
        **measure_parts(memory, batch),
        "resident_on_cpu": memory.resident_range(batch),
        "peak_phase": moment.phase,
        "peak_layer": moment.layer or None,
    }


def describe_layer_memory(layer: LayerMemory, batch: int) -> dict[str, int]:
    """Return the JSON values of a layer's memory in training."""
    return {
        "weights": layer.parameters + layer.buffers,
        "gradients": layer.gradients,
        "optimizer_state": layer.state,
        "kept": layer.kept.of(batch),
    }
