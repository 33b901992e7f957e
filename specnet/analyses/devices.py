"""The speed of devices: of named ones by their data sheets, of those at hand by measurement.

A data sheet gives the peak of dense products (without sparsity) in floating-point operations a second, of which a
multiply-accumulate is two, and the bandwidth of the memory. Times that follow from it are the least possible. In fp32,
convolutions are computed in TF32 on GPUs that have it, as torch does unless it is told otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import inf
from typing import Literal

from specnet.analyses.memory import Precision
from specnet.layers.base.traits import Workload
from specnet.records import Record


class Rate(Record):
    """What is done in a second, counted in the operations or bytes of the forward pass.

    `backward` counts the same ones: a layer whose backward pass takes twice as long has half the rate.
    """

    forward: float
    backward: float


Rates = Mapping[Workload, Rate]
"""By workload: operations a second, or bytes a second of normalisation and elementwise work."""


class Device(Record):
    """A device, and how fast it is in each precision."""

    name: str
    title: str
    source: Literal["measured", "data sheet"]
    rates: Mapping[Precision, Rates]
    bandwidth: float
    """Bytes a second that are read or written."""
    layers: Rate
    """Layers a second that have nothing to compute: a limit by what starting a kernel takes."""
    memory: int
    """Bytes."""

    @property
    def is_gpu(self) -> bool:
        """Whether layers are started while earlier ones run; a CPU does both itself."""
        return not self.name.startswith("cpu")


CONVOLUTIONS = (Workload.CONVOLUTION, Workload.POINTWISE, Workload.DEPTHWISE)

MATRIX_WORK = (Workload.MATMUL, *CONVOLUTIONS)
"""Workloads whose operations are multiply-accumulates."""

LAUNCH_SECONDS = 5e-6
"""What a GPU takes to start a kernel; the backward pass of a layer starts two."""

UNLIMITED = Rate(inf, inf)
"""The rate of work that only the bandwidth limits."""


def _read_data_sheet(
    name: str, title: str, peaks: Mapping[Precision, float], tf32: float, bandwidth: float, memory: float
) -> Device:
    """Return a GPU by its peaks in TFLOP/s, its bandwidth in GB/s and its memory in GB; `tf32` is 0 without TF32."""
    rates = {precision: _rate_by_peak(peak * 1e12 / 2) for precision, peak in peaks.items()}
    if tf32:
        faster = _rate_by_peak(tf32 * 1e12 / 2)
        rates["fp32"] |= {workload: faster[workload] for workload in CONVOLUTIONS}
    layers = Rate(1 / LAUNCH_SECONDS, 1 / (2 * LAUNCH_SECONDS))
    return Device(name, title, "data sheet", rates, bandwidth * 1e9, layers, round(memory * 1e9))


def _rate_by_peak(macs: float) -> dict[Workload, Rate]:
    """Return the rates of a device that does so many multiply-accumulates a second, and is else limited by bandwidth.

    The backward pass computes two products of the size of the forward pass.
    """
    return {workload: Rate(macs, macs / 2) if workload in MATRIX_WORK else UNLIMITED for workload in Workload}


DATA_SHEETS = {
    device.name: device
    for device in (
        _read_data_sheet("h200", "NVIDIA H200 SXM", {"fp32": 67, "bf16": 989, "fp16": 989}, 495, 4800, 141),
        _read_data_sheet("h100", "NVIDIA H100 SXM", {"fp32": 67, "bf16": 989, "fp16": 989}, 495, 3350, 80),
        _read_data_sheet("a100", "NVIDIA A100 SXM 80 GB", {"fp32": 19.5, "bf16": 312, "fp16": 312}, 156, 2039, 80),
        _read_data_sheet("a10", "NVIDIA A10", {"fp32": 31.2, "bf16": 125, "fp16": 125}, 62.5, 600, 24),
        _read_data_sheet("l4", "NVIDIA L4", {"fp32": 30.3, "bf16": 121, "fp16": 121}, 60, 300, 24),
        _read_data_sheet("t4", "NVIDIA T4", {"fp32": 8.1, "fp16": 65}, 0, 320, 16),
        _read_data_sheet("v100", "NVIDIA V100 SXM2", {"fp32": 15.7, "fp16": 125}, 0, 900, 32),
        _read_data_sheet(
            "rtx4090", "NVIDIA GeForce RTX 4090", {"fp32": 82.6, "bf16": 165, "fp16": 165}, 82.6, 1008, 24
        ),
        _read_data_sheet("rtx3090", "NVIDIA GeForce RTX 3090", {"fp32": 35.6, "bf16": 71, "fp16": 71}, 35.6, 936, 24),
    )
}
"""GPUs by name."""
