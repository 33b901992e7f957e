"""`specnet.sweep` and `specnet.resume_sweep`: their arguments, and what they return."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import specnet
from specnet.sweeps.plan import read_plan
from specnet.sweeps.processes import Pool
from specnet.training.errors import Interrupted

SPEC = """net Tiny
let width = 2
input 8x8x1
conv K=width F=3 P=1 -> relu -> pool max F=4 -> fc 10
train { data digits
epochs 1 }
"""


@pytest.mark.parametrize(
    ("arguments", "error", "said"),
    [
        ({"vary": ["width"]}, TypeError, "`vary` is a dictionary of lists by name"),
        ({"vary": {"width": 3}}, TypeError, '`vary["width"]` is a list of values, or a text, not 3'),
        ({"vary": {"width": []}}, ValueError, "`vary` of width: write NAME=A,B"),
        ({"vary": {"width": [1, 1]}}, ValueError, "the value 1 stands there twice"),
        ({"vary": {"width": "log(1,8)"}}, ValueError, 'of which a sample has to be drawn: `sample="N"`'),
        ({"seeds": 0}, ValueError, "`seeds` is a whole number from 1, not 0"),
        ({"jobs": "two"}, TypeError, "`jobs` is a whole number from 1, not 'two'"),
        ({"width": 3}, ValueError, "there is no option `width`"),
        ({"lr": 3}, ValueError, "it is a setting"),
        ({"data": ()}, ValueError, "processes of their own, which `data` of this one does not reach"),
        ({"processes": 2}, specnet.TrainingError, "a sweep trains each run in one process"),
        ({"vary": {"widht": [1]}}, specnet.OverrideError, "did you mean `width`"),
        ({"vary": {"width": [0, 1]}}, specnet.SpecNetError, "1 of 2 variants cannot be trained"),
        ({"settings": {"width": 1}}, ValueError, "width is varied and set"),
    ],
)
def test_bad_arguments(tmp_path: Path, arguments: dict[str, Any], error: type[Exception], said: str) -> None:
    with pytest.raises(error) as raised:
        specnet.sweep(SPEC, **{"vary": {"width": [2, 4]}, "run": tmp_path / "sweep", **arguments})
    assert said in str(raised.value)
    assert not (tmp_path / "sweep").exists()


def test_the_plan_of_a_sweep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first sweep is stopped before its first run, and the second goes on with its plan."""
    planned: list[list[str]] = []

    def stop(pool: Pool, folders: list[str]) -> None:
        planned.append(folders)
        pool.signal = 2

    monkeypatch.setattr(Pool, "run", stop)
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    folder = tmp_path / "sweep"
    vary = {"width": [2, 4, 8], "optimizer.lr": "log(1e-4,1e-2)"}
    with pytest.raises(Interrupted):
        specnet.sweep(SPEC, vary, {"epochs": 2}, seeds=2, sample=4, jobs=2, run=folder, skip_bad=True)
    plan = read_plan(folder)
    assert (plan.jobs, plan.threads, plan.seeds, plan.options) == (2, 3, 2, {"skip_bad": True})
    assert plan.vary == {"width": ("2", "4", "8"), "optimizer.lr": "log(0.0001,0.01)"}
    assert len(plan.runs) == 8
    assert all([*run.settings] == ["epochs", "width", "optimizer.lr", "seed"] for run in plan.runs)
    assert [run.settings["seed"] for run in plan.runs] == ["0", "1"] * 4
    with pytest.raises(Interrupted):
        specnet.resume_sweep(folder, jobs=1)
    assert planned[0] == planned[1] == [run.folder for run in plan.runs]


@pytest.mark.slow
def test_a_sweep_from_python(tmp_path: Path) -> None:
    sweep = specnet.sweep(
        SPEC, {"optimizer.lr": [0.05, 1e-9]}, {"split.validation": 0.2}, run=tmp_path / "sweep", jobs=2
    )
    assert [group.settings["optimizer.lr"] for group in sweep.groups] == ["0.05", "1e-9"]
    assert sweep.best
    assert sweep.best == sweep.groups[0]
    assert (len(sweep.entries), sweep.failures, sweep.left) == (2, {}, 0)
    assert repr(sweep).startswith("Sweep(")
    bundle = sweep._repr_mimebundle_()
    assert bundle["image/png"][:4] == b"\x89PNG"
    assert specnet.resume_sweep(tmp_path / "sweep").groups == sweep.groups
