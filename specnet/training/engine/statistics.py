"""Statistics of every layer on a sample of images: of its output, and of the loss's gradient with respect to it."""

from __future__ import annotations

from collections.abc import Container, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import ceil, isfinite, sqrt
from typing import Any, cast

import torch
from torch import Tensor, fx, nn

from specnet.training.data.images import Images
from specnet.training.engine.state import State
from specnet.training.optim.losses import Loss
from specnet.training.randomness import make_generator
from specnet.training.runs.run_folder import RunFolder
from specnet.training.tasks.objective import Objective, get_main_output
from specnet.training.transforms.normalization import Normalizer

SAMPLE = 256
"""The number of training images that are measured, always the same ones."""

MOST_AT_ONCE = 64
"""The most images that are computed together: in fp32 and with all outputs, which may take twice a step's memory."""


RUNNING = ("running_mean", "running_var")


@dataclass
class Moments:
    """The number of the elements seen so far, their sum, and the sum of their squares."""

    number: int = 0
    total: float = 0.0
    squares: float = 0.0

    def add(self, values: Tensor) -> None:
        exact = values.detach().double()
        self.number += exact.numel()
        self.total += float(exact.sum())
        self.squares += float(exact.square().sum())

    @property
    def mean(self) -> float:
        return self.total / max(1, self.number)

    @property
    def std(self) -> float:
        """The standard deviation, NaN if a value is not finite."""
        variance = self.squares / max(1, self.number) - self.mean**2
        return sqrt(max(0.0, variance)) if isfinite(variance) else variance


@dataclass
class LayerStatistics:
    """What is known of a layer's outputs N×K×h×w or N×K; a unit, of K, is alive once it is not 0 somewhere."""

    outputs: Moments = field(default_factory=Moments)
    gradients: Moments = field(default_factory=Moments)
    zeros: int = 0
    alive: Tensor | None = None

    def add(self, outputs: Tensor) -> None:
        """Count the outputs for some images, and the gradients with respect to them once they are known."""
        fires = (outputs.detach() != 0).transpose(0, 1).flatten(1)
        self.outputs.add(outputs)
        self.zeros += int(fires.numel() - fires.sum())
        self.alive = fires.any(1) if self.alive is None else self.alive | fires.any(1)
        if outputs.requires_grad:
            outputs.register_hook(self.gradients.add)  # type: ignore[no-untyped-call]  # torch has no types here

    def to_record(self) -> dict[str, float | None]:
        """Return plain values for JSON: None for what is not finite, as of weights that have diverged."""
        dead = 0.0 if self.alive is None else 1 - float(self.alive.double().mean())
        values = {
            "mean": self.outputs.mean,
            "std": self.outputs.std,
            "zeros": self.zeros / max(1, self.outputs.number),
            "dead": dead,
            "gradient_std": self.gradients.std,
        }
        return {name: value if isfinite(value) else None for name, value in values.items()}


class _Recorder(fx.Interpreter):
    """Computes a module's output, and adds the values of its graph to their statistics by name."""

    def __init__(self, module: fx.GraphModule, found: dict[str, LayerStatistics]) -> None:
        super().__init__(module)
        self._found = found

    def run_node(self, node: fx.Node) -> Any:
        value = super().run_node(node)
        if node.name in self._found:
            self._found[node.name].add(value)
        return value


def measure_layers(
    module: nn.Module,
    images: Images,
    objective: Objective,
    normalizer: Normalizer,
    loss: Loss,
    size: int = MOST_AT_ONCE,
    frozen: Container[nn.Module] = (),
) -> dict[str, LayerStatistics]:
    """Return the statistics of all layers, by name, for images on the module's device or on the CPU.

    Dropout is off, and batch normalisations use the statistics of the images, at most `size` at a time, as they do in
    training; those in `frozen` use their running ones. The gradients are those of an image's loss. Afterwards the
    module, which is made from a graph, is in evaluation mode, and otherwise as it was.
    """
    graph = cast(fx.GraphModule, module)
    found = {value: LayerStatistics() for value in graph.meta["values"].values()}
    recorder, place = _Recorder(graph, found), next(module.parameters()).device
    with use_batch_statistics(module.eval(), frozen if len(images) > 1 else set(module.modules())), torch.enable_grad():
        for index in torch.arange(len(images)).tensor_split(ceil(len(images) / max(2, size))):
            some = images.take(index)
            batch = objective.prepare(some.pixels[:].to(place), some.targets.to(place), normalizer, index)
            inputs = [each.requires_grad_() for each in batch.inputs]
            total = loss(get_main_output(objective.forward(recorder.run, inputs)), batch.targets) * len(index)
            torch.autograd.grad(total, inputs)
    return {name: found[value] for name, value in graph.meta["values"].items()}


@contextmanager
def use_batch_statistics(module: nn.Module, frozen: Container[nn.Module]) -> Iterator[None]:
    """Let normalisations with running statistics do without them within the context, where they keep none either."""
    parts = [part for part in module.modules() if getattr(part, "running_mean", None) is not None]
    kept = [(part, name, getattr(part, name)) for part in parts if part not in frozen for name in RUNNING]
    for part, name, _ in kept:
        setattr(part, name, None)
    try:
        yield
    finally:
        for part, name, statistics in kept:
            setattr(part, name, statistics)


def take_sample(images: Images, seed: int, number: int = SAMPLE) -> Images:
    """Return a number of random images, or all of fewer: always the same ones for a seed."""
    order = torch.randperm(len(images), generator=make_generator(seed, "statistics"))
    return images.take(order[:number])


class StatisticsRecorder:
    """Writes a line of statistics.jsonl for each epoch; the first one, of epoch 0, is that of the starting weights."""

    def __init__(
        self,
        images: Images,
        objective: Objective,
        normalizer: Normalizer,
        loss: Loss,
        size: int,
        folder: RunFolder,
    ) -> None:
        self._images, self._objective, self._normalizer, self._loss = images, objective, normalizer, loss
        self._folder = folder
        self._size = min(MOST_AT_ONCE, size)
        self._lines = list(folder.read_statistics())

    def record(self, state: State) -> None:
        """Measure the present weights, which end an epoch, and write all lines; those of repeated epochs go."""
        given = self._images, self._objective, self._normalizer, self._loss, self._size
        found = measure_layers(state.module, *given, frozen=state.frozen)
        epoch, layers = len(state.history), {name: layer.to_record() for name, layer in found.items()}
        line = {"epoch": epoch, "images": len(self._images), "layers": layers}
        self._lines = [*(each for each in self._lines if each["epoch"] < epoch), line]
        self._folder.write_statistics(self._lines)
