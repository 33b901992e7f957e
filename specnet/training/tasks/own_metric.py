"""A metric of the user's beside those of a task: computed over the outputs and targets of a whole part."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from contextlib import nullcontext, redirect_stdout
from math import isfinite
from typing import Any

import torch
from torch import Tensor

from specnet.argument_types import describe_value
from specnet.training.errors import DataProblem
from specnet.training.figures.rendering import Note
from specnet.training.job import OwnMetric, PluginMetric
from specnet.training.plugin_calls import explain_error
from specnet.training.tasks.results import Meter, Results, Table


def compute_metric(own: OwnMetric, outputs: Tensor, targets: Tensor) -> float | None:
    """Return the metric of outputs N×… and targets N×…; None where it divides by zero, or is no finite number.

    Raises DataProblem where the function raises anything else, or returns no number.
    """
    try:
        # what a plugin prints is no result; a program prints where it likes
        with redirect_stdout(sys.stderr) if isinstance(own, PluginMetric) else nullcontext():
            value = own.function(outputs, targets)
    except ZeroDivisionError:
        return None
    except Exception as error:
        what = explain_error(own.setting, "compute", error) if isinstance(own, PluginMetric) else ""
        raise DataProblem(what or f"the metric `{own.name}` raised {type(error).__name__}: {error}") from error
    try:
        number = float("" if isinstance(value, str | bytes) else value)
    except OverflowError:  # a whole number beyond all floats
        return None
    except (TypeError, ValueError, RuntimeError):
        raise DataProblem(f"the metric `{own.name}` returned {describe_value(value)}, and not a number") from None
    return number if isfinite(number) else None


class OwnMeter(Meter):
    """Collects what the meter of a task does, and all outputs and targets, on the CPU."""

    def __init__(self, meter: Meter, own: OwnMetric) -> None:
        self._meter, self._own = meter, own
        self._outputs, self._targets = list[Tensor](), list[Tensor]()

    def add(self, outputs: Tensor, targets: Tensor) -> None:
        self._meter.add(outputs, targets)
        self._outputs.append(outputs.cpu())
        self._targets.append(targets.cpu())

    def _count(self, outputs: Tensor, targets: Tensor) -> None:
        """The meter of the task counts."""

    def compute(self) -> MeasuredResults:
        value = compute_metric(self._own, torch.cat(self._outputs), torch.cat(self._targets))
        return MeasuredResults(self._meter.compute(), self._own, value)


class MeasuredResults(Results):
    """The results of a task, whose attributes it has, with the value of one more metric."""

    def __init__(self, results: Results, own: OwnMetric, value: float | None) -> None:
        self._results, self._own, self.value = results, own, value
        self.loss = results.loss

    def __getattr__(self, name: str) -> Any:
        return getattr(self._results, name)

    def __repr__(self) -> str:
        return f"{self._results!r} with {self._own.name} {self._own.metric.format(self.value)}"

    @property
    def images(self) -> int:
        return self._results.images

    @property
    def scores(self) -> Mapping[str, float | None]:
        return {**self._results.scores, self._own.name: self.value}

    def describe_scores(self) -> list[tuple[str, str]]:
        return [(self._own.name, self._own.metric.format(self.value)), *self._results.describe_scores()]

    def summarize(self) -> dict[str, Any]:
        return {**self._results.summarize(), self._own.name: self.value}

    def to_record(self) -> dict[str, Any]:
        return {**self._results.to_record(), self._own.name: self.value}

    def make_tables(self) -> list[Table]:
        return self._results.make_tables()

    def draw(self, title: str, note: Note) -> Mapping[str, bytes]:
        return self._results.draw(title, note)
