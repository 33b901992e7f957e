"""The rates that are recorded are those that the optimizer uses, group by group."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
import torch
from small_jobs import Notebook, job, training
from torch import nn

from specnet.attributes import Multiple
from specnet.settings.epochs import Epochs
from specnet.settings.group import Group
from specnet.settings.optimizer import Muon, Optimizer, Sgd
from specnet.settings.schedule import Step
from specnet.training import LayerInfo, Options, train
from specnet.training.optim.optimizers import LearningRates, build_optimizer

LAYERS = {"0": LayerInfo(("fc",)), "1": LayerInfo(("fc",))}


def rates(*groups: Group, setting: Optimizer | None = None, factor: float = 1.0, epoch: float = 0.0) -> LearningRates:
    setting = setting or Sgd(lr=0.1)
    module = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    optimizer = build_optimizer(setting, groups, module, LAYERS, torch.device("cpu"))
    return LearningRates(setting.lr, factor, epoch, optimizer.param_groups)


def test_a_group_of_all_parameters_has_a_rate_of_its_own() -> None:
    found = rates(Group(pattern="fc", lr=Multiple(0.5)), factor=0.5)
    assert found.base == 0.05
    assert found.by_group == {"fc": 0.025}
    found.apply()
    assert [group["lr"] for group in found.groups] == [0.025]


@pytest.mark.parametrize(
    ("groups", "expected"),
    [
        ((), {}),
        ((Group(pattern="bias", weight_decay=0.0),), {}),
        ((Group(pattern="bias", lr=0.2),), {"default": 0.1, "bias": 0.2}),
        (
            (Group(pattern="0", lr=0.2), Group(pattern="bias", lr=0.3)),
            {"0": 0.2, "0+bias": 0.3, "default": 0.1, "bias": 0.3},
        ),
        ((Group(pattern="0", until=1.0),), {"0": 0.0, "default": 0.1}),
    ],
)
def test_rates_by_group(groups: tuple[Group, ...], expected: dict[str, float]) -> None:
    assert rates(*groups, epoch=1.0).by_group == expected


def test_muon_moves_biases_by_adamw() -> None:
    assert rates(setting=Muon(lr=0.02, adamw_lr=0.001), factor=0.5).by_group == {"default": 0.01, "adamw": 0.0005}


def test_a_run_records_the_rate_of_each_group(tmp_path: Path) -> None:
    settings = training(
        optimizer=Sgd(lr=0.1),
        schedule=Step(every=1),
        group=(Group(pattern="9", lr=Multiple(0.5)),),
        epochs=Epochs(count=2),
    )
    notebook = Notebook()
    run = train(job(settings), Options(run=tmp_path / "run"), notebook)
    lines = [json.loads(line) for line in (run.folder / "metrics.jsonl").read_text().splitlines()]
    assert [line["learning_rate"] for line in lines] == pytest.approx([0.1, 0.01])
    assert [line["learning_rates"]["9"] for line in lines] == pytest.approx([0.05, 0.005])
    assert [line["learning_rates"]["default"] for line in lines] == pytest.approx([0.1, 0.01])
    with (run.folder / "metrics.csv").open() as file:
        assert [float(row["learning_rates.9"]) for row in csv.DictReader(file)] == pytest.approx([0.05, 0.005])
    assert notebook.progresses[0].learning_rates == pytest.approx({"default": 0.1, "9": 0.05})
