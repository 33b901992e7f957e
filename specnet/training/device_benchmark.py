"""Measure how fast a device does each kind of work, forward and backward, in a few seconds.

It computes as the trainer does: channels-last, with autocast, and with freed memory kept in the process. Each time is
the least of several. On a GPU, the kernels of each case are recorded as a graph and played again, so that the time that
the processor takes to start them does not count; that is measured by itself.
"""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import chain
from time import perf_counter
from typing import NamedTuple

import torch
from torch import Tensor, nn

from specnet.analyses.devices import Device as Speeds
from specnet.analyses.devices import Rate, Rates
from specnet.analyses.memory import Precision
from specnet.layers.base.traits import Workload
from specnet.training.device import Device, choose_precision, cpu_capabilities
from specnet.training.resources import get_free_memory, get_total_memory, keep_freed_memory

SECONDS = 0.1
"""The time for which each case is repeated."""

IMAGES = 8
"""The batch on a CPU."""

MOST_IMAGES = 256
"""The batch on a GPU that has the memory: large enough to keep it busy."""

BYTES_PER_IMAGE = 4 * 4 * 96 * 112**2
"""What an image takes in the largest case: input and output in fp32, and their gradients."""

RECORDED = 10
"""Calls in a row that a graph holds."""

COPIED = 2**24
"""The elements of the tensor that is copied, more than caches hold."""

CHAIN = 51
"""Layers in a row whose maps are tiny, so that starting them is all that takes time."""

DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}


class Case(NamedTuple):
    """A layer to be timed: the shape of its input, and its operations, or 0 where bytes count."""

    workload: Workload
    module: nn.Module
    shape: tuple[int, ...]
    operations: int = 0


def _make_cases(place: torch.device) -> Iterator[Case]:
    """Yield layers of the sizes that networks have, two where large and small maps differ.

    A 1×1 convolution of few channels is bound by the memory of a GPU, which is counted by itself.
    """
    batch = _choose_batch(place)
    yield Case(Workload.MATMUL, nn.Linear(2048, 1024), (16 * batch, 2048), 16 * batch * 2048 * 1024)
    yield _make_convolution(Workload.CONVOLUTION, batch, 56, 64, 64, 3)
    yield _make_convolution(Workload.CONVOLUTION, batch, 14, 256, 256, 3)
    if place.type != "cuda":
        yield _make_convolution(Workload.POINTWISE, batch, 56, 32, 128, 1)
    yield _make_convolution(Workload.POINTWISE, batch, 14, 512, 256, 1)
    yield _make_convolution(Workload.DEPTHWISE, batch, 112, 96, 96, 3, 96)
    yield _make_convolution(Workload.DEPTHWISE, batch, 14, 576, 576, 3, 576)
    yield Case(Workload.POOLING, nn.MaxPool2d(3, 2, 1), (batch, 64, 112, 112), batch * 64 * 56 * 56 * 9)
    yield Case(Workload.NORMALISATION, nn.BatchNorm2d(64), (batch, 64, 112, 112))
    yield Case(Workload.ELEMENTWISE, nn.ReLU(), (batch, 64, 112, 112))


def _make_convolution(
    workload: Workload, batch: int, size: int, channels: int, filters: int, window: int, groups: int = 1
) -> Case:
    module = nn.Conv2d(channels, filters, window, padding=window // 2, groups=groups)
    return Case(workload, module, (batch, channels, size, size), batch * module.weight.numel() * size * size)


def measure_device(device: Device) -> Speeds:
    """Return the speed of a device in fp32 and, where it is native, in bf16."""
    names: list[Precision] = ["fp32"] if choose_precision("auto", device.place) == "fp32" else ["fp32", "bf16"]
    with keep_freed_memory():
        rates = {precision: _measure_rates(replace(device, precision=precision)) for precision in names}
        bandwidth, layers = _measure_bandwidth(device.place), _measure_layers(device)
    name, memory = str(device.place), get_total_memory(device.place)
    title = _describe_processor(device) if name == "cpu" else device.title
    return Speeds(name, title, "measured", rates, bandwidth, layers, memory)


def _choose_batch(place: torch.device) -> int:
    """Return the images of a case; on a GPU, as many as take half of its free memory at most."""
    if place.type != "cuda":
        return IMAGES
    return max(1, min(MOST_IMAGES, get_free_memory(place) // (2 * BYTES_PER_IMAGE)))


def _describe_processor(device: Device) -> str:
    """Return `AMD EPYC, 2 threads`."""
    processor = cpu_capabilities().get("cpu_name") or platform.processor() or "CPU"
    return f"{processor}, {device.title.removeprefix('cpu, ')}"


def _measure_rates(device: Device) -> Rates:
    """Return the rate of each workload: of several cases, the harmonic mean."""
    seconds = dict[Workload, list[tuple[float, float]]]()
    for case in _make_cases(device.place):
        seconds.setdefault(case.workload, []).append(_measure_case(case, device))
    return {
        workload: Rate(*(len(times) / sum(side) for side in zip(*times, strict=True)))
        for workload, times in seconds.items()
    }


def _measure_case(case: Case, device: Device) -> tuple[float, float]:
    """Return the seconds of the forward and of the backward pass for one operation, or for one byte."""
    layout = torch.channels_last if len(case.shape) == 4 else torch.contiguous_format
    module = case.module.to(device.place, memory_format=layout)  # type: ignore[call-overload]  # torch's stubs lack it
    inputs = torch.randn(case.shape, device=device.place).to(memory_format=layout)
    inputs = inputs.to(DTYPES[device.precision]).requires_grad_()

    def run() -> Tensor:
        with device.autocast():
            outputs: Tensor = module(inputs)
        return outputs

    gradient = torch.randn_like(run())

    def run_both() -> None:
        torch.autograd.grad(run(), [inputs, *module.parameters()], gradient)

    forward, both = _time_kernels(run, device.place), _time_kernels(run_both, device.place)
    work = case.operations or inputs.element_size() * (inputs.numel() + gradient.numel())
    return forward / work, max(both - forward, forward / 2) / work


def _measure_bandwidth(place: torch.device) -> float:
    """Return the bytes that are read and written in a second by copying."""
    source = torch.ones(COPIED, device=place)
    target = torch.empty_like(source)
    return 2 * source.nbytes / _time_kernels(lambda: target.copy_(source), place)


def _measure_layers(device: Device) -> Rate:
    """Return the layers that are started in a second in each pass."""
    tiny = torch.ones(1, 8, 4, 4, device=device.place, requires_grad=True)
    layers = _make_chain(device.place)

    def run() -> Tensor:
        with device.autocast():
            outputs: Tensor = layers(tiny)
        return outputs

    gradient, sources = torch.ones_like(run()), [tiny, *layers.parameters()]
    forward = _time(run, device.place)
    both = _time(lambda: torch.autograd.grad(run(), sources, gradient), device.place)
    return Rate(CHAIN / forward, CHAIN / max(both - forward, forward / 2))


def _make_chain(place: torch.device) -> nn.Module:
    """Return layers in a row: on a GPU, those of most networks, as some take the processor longer to start."""
    if place.type != "cuda":
        return nn.Sequential(*(nn.ReLU() for _ in range(CHAIN)))
    blocks = ((nn.Conv2d(8, 8, 1, bias=False), nn.BatchNorm2d(8), nn.ReLU()) for _ in range(CHAIN // 3))
    return nn.Sequential(*chain.from_iterable(blocks)).to(place)


def _time_kernels(run: Callable[[], object], place: torch.device) -> float:
    """Return the least seconds that a function takes; on a GPU, without the time to start its kernels."""
    return _time(_record(run), place) / RECORDED if place.type == "cuda" else _time(run, place)


def _record(run: Callable[[], object]) -> Callable[[], object]:
    """Return a function that plays several calls again; the first calls, on a stream of their own, are not recorded."""
    stream, graph = torch.cuda.Stream(), torch.cuda.CUDAGraph()  # type: ignore[no-untyped-call]
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        run()
        run()
    torch.cuda.current_stream().wait_stream(stream)
    with torch.cuda.graph(graph):
        for _ in range(RECORDED):
            run()
    return graph.replay


def _time(run: Callable[[], object], place: torch.device) -> float:
    """Return the least seconds that a function takes, the second time or later."""
    _run_to_end(run, place)
    least, end = float("inf"), perf_counter() + SECONDS
    while least == float("inf") or perf_counter() < end:
        begin = perf_counter()
        _run_to_end(run, place)
        least = min(least, perf_counter() - begin)
    return least


def _run_to_end(run: Callable[[], object], place: torch.device) -> None:
    run()
    if place.type == "cuda":
        torch.cuda.synchronize(place)
