"""The comparison itself: which loops are compared on which networks, and which ratios are promised."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import torch
from bench_train.gpu import report_gpu
from bench_train.peers import installed_peers
from bench_train.textbook import has_torchvision, make_textbook_loop, make_textbook_loop_on_tensors
from bench_train.timing import Clock, Ratio, TimedLoop, compare
from bench_train.trainer import make_trainer_loop
from bench_train.tuned import make_loop_on_one_batch, make_plain_loop, make_tuned_loop
from bench_train.workload import Workload, make_workload

from specnet.training.device import NATIVE_BF16, cpu_capabilities
from specnet.training.job import Precision

MakeLoop = Callable[[Workload], TimedLoop]

OVER_TEXTBOOK: tuple[tuple[str, Precision, float], ...] = (
    ("a.net", "bf16", 2.4),
    ("c.net", "bf16", 3.5),
    ("a.net", "fp32", 1.4),
    ("c.net", "fp32", 3.0),
)
"""The promised speed-up over the textbook loop on all cores."""


@dataclass(frozen=True)
class Target:
    """A bound on a median ratio, from below or from above."""

    bound: float
    is_minimum: bool = True

    def verdict(self, found: Ratio) -> str:
        is_met = found.median >= self.bound if self.is_minimum else found.median <= self.bound
        return f"{'at least' if self.is_minimum else 'at most'} {self.bound:.2f}: {'met' if is_met else 'MISSED'}"


@dataclass(frozen=True)
class Benchmark:
    """How long to measure, on which data or how many random images, and where the run folders go."""

    pairs: int
    seconds: float
    data_dir: Path | None
    images: int
    folder: Path

    def make_workload(self, spec: str, precision: Precision, is_augmented: bool = True) -> Workload:
        """Return a workload with a run folder of its own."""
        folder = self.folder / str(len(list(self.folder.iterdir())))
        workload = make_workload(spec, precision, self.data_dir, self.images, folder)
        return workload if is_augmented else workload.without_augmentation()

    def compare(self, ours: TimedLoop, other: TimedLoop) -> Ratio:
        return compare(ours, other, self.pairs, self.seconds)


def report(benchmark: Benchmark) -> Iterator[str]:
    """Yield all lines as they are measured."""
    began = perf_counter()
    yield f"{describe_processor()}; torch {torch.__version__}"
    yield f"the textbook loop transforms images with {'torchvision' if has_torchvision() else 'a stand-in for it'}"
    yield f"images: {benchmark.data_dir or 'random'}; load average: {format_load()}"
    clock = "CPU time" if Clock.counts_cpu_time else "wall-clock time"
    yield f"median of {benchmark.pairs} pairs of {benchmark.seconds:g} s, {clock}, with its 95 % confidence interval"
    is_native = any(cpu_capabilities().get(word) for word in NATIVE_BF16)
    for spec, precision, bound in OVER_TEXTBOOK:
        if precision == "bf16" and not is_native:
            yield f"\n{spec} in bf16 is skipped: this CPU has no native bf16"
            continue
        yield f"\n{spec} in {precision}, batch 128: SpecNet's images/s over those of"
        # the promise over the textbook loop is for all cores
        yield from report_speed(benchmark, spec, precision, None if Clock.counts_cpu_time else Target(bound))
    yield "\ntrivial.net, batch 128: host time per step"
    yield from report_host_time(benchmark)
    for spec in ("a.net", "c.net"):
        yield f"\n{spec} in fp32, batch 128, not augmented: time per step"
        yield from report_step_time(benchmark, spec, Target(1.02, is_minimum=False))
    missing = {"Keras", "Lightning"} - installed_peers().keys()
    if missing:
        yield f"\nskipped, as not installed: {', '.join(sorted(missing))}"
    yield ""
    yield from report_gpu(benchmark.data_dir, benchmark.folder)
    yield f"\n{perf_counter() - began:.0f} s; load average: {format_load()}"


def report_speed(benchmark: Benchmark, spec: str, precision: Precision, over_textbook: Target | None) -> Iterator[str]:
    """Compare images/s with each other loop; the last line, SpecNet over itself, shows the noise."""
    workload = benchmark.make_workload(spec, precision)
    ours = make_trainer_loop(workload)
    others: tuple[tuple[str, MakeLoop, Target | None], ...] = (
        ("the textbook loop", make_textbook_loop, over_textbook),
        ("a loop tuned by hand", make_tuned_loop, Target(0.98)),
        ("a loop without data work", make_loop_on_one_batch, Target(0.93)),
    )
    for title, make_loop, target in others:
        yield format_line(title, benchmark.compare(ours, make_loop(workload)), target)
    again = make_trainer_loop(benchmark.make_workload(spec, precision))
    yield format_line("itself", benchmark.compare(ours, again), None)


def report_step_time(benchmark: Benchmark, spec: str, target: Target) -> Iterator[str]:
    """Compare the time per step with a plain loop's, in fp32 on the same images, not augmented."""
    workload = benchmark.make_workload(spec, "fp32", is_augmented=False)
    plain = make_plain_loop(workload)
    loops: dict[str, MakeLoop] = {"SpecNet": make_trainer_loop, **installed_peers()}
    for title, make_loop in loops.items():
        found = benchmark.compare(plain, make_loop(workload))
        yield format_line(f"{title} over a plain loop", found, target if title == "SpecNet" else None)


def report_host_time(benchmark: Benchmark) -> Iterator[str]:
    """Compare the time per step on the trivial network, where a step is nothing but the loop."""
    workload = benchmark.make_workload("trivial.net", "fp32")
    found = benchmark.compare(make_textbook_loop_on_tensors(workload), make_trainer_loop(workload))
    yield format_line("SpecNet over the textbook loop", found, Target(0.65, is_minimum=False))
    yield from report_step_time(benchmark, "trivial.net", Target(1.02, is_minimum=False))


def format_line(title: str, found: Ratio, target: Target | None) -> str:
    return f"  {title:31} {found}  {target.verdict(found) if target else ''}".rstrip()


def describe_processor() -> str:
    """Return the CPU's name, the number of threads, and whether bf16 is native."""
    names = [line for line in _read_cpuinfo() if line.startswith("model name")]
    name = names[0].partition(":")[2].strip() if names else platform.processor()
    native = [word for word in NATIVE_BF16 if cpu_capabilities().get(word)]
    bf16 = f"native bf16 ({native[0]})" if native else "no native bf16"
    return f"{name}; {bf16}; threads: {torch.get_num_threads()}"


def _read_cpuinfo() -> list[str]:
    file = Path("/proc/cpuinfo")
    return file.read_text(encoding="utf-8").splitlines() if file.exists() else []


def format_load() -> str:
    """Return the load averages of 1, 5 and 15 minutes."""
    return ", ".join(f"{value:.1f}" for value in os.getloadavg()) if hasattr(os, "getloadavg") else "unknown"
