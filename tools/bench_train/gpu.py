"""On CUDA: seconds to 94 % on CIFAR-10 by specs/airbench94.net, and images a second of two large networks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from statistics import mean, median

import torch
from ours import stretches
from timing import ratio

import specnet
from specnet.jobs import make_job
from specnet.settings import Training
from specnet.settings.batch import Batch
from specnet.settings.data import Synthetic
from specnet.training.engine.setup import set_up
from specnet.training.job import Options, Silent

SPECS = Path(specnet.__file__).parents[1] / "specs"
SEEDS = 5
GOAL = 0.94

LARGE = {"alexnet.net": 1024, "resnet50.net": 256}
"""Networks and their batches."""


def report(data_dir: Path | None, folder: Path) -> Iterator[str]:
    """What a GPU shows; without one it says so."""
    if not torch.cuda.is_available():
        yield "no CUDA device here: airbench94.net, AlexNet and ResNet-50 on a GPU are not measured"
        return
    yield f"on {torch.cuda.get_device_name()}"
    yield from _record(data_dir, folder)
    for spec, batch in LARGE.items():
        rates = images_per_second(SPECS / spec, "cuda", batch, batches=8, folder=folder / spec)
        yield f"  {spec:28} {ratio(rates)} images/s, synthetic, batch {batch}"


def _record(data_dir: Path | None, folder: Path) -> Iterator[str]:
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


def images_per_second(spec: Path, device: str, batch: int, batches: int, folder: Path, looks: int = 9) -> list[float]:
    """Of stretches of `batches` steps, by the trainer itself, on made-up images."""
    job = make_job(specnet.check(spec))
    training = Training(data=Synthetic(classes=job.output_shape[0], images=2 * batch), batch=Batch(size=batch))
    setup = set_up(replace(job, training=training), Options(device=device), folder, Silent())
    steps = stretches(setup)
    steps(batches)
    return [batches * batch / steps(batches) for _ in range(looks)]
