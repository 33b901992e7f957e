"""The warning of running statistics that are far from those of a batch, of networks that learn digits."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from small_jobs import Notebook, job, training
from torch import nn

from specnet.settings.epochs import Epochs
from specnet.training import Options, train


class Shift(nn.Module):
    """Adds other constants to each of 32 units, far from the mean of 0 with which running statistics begin."""

    def forward(self, units: torch.Tensor) -> torch.Tensor:
        return units + torch.linspace(-100, 100, 32)


def make_network(momentum: float, has_bn: bool = True) -> nn.Module:
    parts = [Shift(), nn.BatchNorm1d(32, momentum=momentum)] if has_bn else []
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 32), *parts, nn.ReLU(), nn.Linear(32, 10))


@pytest.mark.parametrize(("momentum", "has_bn", "warnings"), [(1e-6, True, 1), (0.5, True, 0), (1e-6, False, 0)])
def test_statistics_that_lag_behind_are_named(momentum: float, has_bn: bool, warnings: int, tmp_path: Path) -> None:
    notebook = Notebook()
    asked = replace(job(training(epochs=Epochs(count=6), split=None)), module=make_network(momentum, has_bn))
    train(asked, Options(run=tmp_path / "run", precision="fp32"), notebook)
    notes = [note for note in notebook.notes if "running statistics" in note]
    assert len(notes) == warnings, notebook.notes
    assert all("on images of the training part as well" in note for note in notes)
