"""A run that is stopped and resumed ends with the same bits as one that is not."""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from small_jobs import Notebook, training
from small_jobs import job as small_job
from small_sets import CLASSIFY

from specnet.settings import Training
from specnet.settings.augment import Contrast, Cutmix, Cutout, Flip, Mixup, RandomCrop, Rotate, Shift
from specnet.settings.average import Ema, Lookahead
from specnet.settings.batch import Batch
from specnet.settings.epochs import Epochs
from specnet.settings.group import Group
from specnet.settings.optimizer import Adam, Muon, RmsProp, Sgd
from specnet.settings.schedule import OneCycle, Plateau
from specnet.settings.stop import Stop
from specnet.training import (
    BadRun,
    CannotRun,
    Interrupted,
    Job,
    Metrics,
    Options,
    Progress,
    Run,
    read_run_config,
    resume,
    train,
)
from specnet.training.distributed.single_process import compute_share
from specnet.training.engine import loop
from specnet.training.engine.state import RunningMetrics, State
from specnet.training.tasks.classify import ClassificationMetrics

needs_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")

TIMES = {"seconds", "images_per_second"}


@pytest.fixture(autouse=True)
def _looks_at_every_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "REPORT_INTERVAL", 0.0)
    monkeypatch.setattr("specnet.training.run.write_curves", lambda *arguments: None)
    monkeypatch.setattr(ClassificationMetrics, "draw", lambda *arguments: {})


def job(settings: Training | None = None) -> Job:
    """That of all tests, with a pool whose way back is the same every time on a GPU, too."""
    small = small_job(settings)
    small.module.register_module("6", torch.nn.AvgPool2d(2))
    return small


class Stopping(Notebook):
    """Sends this process a signal when it is told of a certain moment."""

    def __init__(self, moment: Callable[[Progress], bool]) -> None:
        super().__init__()
        self._moment = moment

    def on_progress(self, progress: Progress) -> None:
        super().on_progress(progress)
        if self._moment(progress):
            signal.raise_signal(signal.SIGINT)


def step(number: int) -> Callable[[Progress], bool]:
    """The moment after a step (from 1) of five an epoch."""
    return lambda at: at.stage == "training" and (at.epoch - 1) * 5 + at.done == number


def measuring(part: str, epoch: int) -> Callable[[Progress], bool]:
    return lambda at: at.stage == part and at.epoch == epoch


def go_on(folder: Path, settings: Training, callback: Notebook | None = None) -> Run:
    begun = read_run_config(folder)
    assert begun.training == settings
    return resume(begun, job(begun.training), begun.options, callback)


def lines(callback: Notebook) -> list[dict[str, Any]]:
    return [_timeless(metrics) for metrics in callback.epochs]


def _timeless(metrics: Metrics) -> dict[str, Any]:
    return {name: value for name, value in metrics.items() if name not in TIMES}


def same_weights(one: Path, other: Path) -> bool:
    a, b = (load_file(folder / "model.safetensors") for folder in (one, other))
    return a.keys() == b.keys() and all(a[name].equal(b[name]) for name in a)


@pytest.mark.parametrize("device", ["cpu", pytest.param("cuda", marks=needs_gpu)])
@pytest.mark.parametrize(
    ("precision", "recipe"),
    [
        (
            "fp32",
            {"optimizer": Sgd(lr=0.1, momentum=0.9, nesterov=True), "augment": (RandomCrop(pad=1), Flip(), Contrast())},
        ),
        ("bf16", {"optimizer": Adam(), "augment": (Rotate(), Cutmix(), Mixup()), "average": Ema(decay=0.9)}),
        (
            "fp32",
            {
                "optimizer": Muon(momentum=0.9, nesterov=True, clip=1.0),
                "augment": (Shift(pixels=1), Flip(alternating=True), Cutout(size=2)),
                "average": Lookahead(every=2, decay=0.8, rise=1),
                "group": (Group(pattern="0", until=1.5),),
                "batch": Batch(size=256, accumulate=2),
            },
        ),
        ("fp16", {"optimizer": Sgd(lr=0.1, momentum=0.9, clip=1.0)}),
        ("fp32", {"optimizer": RmsProp(momentum=0.5), "schedule": Plateau(patience=1, decay=0.5)}),
    ],
)
def test_stopped_anywhere_it_ends_the_same(tmp_path: Path, precision: Any, recipe: dict[str, Any], device: str) -> None:
    settings = training(**{"epochs": Epochs(count=2.5), "schedule": OneCycle(), **recipe})
    options = Options(precision=precision, device=device, deterministic=device == "cuda")
    whole = Notebook()
    train(job(settings), replace(options, run=tmp_path / "whole"), whole)
    for moment in (step(1), step(4), step(5), measuring("validation", 2), step(8), measuring("test", 3)):
        folder = tmp_path / "stopped"
        first, second = Stopping(moment), Notebook()
        with pytest.raises(Interrupted) as interrupted:
            train(job(settings), replace(options, run=folder), first)
        assert interrupted.value.exit_code == 130
        run = go_on(folder, settings, second)
        assert lines(first) + lines(second) == lines(whole)
        assert same_weights(folder, tmp_path / "whole")
        assert run.summary["best_epoch"] in (1, 2, 3)
        shutil.rmtree(folder)


def test_a_fused_optimizer_s_count_of_steps_lies_on_the_device() -> None:
    """The device is torch's meta device here; on a GPU, torch's fused Adam refuses a count that lies elsewhere."""
    states = []
    for place in (torch.device("cpu"), torch.device("meta")):
        module = torch.nn.Linear(2, 3, device=place)
        states.append(State(module, torch.optim.Adam(module.parameters()), RunningMetrics.zero(CLASSIFY, place)))
    trained, resumed = states
    trained.module(torch.ones(1, 2)).sum().backward()
    trained.optimizer.step()
    for group, fused in (({}, "cpu"), ({"fused": True}, "meta")):
        resumed.optimizer.param_groups[0].update(group)
        with pytest.warns(UserWarning, match="is a no-op"):  # a meta device keeps no values
            resumed.unpack(trained.pack())
        for slots in resumed.optimizer.state.values():
            assert (slots["step"].device.type, slots["exp_avg"].device.type) == (fused, "meta")


def test_a_checkpoint_from_before_there_were_tasks(tmp_path: Path) -> None:
    """Its count of right images has another name."""
    module = torch.nn.Linear(2, 3)
    states = [
        State(module, torch.optim.Adam(module.parameters()), RunningMetrics.zero(CLASSIFY, torch.device("cpu")))
        for _ in "ab"
    ]
    states[0].count(torch.tensor(0.5), torch.eye(3), torch.tensor([0, 1, 0]))
    states[0].finish_step(compute_share(0, 1, 3))
    saved = states[0].pack()
    saved.tensors["sums.correct"] = saved.tensors.pop("sums.measure").long()
    states[1].unpack(saved)
    assert states[1].running.mean_measure() == states[0].running.mean_measure() == 2 / 3


def test_the_best_and_the_patience_are_not_forgotten(tmp_path: Path) -> None:
    settings = training(optimizer=Sgd(lr=0.5, momentum=0.9), epochs=Epochs(count=30), stop=Stop(patience=3))
    whole = train(job(settings), Options(run=tmp_path / "whole"))
    assert whole.summary["epochs"] == whole.summary["best_epoch"] + 3 < 30
    with pytest.raises(Interrupted):
        train(job(settings), Options(run=tmp_path / "stopped"), Stopping(step(whole.summary["epochs"] * 5 - 2)))
    resumed = go_on(tmp_path / "stopped", settings)
    assert _settled(resumed) == _settled(whole)
    assert same_weights(tmp_path / "stopped", tmp_path / "whole")


def _settled(run: Run) -> dict[str, Any]:
    return _timeless(run.summary)


def test_a_finished_run_stays_as_it_is(tmp_path: Path) -> None:
    settings = training()
    run = train(job(settings), Options(run=tmp_path / "run"))
    callback = Notebook()
    again = go_on(tmp_path / "run", settings, callback)
    assert callback.epochs == []
    assert _settled(again) == _settled(run)


def test_a_run_that_was_killed_before_its_first_checkpoint_begins_anew(tmp_path: Path) -> None:
    settings = training()
    train(job(settings), Options(run=tmp_path / "whole"))
    shutil.copytree(tmp_path / "whole", tmp_path / "killed")
    for path in (tmp_path / "killed/checkpoint").iterdir():
        path.unlink()
    go_on(tmp_path / "killed", settings)
    assert same_weights(tmp_path / "killed", tmp_path / "whole")


@pytest.mark.parametrize("suffix", [".safetensors", ".json"])
def test_a_damaged_checkpoint_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str) -> None:
    monkeypatch.setattr("specnet.training.engine.loop.EPOCH_SAVE_INTERVAL", 0.0)
    settings = training(epochs=Epochs(count=3))
    with pytest.raises(Interrupted):
        train(job(settings), Options(run=tmp_path / "run"), Stopping(step(12)))
    newest = max((tmp_path / "run/checkpoint").glob(f"*{suffix}"))
    content = bytearray(newest.read_bytes())
    content[len(content) // 2] ^= 1
    newest.write_bytes(content)
    callback = Notebook()
    go_on(tmp_path / "run", settings, callback)
    assert "damaged; going back to the one before" in "\n".join(callback.notes)
    train(job(settings), Options(run=tmp_path / "whole"))
    assert same_weights(tmp_path / "run", tmp_path / "whole")


def test_a_run_whose_checkpoints_are_all_damaged_does_not_begin_anew(tmp_path: Path) -> None:
    settings = training(epochs=Epochs(count=3))
    with pytest.raises(Interrupted):
        train(job(settings), Options(run=tmp_path / "run"), Stopping(step(12)))
    for path in (tmp_path / "run/checkpoint").glob("*.safetensors"):
        path.write_bytes(path.read_bytes()[:-1])
    before = sorted((path.name, path.read_bytes()) for path in (tmp_path / "run").glob("*.*"))
    with pytest.raises(BadRun, match="there is none before it"):
        go_on(tmp_path / "run", settings)
    assert sorted((path.name, path.read_bytes()) for path in (tmp_path / "run").glob("*.*")) == before


def test_two_checkpoints_are_kept_and_no_leftovers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("specnet.training.engine.loop.STEP_SAVE_INTERVAL", 0.0)
    settings = training()
    with pytest.raises(Interrupted):
        train(job(settings), Options(run=tmp_path / "run"), Stopping(step(7)))
    checkpoints = tmp_path / "run/checkpoint"
    before, last = sorted(path.name for path in checkpoints.glob("*.json"))
    assert before < last == "000000007.json"  # none is begun at a step where the one before is still being written
    (checkpoints / ".000000008.safetensors.tmp").touch()
    go_on(tmp_path / "run", settings)
    assert sorted(path.suffix for path in checkpoints.iterdir()) == [".json", ".json", ".safetensors", ".safetensors"]


def test_another_network_is_refused(tmp_path: Path) -> None:
    train(job(), Options(run=tmp_path / "run"))
    begun = read_run_config(tmp_path / "run")
    with pytest.raises(BadRun, match="not the network that this run trains"):
        resume(begun, replace(job(), digest="sha256:other"), begun.options)


def test_no_run_to_resume(tmp_path: Path) -> None:
    with pytest.raises(CannotRun, match="holds no run"):
        read_run_config(tmp_path)


def test_a_clock_that_is_set_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Durations are measured by a clock that nobody sets, and the newest checkpoint is the one of the latest step."""
    settings = training(epochs=Epochs(count=2))
    train(job(settings), Options(run=tmp_path / "whole"))
    with pytest.raises(Interrupted):
        train(job(settings), Options(run=tmp_path / "run"), Stopping(step(6)))
    for file in (tmp_path / "run/checkpoint").iterdir():
        os.utime(file, (2**31, 2**31))
    monkeypatch.setattr(time, "time", lambda: 0.0)
    run = go_on(tmp_path / "run", settings)
    assert same_weights(tmp_path / "run", tmp_path / "whole")
    assert run.summary["seconds"] > 0


def test_interrupted_before_the_first_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*arguments: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("specnet.training.run.assemble", interrupted)
        with pytest.raises(Interrupted, match="its configuration is saved in") as error:
            train(job(training()), Options(run=tmp_path / "run"))
    assert error.value.exit_code == 130
    assert go_on(tmp_path / "run", training(), Notebook()).summary["epochs"] == 2
