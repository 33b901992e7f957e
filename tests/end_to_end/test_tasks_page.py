"""docs/tasks.md has a row and a spec for each task, and its specs are sound."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from paths import ROOT
from small_sets import write_mnist

import specnet
from specnet.compiler import Checked, check_source
from specnet.settings import get_choice, get_choices
from specnet.settings.loss import CHOICES
from specnet.source import Source

PAGE = (ROOT / "docs" / "tasks.md").read_text(encoding="utf-8")
SPECS = re.findall(r"^```net\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("task", get_choices("task"))
def test_the_table_has_each_task_with_its_metric_and_its_losses(task: str) -> None:
    setting = get_choices("task")[task]()
    row = re.search(rf"^\| `{task}` \|(.*)$", PAGE, re.MULTILINE)
    assert row, f"the table lacks {task}"
    assert row[1].split("|")[-2].strip() == setting.metric.title
    fitting = {word for word, loss in CHOICES.items() if setting.target in loss.targets}
    assert set(re.findall(r"`(\w+)`", row[1].split("|")[2])) == fitting


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.split()[1])
def test_its_specs_are_sound(spec: str) -> None:
    checked = _check(spec)
    assert checked.ok and not [each for each in checked.diagnostics if each.code.name.startswith("W")]


def test_each_task_but_the_default_has_a_spec() -> None:
    trained = [training for spec in SPECS if (training := _check(spec).network.training)]
    named = {get_choice("task", training.task) for training in trained}
    assert named >= set(get_choices("task")) - {"classify"}


@pytest.mark.torch
@pytest.mark.parametrize("spec", [spec for spec in SPECS if " mnist\n" in spec], ids=lambda spec: spec.split()[1])
def test_its_specs_for_mnist_train(spec: str, tmp_path: Path) -> None:
    write_mnist(tmp_path, train=40, test=10)
    settings = {"split.validation": 10, "epochs": 1, "batch": 15}
    run = specnet.train(spec, settings, run=tmp_path / "run", data_dir=tmp_path)
    assert run.summary[f"test_{run.summary['metric']['name']}"] is not None


def _check(spec: str) -> Checked:
    return check_source(Source("tasks.md", spec))
