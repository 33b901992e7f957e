"""Tasks of plugins: their metric over a whole part, and what they say of each image."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor

from specnet.printable import escape_unprintable
from specnet.settings.task import Metric, Task
from specnet.training.job import PluginMetric
from specnet.training.optim.losses import Loss
from specnet.training.plugin_calls import calling, refuse_result
from specnet.training.tasks.answers import Answer
from specnet.training.tasks.objective import Objective
from specnet.training.tasks.own_metric import compute_metric
from specnet.training.tasks.results import Meter, Results


@dataclass(frozen=True)
class OwnObjective(Objective):
    """Targets and outputs as the task of a plugin takes them."""

    buffered_steps: ClassVar[int] = 16

    @property
    def measure(self) -> Metric:  # type: ignore[override]
        return self.setting.metric

    def rate(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Return the metric of some steps times their images; 0 where it is not defined for them."""
        value = _compute(self.setting, outputs.cpu(), targets.cpu())
        return torch.tensor((value or 0.0) * len(targets), dtype=torch.float64, device=outputs.device)

    def make_meter(self, loss: Loss) -> OwnTaskMeter:
        return OwnTaskMeter(loss, self.setting)

    def answer(self, outputs: Tensor, top: int) -> list[Answer]:
        with calling(self.setting, "answer"):
            found = list(self.setting.answer(outputs.cpu()))
        if len(found) != len(outputs):
            raise refuse_result(self.setting, "answer", found, f"{len(outputs)} answers, one for each image")
        return [OwnAnswer(dict(each) if isinstance(each, Mapping) else {"answer": each}) for each in found]


def _compute(task: Task, outputs: Tensor, targets: Tensor) -> float | None:
    metric = PluginMetric(task.compute, task.metric.larger_is_better, task.metric.name, task)
    return compute_metric(metric, outputs, targets)


@dataclass(frozen=True)
class OwnAnswer(Answer):
    """What the task of a plugin says of an image, by name; what is neither a text nor a number is shown as a text."""

    values: Mapping[str, Any]

    def describe(self) -> list[str]:
        return [f"{escape_unprintable(name)}  {escape_unprintable(str(value))}" for name, value in self._plain.items()]

    def to_record(self) -> dict[str, Any]:
        return self._plain

    def to_rows(self) -> list[Mapping[str, Any]]:
        return [self._plain]

    @property
    def _plain(self) -> dict[str, Any]:
        return {str(name): _simplify(value) for name, value in self.values.items()}


def _simplify(value: Any) -> Any:
    number = value.item() if isinstance(value, Tensor) and value.numel() == 1 else value
    return number if isinstance(number, str | int | float | bool | None) else str(number)


@dataclass(frozen=True)
class OwnResults(Results):
    """The metric of a plugin's task on a part."""

    loss: float
    number: int
    metric: Metric
    value: float | None

    @property
    def images(self) -> int:
        return self.number

    @property
    def scores(self) -> Mapping[str, float | None]:
        return {self.metric.name: self.value}

    def describe_scores(self) -> list[tuple[str, str]]:
        return [(self.metric.title, self.metric.format(self.value))]


class OwnTaskMeter(Meter):
    """Collects all outputs and targets of a part, on the CPU."""

    def __init__(self, loss: Loss, task: Task) -> None:
        super().__init__(loss)
        self._task = task
        self._outputs, self._targets = list[Tensor](), list[Tensor]()

    def _count(self, outputs: Tensor, targets: Tensor) -> None:
        self._outputs.append(outputs.cpu())
        self._targets.append(targets.cpu())

    def compute(self) -> OwnResults:
        value = _compute(self._task, torch.cat(self._outputs), torch.cat(self._targets))
        return OwnResults(self.mean_loss(), self.images, self._task.metric, value)
