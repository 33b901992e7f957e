"""Measure how good a network is, where its run has not recorded that."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from specnet.insight.images import choose_evenly
from specnet.insight.results import Results
from specnet.page.subject import Subject
from specnet.training.data.images import Images
from specnet.training.engine.evaluator import average_views, compute_metrics
from specnet.training.optim.losses import build_loss

BATCH = 256


def measure(subject: Subject) -> Results | None:
    """Measure the network now, on some images where all would take long; None where there are none unseen."""
    if subject.unseen is None or subject.parts is None:
        return None
    images = subject.parts[subject.unseen]
    chosen = choose_evenly(len(images), subject.most)
    training = subject.run.job.training
    loss = build_loss(training.loss)
    with torch.inference_mode():
        metrics = compute_metrics(_compute_outputs(subject, images, chosen), loss, subject.run.classes)
    sampled = len(images) if len(chosen) < len(images) else None
    return Results(part=subject.unseen, sampled_from=sampled, **metrics.to_record())


def _compute_outputs(subject: Subject, images: Images, chosen: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield outputs B×classes and labels B of the chosen images."""
    run = subject.run
    network = average_views(run.model, run.job.training.evaluate)
    for index in torch.split(chosen, BATCH):
        pixels = images.pixels[index].to(run.place)
        yield network(run.normalization(pixels)).float(), images.labels[index].to(run.place)
