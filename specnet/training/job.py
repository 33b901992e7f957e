"""What is asked of a training, and what it reports: `Job`, `Options`, `Watcher`, `Run`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

from torch import nn

from specnet.settings import Training
from specnet.training.errors import Interrupted

Precision = Literal["fp32", "bf16", "fp16"]

Metrics = Mapping[str, Any]
"""One line of metrics.jsonl: what was measured in one epoch."""


@dataclass(frozen=True)
class LayerInfo:
    """A layer with parameters: the words that it goes by beside its name, as `bn` and `norm`, and its own `init`."""

    words: tuple[str, ...]
    init: str | None = None


@dataclass(frozen=True)
class OutputLayer:
    """Where the number of outputs stands in the spec: on a line, which is `before`, the number, `after`."""

    line: int
    before: str
    after: str

    def with_outputs(self, outputs: int) -> str:
        """The layer as it is written with so many outputs."""
        return f"{self.before}{outputs}{self.after}"


@dataclass(frozen=True)
class Job:
    """What makes the result: the network as a module that takes N×C×H×W, and its settings.

    `input_shape` is (height, width, channels) of one image, `output_shape` that of what the network answers for it,
    `used` the text of the files that the spec uses, by their paths relative to the spec's folder, `parts` the layers
    with parameters by their names in the module, `image_memory` the bytes of all that they give for an image in fp32,
    `answer` the layer that decides how many outputs there are, where the spec says it in one plain number.
    """

    name: str
    spec_text: str
    digest: str
    input_shape: tuple[int, ...]
    output_shape: tuple[int, ...]
    parameters: int
    module: nn.Module
    training: Training
    used: Mapping[str, str] = field(default_factory=dict)
    parts: Mapping[str, LayerInfo] = field(default_factory=dict)
    image_memory: int = 0
    answer: OutputLayer | None = None

    @property
    def trainable_bytes(self) -> int:
        """The bytes of all parameters that are learned."""
        learned = (parameter for parameter in self.module.parameters() if parameter.requires_grad)
        return sum(parameter.numel() * parameter.element_size() for parameter in learned)


@dataclass(frozen=True)
class Options:
    """How the result is computed: recorded with the run, but no part of the spec.

    `weights` are those to begin with, as far as they fit; `freeze` are patterns of the names of parts that stay so.
    `processes` is how many the command is to start; those of torchrun are taken as they are. With `sharded` each holds
    a part of the parameters, with `sync_bn` they normalise by the statistics of the whole batch.
    `workers` are threads that decode and read images, None for as many as there are processors, 0 for none beside the
    training; with `skip_bad`, images that cannot be read are left out.
    `spec` is the file that the spec was read from, `overrides` are the values by name that it was read with.
    """

    device: str = "cpu"
    precision: Literal["auto"] | Precision = "auto"
    data_dir: Path | None = None
    run: Path | None = None
    compile: Literal["auto", "on", "off"] = "auto"
    deterministic: bool = False
    processes: int = 1
    sharded: bool = False
    sync_bn: bool = False
    weights: Path | None = None
    freeze: tuple[str, ...] = ()
    tensorboard: bool = False
    workers: int | None = None
    skip_bad: bool = False
    spec: Path | None = None
    overrides: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Paths may be given as text, as Python's own functions take them, and patterns as a list."""
        object.__setattr__(self, "freeze", tuple(self.freeze))
        for name in ("data_dir", "run", "weights", "spec"):
            if (value := getattr(self, name)) is not None:
                object.__setattr__(self, name, Path(value))


@dataclass(frozen=True)
class Plan:
    """What is about to happen, known once the data is read."""

    folder: Path
    device: str
    precision: str
    images: Mapping[str, int]
    classes: tuple[str, ...]
    epochs: float
    steps: int
    batch: int
    learning_rate: float
    processes: int


@dataclass(frozen=True)
class Progress:
    """Where the run is, at most ten times a second; `done` and `total` count batches of this stage.

    A stage is "training", or the part that is measured: "validation" or "test".
    """

    stage: str
    epoch: int
    done: int
    total: int
    loss: float
    accuracy: float
    learning_rate: float
    images_per_second: float
    seconds_left: float
    gpu_memory: int | None = None
    """Bytes at most so far; None where no GPU trains."""
    learning_rates: Mapping[str, float] = field(default_factory=dict)
    """By group, where a group has another rate than the others."""


class Watcher(Protocol):
    """Who is told how the run goes."""

    def note(self, text: str) -> None:
        """Something worth knowing happened."""

    def begin(self, plan: Plan) -> None:
        """The data is there and training starts."""

    def progress(self, progress: Progress) -> None:
        """Some steps are done."""

    def epoch(self, metrics: Metrics) -> None:
        """An epoch is over."""

    def leave(self, interrupted: Interrupted) -> None:
        """A signal has come and the step goes on for too long; who may end the process does so here.

        It is called in another thread. Where it returns, the run is stopped after the step.
        """


class Silent:
    """A watcher that keeps everything to itself."""

    def note(self, text: str) -> None: ...

    def begin(self, plan: Plan) -> None: ...

    def progress(self, progress: Progress) -> None: ...

    def epoch(self, metrics: Metrics) -> None: ...

    def leave(self, interrupted: Interrupted) -> None: ...


@dataclass(frozen=True)
class Run:
    """A finished run: its folder, what summary.json says, and the module with the weights that count."""

    folder: Path
    summary: Mapping[str, Any]
    module: nn.Module = field(repr=False)
