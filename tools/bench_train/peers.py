"""Keras and Lightning, where they are installed, on the images of the plain loop."""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

import torch
from by_hand import Order
from setting import Images, Setting
from timing import Clock, Stretch
from torch.nn.functional import cross_entropy

EPOCH = 10_000
"""Steps of an epoch that never ends within a stretch."""


def installed() -> dict[str, Any]:
    """The peers that are there: what makes a stretch of each."""
    ways = {"keras": keras_fit, "lightning": lightning_fit}
    return {name: way for name, way in ways.items() if find_spec(name)}


def keras_fit(setting: Setting) -> Stretch:
    """Keras 3 on the torch backend: `fit`, with accuracy as its one metric."""
    os.environ.update(KERAS_BACKEND="torch", KERAS_TORCH_DEVICE="cpu")
    import keras

    pixels, labels = setting.images
    mean, scale = (values.numpy() for values in setting.mean_and_scale)
    images, targets = (pixels.numpy() - mean) * scale, labels.numpy()
    model = keras.Sequential([keras.Input(images.shape[1:]), *_keras_layers(setting.setup.job.name)])
    chosen = setting.setup.job.training.optimizer
    model.compile(
        optimizer=keras.optimizers.SGD(chosen.lr, momentum=chosen.momentum),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )

    def stretch(count: int) -> float:
        most = len(targets) // setting.batch
        left, seconds = count, 0.0
        while left:
            now = min(left, most) * setting.batch
            times: list[float] = []
            clock = keras.callbacks.LambdaCallback(
                on_epoch_begin=lambda epoch, logs, times=times: times.append(Clock.now()),
                on_epoch_end=lambda epoch, logs, times=times: times.append(Clock.now()),
            )
            model.fit(images[:now], targets[:now], setting.batch, verbose=0, callbacks=[clock])
            seconds += times[1] - times[0]
            left -= min(left, most)
        return seconds

    return stretch


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


def lightning_fit(setting: Setting) -> Stretch:
    """Lightning, bare: no logger, no progress bar, no checkpoints, nothing logged."""
    import lightning

    for name in ("lightning.pytorch", "lightning.fabric"):
        logging.getLogger(name).setLevel(logging.ERROR)
    module = setting.module().to(memory_format=torch.channels_last)

    class Task(lightning.LightningModule):
        times: list[float]

        def __init__(self) -> None:
            super().__init__()
            self.module = module

        def training_step(self, batch: Images, number: int) -> torch.Tensor:
            return cross_entropy(self.module(batch[0]), batch[1])

        def configure_optimizers(self) -> torch.optim.Optimizer:
            return setting.optimizer(self.module, fused=True)

        def on_train_epoch_start(self) -> None:
            self.times = [Clock.now()]

        def on_train_epoch_end(self) -> None:
            self.times.append(Clock.now())

    batches = InMemory(setting)

    def stretch(count: int) -> float:
        task = Task()
        quiet = {"logger": False, "enable_checkpointing": False, "enable_progress_bar": False}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            trainer = lightning.Trainer(
                accelerator="cpu", max_epochs=1, limit_train_batches=count, enable_model_summary=False, **quiet
            )
            trainer.fit(task, batches)
        return task.times[1] - task.times[0]

    return stretch


class InMemory:
    """Batches by index, as the plain loop takes them."""

    def __init__(self, setting: Setting) -> None:
        pixels, self._labels = setting.images
        mean, scale = setting.mean_and_scale
        self._images = ((pixels - mean) * scale).permute(0, 3, 1, 2)
        self._order = Order(len(self._labels), setting.batch)

    def __len__(self) -> int:
        return EPOCH

    def __iter__(self) -> Iterator[Images]:
        for _ in range(EPOCH):
            index = self._order.next()
            yield self._images[index], self._labels[index]
