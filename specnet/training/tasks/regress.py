"""task regress: targets in standard deviations from their mean, RMSE, R², and numbers in the units of the data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from specnet.printable import escape_unprintable
from specnet.settings.task import Metric
from specnet.settings.tasks.regress import Regress
from specnet.training.figures.regression import plot_regression
from specnet.training.figures.rendering import Note, render
from specnet.training.optim.losses import Loss
from specnet.training.tasks.answers import Answer
from specnet.training.tasks.objective import Fitted, Objective, PreparedBatch
from specnet.training.tasks.results import Meter, Results, Table
from specnet.training.transforms.normalization import Normalizer


class Units(nn.Module):
    """From outputs B×K, in standard deviations from the mean of the training targets, to numbers in their units."""

    def __init__(self, mean: Tensor, std: Tensor) -> None:
        super().__init__()
        self.mean: Tensor
        self.std: Tensor
        self.register_buffer("mean", mean, persistent=False)
        self.register_buffer("std", std, persistent=False)

    def forward(self, outputs: Tensor) -> Tensor:
        return outputs * self.std + self.mean


@dataclass(frozen=True)
class RegressObjective(Objective):
    """Numbers float32 N×K in any units, and outputs N×K in standard deviations from their mean.

    `fitted` has the `mean` and `std` of each number over the training images; a number that is always the same has the
    standard deviation 1.
    """

    measure: ClassVar[Metric] = Regress.metric

    def fit_targets(self, targets: Tensor) -> Fitted:
        values = targets.double()
        std = values.std(0, correction=0).where(_vary(values), 1.0)
        return {"mean": tuple(values.mean(0).tolist()), "std": tuple(std.tolist())}

    def list_warnings(self, parts: Mapping[str, Tensor]) -> Iterator[str]:
        """Yield a sentence for each number that is the same for all images to train on."""
        first, varies = parts["train"][0].tolist(), _vary(parts["train"]).tolist()
        for name, value, is_learned in zip(self.classes, first, varies, strict=True):
            if not is_learned:
                yield f"`{name}` is {value:g} for every image of the training part, and nothing can be learned of it"

    def make_output_module(self) -> Units:
        return Units(torch.tensor(self.fitted["mean"]), torch.tensor(self.fitted["std"]))

    def prepare(self, pixels: Tensor, targets: Tensor, normalizer: Normalizer, places: Tensor | None) -> PreparedBatch:
        units = self._units(targets.device)
        return PreparedBatch((normalizer(pixels),), (targets - units.mean) / units.std)

    def rate(self, outputs: Tensor, targets: Tensor) -> Tensor:
        errors = (outputs - targets) * self._units(outputs.device).std
        return errors.double().square().mean(1).sum()

    def finish_measure(self, mean: float) -> float:
        return float(mean**0.5)

    def make_meter(self, loss: Loss) -> RegressionMeter:
        return RegressionMeter(loss, self.classes, self.make_output_module())

    def answer(self, outputs: Tensor, top: int) -> list[Answer]:
        numbers = self.make_output_module()(outputs.cpu())
        return [Numbers(dict(zip(self.classes, row, strict=True))) for row in numbers.tolist()]

    def _units(self, place: torch.device) -> Units:
        return _keep_units(self.fitted["mean"], self.fitted["std"], place)


def _vary(numbers: Tensor) -> Tensor:
    """Return which of the numbers N×K are not always the same, bool K; their computed deviations may be above 0."""
    return numbers.amax(0) > numbers.amin(0)


@lru_cache(maxsize=4)
def _keep_units(mean: tuple[float, ...], std: tuple[float, ...], place: torch.device) -> Units:
    """Return the units on a device, copied there once, as each copy to a GPU waits for it."""
    return Units(torch.tensor(mean), torch.tensor(std)).to(place)


@dataclass(frozen=True)
class Numbers(Answer):
    """The numbers of an image by name, in the units of the data."""

    values: Mapping[str, float]

    def describe(self) -> list[str]:
        names = [escape_unprintable(name) for name in self.values]
        width = max(map(len, names))
        return [f"{name:{width}}  {value:.5g}" for name, value in zip(names, self.values.values(), strict=True)]

    def to_record(self) -> dict[str, Any]:
        return {"numbers": dict(self.values)}

    def to_rows(self) -> list[Mapping[str, Any]]:
        return [dict(self.values)]


@dataclass(frozen=True)
class RegressionResults(Results):
    """Results on a part; `predicted` and `true` are float64 N×K in the units of the data, `names` those of the K."""

    loss: float
    names: tuple[str, ...]
    predicted: Tensor
    true: Tensor

    def __repr__(self) -> str:
        return f"RegressionResults(RMSE {self.rmse:.4g} of {self.images:,}, loss {self.loss:.4f})"

    @property
    def images(self) -> int:
        return len(self.true)

    @property
    def errors(self) -> Tensor:
        return self.predicted - self.true

    @property
    def rmse(self) -> float:
        """The root of the mean squared error over all numbers."""
        return float(self.errors.square().mean().sqrt())

    @property
    def mae(self) -> float:
        return float(self.errors.abs().mean())

    @property
    def coefficients(self) -> dict[str, float | None]:
        """R² of each number, 1 − its squared error over that of its mean; None for one that is always the same."""
        spreads = (self.true - self.true.mean(0)).square().sum(0)
        values = (1 - self.errors.square().sum(0) / spreads).tolist()
        columns = zip(self.names, values, _vary(self.true).tolist(), strict=True)
        return {name: value if varies else None for name, value, varies in columns}

    @property
    def r2(self) -> float | None:
        """The mean of R² over the numbers that have one."""
        known = [value for value in self.coefficients.values() if value is not None]
        return sum(known) / len(known) if known else None

    @property
    def scores(self) -> Mapping[str, float | None]:
        return {"rmse": self.rmse, "mae": self.mae, "r2": self.r2}

    def describe_scores(self) -> list[tuple[str, str]]:
        r2 = "not known: the numbers are all the same" if self.r2 is None else f"{self.r2:.4f}"
        return [("RMSE", f"{self.rmse:.5g}"), ("MAE", f"{self.mae:.5g}"), ("R²", r2)]

    @property
    def per_number(self) -> dict[str, dict[str, float | None]]:
        """The scores of each number by its name."""
        rmse, mae = self.errors.square().mean(0).sqrt().tolist(), self.errors.abs().mean(0).tolist()
        columns = zip(self.names, rmse, mae, self.coefficients.values(), strict=True)
        return {name: {"rmse": root, "mae": mean, "r2": r2} for name, root, mean, r2 in columns}

    def summarize(self) -> dict[str, Any]:
        return {**super().summarize(), "per_number": self.per_number}

    def make_tables(self) -> list[Table]:
        """Return the errors of each number beside how far it is spread."""
        spreads = self.true.std(0, correction=0).tolist()
        rows = [
            (name, *(f"{each[key]:.5g}" for key in ("rmse", "mae")), f"{spread:.5g}", _format_share(each["r2"]))
            for (name, each), spread in zip(self.per_number.items(), spreads, strict=True)
        ]
        return [Table("", ("number", "RMSE", "MAE", "standard deviation", "R²"), rows, (1, 2, 3, 4))]

    def draw(self, title: str, note: Note) -> Mapping[str, bytes]:
        return {"regression.png": render(plot_regression(self.predicted, self.true, self.names, title, note), "png")}


def _format_share(value: float | None) -> str:
    return "–" if value is None else f"{value:.4f}"


class RegressionMeter(Meter):
    """Collects outputs and targets B×K, both in standard deviations."""

    def __init__(self, loss: Loss, names: tuple[str, ...], units: Units) -> None:
        super().__init__(loss)
        self._names, self._units = names, units
        self._outputs, self._targets = list[Tensor](), list[Tensor]()

    def _count(self, outputs: Tensor, targets: Tensor) -> None:
        self._outputs.append(outputs)
        self._targets.append(targets)

    def compute(self) -> RegressionResults:
        units = self._units.double()
        predicted, true = (units(torch.cat(each).cpu().double()) for each in (self._outputs, self._targets))
        return RegressionResults(self.mean_loss(), self._names, predicted, true)
