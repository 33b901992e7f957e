"""On CUDA: seconds to 94 % on CIFAR-10 with specs/airbench94.net, and images/s of two large networks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from statistics import mean, median

import torch
from bench_train.timing import summarize
from bench_train.trainer import make_loop_of_setup

import specnet
from specnet.jobs import make_job
from specnet.settings import Training
from specnet.settings.batch import Batch
from specnet.settings.data import Synthetic
from specnet.training.engine.setup import set_up
from specnet.training.job import Callback, Options

SPECS = Path(specnet.__file__).parents[1] / "specs"
SEEDS = 5
GOAL = 0.94

LARGE = {"alexnet.net": 1024, "resnet50.net": 256}
"""Networks and their batch sizes."""


def report_gpu(data_dir: Path | None, folder: Path) -> Iterator[str]:
    """Yield the lines measured on the GPU, or one that says there is none."""
    if not torch.cuda.is_available():
        yield "no CUDA device: airbench94.net, AlexNet and ResNet-50 are not measured"
        return
    yield f"on {torch.cuda.get_device_name()}"
    yield from _report_airbench(data_dir, folder)
    for spec, batch in LARGE.items():
        rates = measure_images_per_second(SPECS / spec, "cuda", batch, steps=8, folder=folder / spec)
        yield f"  {spec:28} {summarize(rates)} images/s, synthetic, batch {batch}"


def _report_airbench(data_dir: Path | None, folder: Path) -> Iterator[str]:
    spec = SPECS / "airbench94.net"
    if not spec.exists() or data_dir is None:
        yield f"  {spec.name} is left out: {'there is no such spec' if data_dir else 'it needs --data-dir'}"
        return
    scores, seconds = [], []
    for seed in range(SEEDS):
        run = specnet.train(
            spec, {"seed": str(seed)}, device="cuda", data_dir=data_dir, run=folder / f"airbench94-{seed}"
        )
        scores.append(run.summary["test_accuracy"])
        seconds.append(run.summary["seconds"])
    reached = sum(score >= GOAL for score in scores)
    yield f"  {spec.name}: {mean(scores):.2%} in {median(seconds):.2f} s; {reached} of {SEEDS} seeds reach {GOAL:.0%}"


def measure_images_per_second(
    spec: Path, device: str, batch: int, steps: int, folder: Path, repeats: int = 9
) -> list[float]:
    """Return the images/s of SpecNet's trainer on synthetic images, measured `repeats` times over so many steps."""
    job = make_job(specnet.check(spec))
    training = Training(data=Synthetic(classes=job.output_shape[0], images=2 * batch), batch=Batch(size=batch))
    setup = set_up(replace(job, training=training), Options(device=device), folder, Callback())
    loop = make_loop_of_setup(setup)
    loop(steps)
    return [steps * batch / loop(steps) for _ in range(repeats)]
