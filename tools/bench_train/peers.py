"""Keras and Lightning, where they are installed, on the images of the plain loop."""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from typing import Any

import torch
from bench_train.timing import Clock, TimedLoop
from bench_train.tuned import BatchOrder
from bench_train.workload import Images, Workload
from torch.nn.functional import cross_entropy

EPOCH = 10_000
"""Steps per epoch: more than are ever timed at once."""


def installed_peers() -> dict[str, Callable[[Workload], TimedLoop]]:
    """Return what makes the timed loop of each peer that is installed."""
    peers = {"Keras": make_keras_loop, "Lightning": make_lightning_loop}
    return {name: make_loop for name, make_loop in peers.items() if find_spec(name.lower())}


def make_keras_loop(workload: Workload) -> TimedLoop:
    """Return the loop of `fit` in Keras 3 on the torch backend, with accuracy as its only metric."""
    os.environ.update(KERAS_BACKEND="torch", KERAS_TORCH_DEVICE="cpu")
    import keras

    pixels, labels = workload.images
    mean, scale = (values.numpy() for values in workload.mean_and_scale)
    images, targets = (pixels.numpy() - mean) * scale, labels.numpy()
    model = keras.Sequential([keras.Input(images.shape[1:]), *_keras_layers(workload.setup.job.name)])
    chosen = workload.setup.job.training.optimizer
    model.compile(
        optimizer=keras.optimizers.SGD(chosen.lr, momentum=chosen.momentum),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )

    def run(count: int) -> float:
        most = len(targets) // workload.batch
        left, seconds = count, 0.0
        while left:
            now = min(left, most) * workload.batch
            times: list[float] = []
            clock = keras.callbacks.LambdaCallback(
                on_epoch_begin=lambda epoch, logs, times=times: times.append(Clock.now()),
                on_epoch_end=lambda epoch, logs, times=times: times.append(Clock.now()),
            )
            model.fit(images[:now], targets[:now], workload.batch, verbose=0, callbacks=[clock])
            seconds += times[1] - times[0]
            left -= min(left, most)
        return seconds

    return run


def _keras_layers(name: str) -> list[Any]:
    from keras.layers import Conv2D, Dense, Dropout, Flatten, MaxPooling2D

    match name:
        case "A":
            return [
                *(Conv2D(32, 3, activation="relu"), Conv2D(32, 3, activation="relu"), MaxPooling2D(2), Dropout(0.25)),
                *(Conv2D(64, 3, activation="relu"), Conv2D(64, 3, activation="relu"), MaxPooling2D(2), Dropout(0.25)),
                *(Flatten(), Dense(256, activation="relu"), Dropout(0.5), Dense(10)),
            ]
        case "C":
            return [
                *(Conv2D(12, 3, padding="same", activation="relu"), MaxPooling2D(3, 2)),
                *(Conv2D(16, 3, padding="same", activation="relu"), MaxPooling2D(3, 2)),
                *(Flatten(), Dense(120, activation="relu"), Dense(84, activation="relu"), Dense(10)),
            ]
        case _:
            return [Flatten(), Dense(10)]


def make_lightning_loop(workload: Workload) -> TimedLoop:
    """Return the loop of a bare Lightning trainer: no logger, no progress bar, no checkpoints."""
    import lightning

    for name in ("lightning.pytorch", "lightning.fabric"):
        logging.getLogger(name).setLevel(logging.ERROR)
    module = workload.make_module().to(memory_format=torch.channels_last)

    class Task(lightning.LightningModule):
        times: list[float]

        def __init__(self) -> None:
            super().__init__()
            self.module = module

        def training_step(self, batch: Images, number: int) -> torch.Tensor:
            return cross_entropy(self.module(batch[0]), batch[1])

        def configure_optimizers(self) -> torch.optim.Optimizer:
            return workload.make_optimizer(self.module, fused=True)

        def on_train_epoch_start(self) -> None:
            self.times = [Clock.now()]

        def on_train_epoch_end(self) -> None:
            self.times.append(Clock.now())

    batches = InMemory(workload)

    def run(count: int) -> float:
        task = Task()
        quiet = {"logger": False, "enable_checkpointing": False, "enable_progress_bar": False}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            trainer = lightning.Trainer(
                accelerator="cpu", max_epochs=1, limit_train_batches=count, enable_model_summary=False, **quiet
            )
            trainer.fit(task, batches)
        return task.times[1] - task.times[0]

    return run


class InMemory:
    """A data loader that takes batches by index, as the plain loop does."""

    def __init__(self, workload: Workload) -> None:
        pixels, self._labels = workload.images
        mean, scale = workload.mean_and_scale
        self._images = ((pixels - mean) * scale).permute(0, 3, 1, 2)
        self._order = BatchOrder(len(self._labels), workload.batch)

    def __len__(self) -> int:
        return EPOCH

    def __iter__(self) -> Iterator[Images]:
        for _ in range(EPOCH):
            index = self._order.next()
            yield self._images[index], self._labels[index]
