"""The inputs and outputs of training: `Job` with its data, `Options`, `Callback`, `Run`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter, ValidationError
from torch import Tensor, nn

from specnet.analyses.memory import Conditions, Memory
from specnet.argument_types import describe_value, require_type
from specnet.attributes import Setting
from specnet.plugin_loading.discovery import Plugin
from specnet.records import Displayed
from specnet.settings import Training
from specnet.settings.task import Metric
from specnet.settings.tasks.classify import Classify
from specnet.suggest import did_you_mean, find_closest_word
from specnet.training.errors import Interrupted

Precision = Literal["fp32", "bf16", "fp16"]

Metrics = Mapping[str, Any]
"""One line of metrics.jsonl: the figures of one epoch."""


@dataclass(frozen=True)
class LayerInfo:
    """A layer with parameters: the words that `group` knows it by, as `bn` and `norm`, and its own `init`."""

    words: tuple[str, ...]
    init: str | None = None


@dataclass(frozen=True)
class OutputLayer:
    """Where the spec states the number of outputs: on a line that reads `before`, the number, `after`."""

    line: int
    before: str
    after: str

    def format_with_outputs(self, outputs: int) -> str:
        """Return the text of the layer with another number of outputs."""
        return f"{self.before}{outputs}{self.after}"


@dataclass(frozen=True)
class GivenData:
    """The data of each part as it was handed over; `data` is trained on, or measured."""

    data: Any
    validation: Any = None
    test: Any = None

    def parts(self) -> dict[str, Any]:
        """Return the parts that were handed over, by name."""
        named = {"train": self.data, "validation": self.validation, "test": self.test}
        return {name: part for name, part in named.items() if part is not None}

    def list_arguments(self) -> list[str]:
        """Return the names under which the parts are handed over."""
        return ["data" if name == "train" else name for name in self.parts()]


METRIC = "a function of the outputs and targets of a part that returns a number, or `specnet.Metric` of one"


@dataclass(frozen=True)
class OwnMetric:
    """A metric of the user's: a function of the outputs and targets of a whole part, N×… each, that returns a number.

    The function's own name is the metric's, unless it has none or another one is given. Raises TypeError, ValueError.
    """

    function: Callable[[Tensor, Tensor], Any] = field(repr=False)
    larger_is_better: bool = True
    name: str = ""

    def __post_init__(self) -> None:
        require_type("larger_is_better", self.larger_is_better, bool, "True or False")
        require_type("name", self.name, str, "a word")
        if not callable(self.function):
            raise TypeError(f"a metric is {METRIC}, not {describe_value(self.function)}")
        own = getattr(self.function, "__name__", type(self.function).__name__)
        name = self.name or (own if own.isidentifier() else "metric")
        if not name.isidentifier() or name == "loss":
            raise ValueError(f"a metric's name is a word such as f1, and not loss; it cannot be {describe_value(name)}")
        object.__setattr__(self, "name", name)

    @property
    def metric(self) -> Metric:
        """The figure by which the best epoch is chosen."""
        return Metric(self.name, self.name, self.larger_is_better)


@dataclass(frozen=True)
class PluginMetric(OwnMetric):
    """The metric of a plugin, which a spec names by these settings."""

    setting: Setting | None = None


@dataclass(frozen=True)
class Job:
    """Everything that determines the result: the network, as a module that takes N×C×H×W, and its settings.

    `input_shape` is (height, width, channels) of an image, `other_inputs` are the shapes of further inputs,
    `output_shape` is that of the output; heads at the side count in the loss by `head_weights`. `used` holds the
    text of the files that the spec uses, by their paths relative to the spec's folder, `layers` the layers with
    parameters, by their names in the module. `macs` are the multiply-accumulates for an image, if known, and
    `image_memory` the bytes that the outputs of all layers take for it in fp32. `measure_memory` returns the memory of
    a training step under some conditions, None if it is unknown. `output_layer` is the layer that states the number of
    outputs, if it is a plain number. `given` is the data that a program has handed over, and
    `own_metric` chooses the best epoch in the place of the task's. `output_stride` are the pixels of the image, along
    its height and width, from one position of an output map to the next, if they are known. `plugins` are those without
    which the spec cannot be read.
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
    layers: Mapping[str, LayerInfo] = field(default_factory=dict)
    macs: int | None = None
    image_memory: int = 0
    measure_memory: Callable[[Conditions], Memory | None] = lambda conditions: None
    other_inputs: tuple[tuple[int, ...], ...] = ()
    head_weights: tuple[float, ...] = ()
    output_layer: OutputLayer | None = None
    given: GivenData | None = None
    own_metric: OwnMetric | None = None
    output_stride: tuple[float, float] | None = None
    plugins: tuple[Plugin, ...] = ()

    def list_arguments(self) -> list[str]:
        """Return the names of the arguments by which a program has handed over what the run needs."""
        is_handed_over = self.own_metric and not isinstance(self.own_metric, PluginMetric)
        return [*(self.given.list_arguments() if self.given else ()), *(["metric"] if is_handed_over else ())]

    @property
    def input_shapes(self) -> tuple[tuple[int, ...], ...]:
        """The shapes of all inputs."""
        return (self.input_shape, *self.other_inputs)

    @property
    def runs_per_image(self) -> int:
        """How often the network runs for an image of a batch: twice where it embeds it and its partner."""
        return 2 if self.training.loss.embeds else 1


@dataclass(frozen=True)
class Options:
    """The way to compute the result, which is recorded with the run but is not part of the spec.

    Training starts from `weights`, a run or a file that fits all layers but the last; layers whose names match a
    pattern of `freeze` are not trained.
    `processes` is the number to start; under torchrun it is torchrun's. With `sharded`, each process holds a part of
    the parameters; with `sync_bn`, they normalise by the statistics of the whole batch.
    With `statistics`, all layers are measured after every epoch.
    `workers` is the number of threads that decode and read images: None is one for each processor, 0 none beside the
    training. With `skip_bad`, images that cannot be read are left out.
    `spec` is the file of the spec, `overrides` are the values by name that it was read with.
    """

    device: str = "cpu"
    precision: Literal["auto"] | Precision = "auto"
    data_dir: Path | None = None
    run: Path | None = None
    compile: Literal["auto", "on", "off"] = "auto"
    deterministic: bool = False
    processes: Annotated[int, Field(ge=1)] = 1
    sharded: bool = False
    sync_bn: bool = False
    weights: Path | None = None
    freeze: tuple[str, ...] = ()
    tensorboard: bool = False
    statistics: bool = False
    workers: Annotated[int, Field(ge=0)] | None = None
    skip_bad: bool = False
    spec: Path | None = None
    overrides: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Accept paths as text, as Python's own functions do, and patterns as a list."""
        object.__setattr__(self, "freeze", tuple(self.freeze))
        for name in ("data_dir", "run", "weights", "spec"):
            if (value := getattr(self, name)) is not None:
                object.__setattr__(self, name, Path(value))


WRONG_TYPES = {
    "path_type": "it is no path",
    "string_type": "it is no text",
    "tuple_type": "it is neither a text nor a list of texts",
}
"""What is wrong with an option, by the type of pydantic's error, where pydantic would speak of its own types."""


def make_options(values: Mapping[str, Any]) -> Options:
    """Return options of these names and values; raises ValueError for one that there is not, or is out of range."""
    for name in values:
        if name not in Options.__dataclass_fields__:
            hint = did_you_mean(find_closest_word(name, Options.__dataclass_fields__))
            raise ValueError(f"there is no option `{name}`{hint}")
    freeze = values.get("freeze", ())
    try:
        return TypeAdapter(Options).validate_python(
            {**values, "freeze": [freeze] if isinstance(freeze, str) else freeze}
        )
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        reason = WRONG_TYPES.get(first["type"]) or first["msg"][:1].lower() + first["msg"][1:]
        raise ValueError(f"the option `{first['loc'][0]}` cannot be {first['input']!r}: {reason}") from None


@dataclass(frozen=True)
class Plan:
    """The plan of a run, known once its data is read."""

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
    metric: Metric = Classify.metric
    """The figure by which the best epoch is chosen."""
    measure: Metric = Classify.metric
    """The figure of training steps."""


@dataclass(frozen=True)
class Progress:
    """The progress of a run, reported at most ten times a second; `done` and `total` count the batches of a stage.

    The stage is "training", or the part of the data that is being evaluated: "validation" or "test".
    """

    stage: str
    epoch: int
    done: int
    total: int
    loss: float
    measure: float
    """The figure of the plan's `measure` for the training so far in this epoch, such as the accuracy."""
    learning_rate: float
    images_per_second: float
    seconds_left: float
    gpu_memory: int | None = None
    """The most bytes allocated so far; None without a GPU."""
    learning_rates: Mapping[str, float] = field(default_factory=dict)
    """The rates by group, where a group has another rate than the others."""


class Callback:
    """Receives the events of a run; a subclass overrides the methods for the events that it handles."""

    def on_note(self, text: str) -> None:
        """Something worth knowing has happened."""

    def on_train_begin(self, plan: Plan) -> None:
        """The data is read and training starts."""

    def on_progress(self, progress: Progress) -> None:
        """Some steps are done."""

    def on_epoch_end(self, metrics: Metrics) -> None:
        """An epoch is over and recorded."""

    def on_interrupt(self, interrupted: Interrupted) -> None:
        """A signal was received during a step that takes too long; the method may end the process.

        It is called in another thread. If it returns, the run stops after the step.
        """


@dataclass(frozen=True)
class Run(Displayed):
    """A finished run: its folder, the contents of summary.json, and the module with the best weights."""

    folder: Path
    summary: Mapping[str, Any]
    module: nn.Module

    def __repr__(self) -> str:
        return f"Run({str(self.folder)!r}{describe_scores(self.summary)})"


def read_metric(summary: Mapping[str, Any]) -> Metric:
    """Return the metric of a summary; accuracy for one from before there were others, and for an empty one."""
    record = summary.get("metric")
    return Metric(**record) if record else Classify.metric


def describe_scores(summary: Mapping[str, Any]) -> str:
    """Return the metric of a summary on the parts where it is known, each behind a comma."""
    metric = read_metric(summary)
    scores = {part: summary.get(f"{part}_{metric.name}") for part in ("validation", "test")}
    title = "" if metric.is_share else f" {metric.title}"
    return "".join(f", {part}{title} {metric.format(score)}" for part, score in scores.items() if score is not None)
