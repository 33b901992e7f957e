"""What a task computes: the inputs and targets of a batch, its loss and measure, and the answer to an image."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, NamedTuple, Self

from torch import Tensor, nn

from specnet.package import load_from_module
from specnet.registry import find_registration
from specnet.settings.loss import Loss as LossSetting
from specnet.settings.task import Metric, Task
from specnet.training.data.images import Pixels
from specnet.training.distributed import Network
from specnet.training.job import OwnMetric
from specnet.training.optim.losses import Loss
from specnet.training.tasks.own_metric import OwnMeter
from specnet.training.tasks.results import Meter
from specnet.training.transforms.normalization import Normalizer

Outputs = Tensor | tuple[Tensor, ...]
"""What a network returns: its output B×…, or a tuple of it and those of its heads."""


Fitted = Mapping[str, tuple[float, ...]]
"""Numbers that a task has fitted to the data, by name: one for each output, or a single one."""


EVALUATION_SEED = 0
"""The seed of what is drawn for evaluations, so that runs of different seeds are compared on the same images."""


class PreparedBatch(NamedTuple):
    """The inputs of a network, each B×C×H×W as it reads them, and the targets B×…."""

    inputs: tuple[Tensor, ...]
    targets: Tensor


@dataclass(frozen=True)
class Objective(ABC):
    """A task with the names of what the outputs stand for: classes, or the numbers of a regression."""

    setting: Task
    classes: tuple[str, ...]
    chosen_loss: LossSetting | None = None
    """The loss of the run, where it is not the default of the task."""
    fitted: Fitted = field(default_factory=dict)
    """What `fit_targets` and `fit_outputs` have returned."""
    own: OwnMetric | None = None
    """A metric of the user's, which chooses the best epoch."""

    measure: ClassVar[Metric]
    """The figure of training steps, in progress reports and as `train_NAME` in metrics.jsonl."""

    picture: ClassVar[str] = ""
    """What its answers draw of each image, as a plural; "" where they draw nothing."""

    buffered_steps: ClassVar[int] = 1
    """Steps whose outputs are kept and rated together, as each operation costs time beside a small network."""

    @property
    def loss(self) -> LossSetting:
        """The loss that the network is trained with."""
        return self.chosen_loss or self.setting.default_loss

    @property
    def metric(self) -> Metric:
        """The figure by which the best epoch is chosen."""
        return self.own.metric if self.own else self.setting.metric

    def get_pixels(self, pixels: Pixels) -> Pixels:
        """Return the channels of stored pixels that the network reads, to which a normalizer is fitted."""
        return pixels

    def fit_targets(self, targets: Tensor) -> Fitted:
        """Return what is fitted to the targets N×… to train on, before the first step."""
        return {}

    def explain_unlearnable(self, targets: Tensor) -> str:
        """Return why nothing can be learned from the targets N×… to train on; "" where something can."""
        return ""

    def list_warnings(self, parts: Mapping[str, Tensor]) -> Iterator[str]:
        """Yield a sentence for each thing in the targets N×… of the parts that spoils a result."""
        yield from ()

    @property
    def fits_outputs(self) -> bool:
        """Whether `fit_outputs` is due on the validation part when the training is over."""
        return False

    def fit_outputs(self, outputs: Tensor, targets: Tensor) -> Fitted:
        """Return what is fitted to the outputs N×… of the best weights, for images with targets N×…."""
        return {}

    def add_fitted(self, fitted: Fitted) -> Self:
        """Return the objective with more that was fitted."""
        return replace(self, fitted={**self.fitted, **fitted})

    def make_output_module(self) -> nn.Module:
        """Return the module that an exported network ends in, from its outputs N×… to those that people read."""
        return nn.Identity()

    def draw_partners(self, labels: Tensor, seed: int, epoch: int | None) -> Tensor | None:
        """Return the partner of each image in an epoch, or in evaluations (None); None for a task of single images.

        It is int64 N for labels int64 N, on the CPU. Where there are partners, `prepare` gets the pixels and targets of
        the images and then those of their partners, in one batch.
        """
        return None

    def find_partners(self, targets: Tensor) -> Tensor | None:
        """Return the partners of the images of a part in evaluations, which are the same for all runs."""
        return self.draw_partners(targets.cpu(), EVALUATION_SEED, None)

    def prepare(self, pixels: Tensor, targets: Tensor, normalizer: Normalizer, places: Tensor | None) -> PreparedBatch:
        """Return the batch for augmented pixels B×H×W×C, 0 to 255, and their targets B×….

        `places` (int64 B) are the indices of the images in a part that is evaluated; None stands for a training step,
        whose random numbers come from torch's default generator.
        """
        return PreparedBatch((normalizer(pixels),), targets)

    def forward(self, network: Network, inputs: Sequence[Tensor]) -> Outputs:
        """Return the outputs of a network."""
        return network(*inputs)

    @abstractmethod
    def rate(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Return the sum of the measure over the images of training steps, of outputs B×… and targets B×…."""

    def finish_measure(self, mean: float) -> float:
        """Return the measure for the mean of `rate` over all images."""
        return mean

    @abstractmethod
    def make_meter(self, loss: Loss) -> Meter:
        """Return what collects outputs and targets of a part, and computes the results on it."""

    def open_meter(self, loss: Loss) -> Meter:
        """Return the meter of the task, with the user's own metric if there is one."""
        meter = self.make_meter(loss)
        return OwnMeter(meter, self.own) if self.own else meter

    @abstractmethod
    def answer(self, outputs: Tensor, top: int) -> list[Any]:
        """Return what the network says of each image, of outputs N×…; of classes, the `top` likeliest."""

    def answer_images(self, outputs: Tensor, pixels: Tensor, top: int) -> list[Any]:
        """Return the answers to images uint8 N×H×W×C, for a task that compares its outputs with them."""
        return self.answer(outputs, top)


def get_main_output(outputs: Outputs) -> Tensor:
    """Return the output of a network without those of its heads, in fp32."""
    return (outputs[0] if isinstance(outputs, tuple) else outputs).float()


def compute_loss(
    loss: Callable[[Tensor], Tensor], outputs: Outputs, head_weights: Sequence[float]
) -> tuple[Tensor, Tensor]:
    """Return the loss of the output plus the weighted ones of the heads, and the output, in fp32."""
    main = get_main_output(outputs)
    total = loss(main)
    if isinstance(outputs, tuple):
        for weight, head in zip(head_weights, outputs[1:], strict=True):
            total = total + weight * loss(head.float())
    return total, main


def make_objective(
    setting: Task, classes: tuple[str, ...], loss: LossSetting | None = None, fitted: Fitted | None = None
) -> Objective:
    """Return the objective of a task, from the file of its name; raises KeyError where nothing here trains it."""
    word, name = type(setting).__module__.rpartition(".")[2], type(setting).__name__
    if find_registration(type(setting)):
        word, name = "own_task", "Own"
    found: type[Objective] = load_from_module(f"{__package__}.{word}", f"{name}Objective")
    return found(setting, classes, loss, fitted or {})
