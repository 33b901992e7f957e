"""On CUDA: seconds to 94 % on CIFAR-10 with specs/airbench94.net, and images/s of two large networks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from statistics import mean, median
from time import perf_counter

import torch
from bench_train.timing import Ratio, TimedLoop, compare, summarize, time_loop
from bench_train.trainer import make_loop_of_setup
from torch.nn.functional import cross_entropy

import specnet
from specnet.jobs import make_job
from specnet.settings import Training
from specnet.settings.batch import Batch
from specnet.settings.data import Synthetic
from specnet.settings.optimizer import Sgd
from specnet.training.engine.setup import set_up
from specnet.training.job import Callback, Job, Options

SPECS = Path(specnet.__file__).parents[1] / "specs"
SEEDS = 5
GOAL = 0.94

LARGE = {"alexnet.net": 1024, "resnet50.net": 256}
"""Networks and their batch sizes."""

SGD = Sgd(lr=0.01, momentum=0.9)

PASSES = 3
"""A step multiplies as often as this many forward passes: the backward pass counts twice."""

SIDE = 8192
"""Rows and columns of the matrices whose product shows how fast the device multiplies."""


def report_gpu(data_dir: Path | None, folder: Path) -> Iterator[str]:
    """Yield the lines measured on the GPU, or one that says there is none."""
    if not torch.cuda.is_available():
        yield "no CUDA device: airbench94.net, AlexNet and ResNet-50 are not measured"
        return
    yield f"on {torch.cuda.get_device_name()}; torch {torch.__version__}"
    yield from _report_airbench(data_dir, folder)
    peak = measure_multiplications_per_second("cuda", SIDE)
    yield f"  a product of two {SIDE}×{SIDE} matrices in bf16: {2 * peak / 1e12:.0f} TFLOP/s"
    for spec, batch in LARGE.items():
        yield from _report_large(SPECS / spec, batch, peak, folder)


def _report_airbench(data_dir: Path | None, folder: Path) -> Iterator[str]:
    spec = SPECS / "airbench94.net"
    if not spec.exists() or data_dir is None:
        yield f"  {spec.name} is left out: {'there is no such spec' if data_dir else 'it needs --data-dir'}"
        return
    scores, seconds = [], []
    for seed in range(SEEDS):
        began = perf_counter()
        run = specnet.train(
            spec, {"seed": str(seed)}, device="cuda", data_dir=data_dir, run=folder / f"airbench94-{seed}"
        )
        scores.append(run.summary["test_accuracy"])
        seconds.append(run.summary["seconds"])
        whole = perf_counter() - began
        yield f"  {spec.name}, seed {seed}: {scores[-1]:.2%} in {seconds[-1]:.2f} s, {whole:.2f} s with all about it"
    reached = sum(score >= GOAL for score in scores)
    yield f"  {spec.name}: {mean(scores):.2%} in {median(seconds):.2f} s; {reached} of {SEEDS} seeds reach {GOAL:.0%}"


def _report_large(spec: Path, batch: int, peak: float, folder: Path) -> Iterator[str]:
    rate = summarize(measure_images_per_second(spec, "cuda", batch, steps=8, folder=folder / spec.name))
    share = rate.median * PASSES * specnet.check(spec).totals.macs / peak
    yield f"  {spec.name:28} {rate} images/s, synthetic, batch {batch}: {share:.0%} of such products"
    ratio = compare_with_plain_loop(spec, "cuda", batch, folder / f"{spec.name}-again", pairs=9, seconds=0.5)
    yield f"  {'over a plain loop':28} {ratio}"


def measure_images_per_second(
    spec: Path, device: str, batch: int, steps: int, folder: Path, repeats: int = 9
) -> list[float]:
    """Return the images/s of SpecNet's trainer on synthetic images, measured `repeats` times over so many steps."""
    loop = _make_trainer_loop(spec, device, batch, folder)
    loop(steps)
    return [steps * batch / loop(steps) for _ in range(repeats)]


def compare_with_plain_loop(spec: Path, device: str, batch: int, folder: Path, pairs: int, seconds: float) -> Ratio:
    """Return how many times the images/s of a plain loop, whose only batch is ready, the trainer reaches."""
    ours, plain = _make_trainer_loop(spec, device, batch, folder), _make_plain_loop(spec, device, batch)
    return compare(ours, plain, pairs, seconds)


def _make_trainer_loop(spec: Path, device: str, batch: int, folder: Path) -> TimedLoop:
    return make_loop_of_setup(set_up(_make_job(spec, batch), Options(device=device), folder, Callback()))


def _make_job(spec: Path, batch: int) -> Job:
    checked = specnet.check(spec)
    classes = (checked.network.shapes[checked.network.outputs[0]] or ())[-1]
    return make_job(
        checked, Training(data=Synthetic(classes=classes, images=2 * batch), batch=Batch(size=batch), optimizer=SGD)
    )


def _make_plain_loop(spec: Path, device: str, batch: int) -> TimedLoop:
    """Make a loop by hand over the same network: channels-last, autocast, fused SGD; nothing is counted."""
    job = _make_job(spec, batch)
    height, width, channels = job.input_shape
    module = job.module.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimizer = torch.optim.SGD(module.parameters(), SGD.lr, SGD.momentum, fused=True)
    images = torch.randn(batch, channels, height, width, device=device).contiguous(memory_format=torch.channels_last)
    labels = torch.randint(job.output_shape[0], (batch,), device=device)

    def run_steps(count: int) -> None:
        for _ in range(count):
            with torch.autocast(device, torch.bfloat16):
                outputs = module(images)
            cross_entropy(outputs.float(), labels).backward()
            optimizer.step()
            optimizer.zero_grad()
        if device == "cuda":
            torch.cuda.synchronize()

    return time_loop(run_steps)


def measure_multiplications_per_second(device: str, side: int) -> float:
    """Return the multiplications per second in products of two square matrices in bf16."""
    one, other = (torch.randn(side, side, device=device, dtype=torch.bfloat16) for _ in range(2))

    def multiply(count: int) -> None:
        for _ in range(count):
            result = one @ other
        float(result[0, 0])  # waits for the device

    loop = time_loop(multiply)
    loop(3)
    return 20 * side**3 / loop(20)
