"""`specnet runs`: a table of finished, interrupted and failed runs, and their curves."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
from PIL import Image
from small_runs import Call

from specnet.training import files


@pytest.fixture
def runs(run: Path, trained: Path) -> Path:
    """A finished run, one that was interrupted, one that failed, a damaged one, and a folder of something else."""
    home = Path("runs")
    for name in ("a-finished", "b-interrupted", "c-failed", "d-damaged"):
        shutil.copytree(run, home / name)
    for name in ("b-interrupted", "c-failed"):
        (home / name / "summary.json").unlink()
    (home / "c-failed/failure.json").write_text("{}")
    (home / "c-failed/metrics.jsonl").unlink()
    (home / "d-damaged/config.json").write_text('{"name": 3}')
    (home / "foreign").mkdir()
    (home / "notes.txt").touch()
    return home


def test_a_table(runs: Path, call: Call) -> None:
    code, out, err = call("runs")
    heads, _, *rows = (re.split(r"\s{2,}", line) for line in out.partition("\n\n")[0].splitlines())
    assert code == 0
    assert heads == [
        "run",
        "network",
        "started",
        "epochs",
        "validation",
        "test",
        "parameters",
        "MACs",
        "images/s",
        "state",
    ]
    assert [row[0] for row in rows] == ["a-finished", "b-interrupted", "c-failed"]
    assert [row[-1] for row in rows] == ["finished", "interrupted", "failed"]
    assert [row[3:6] for row in rows] == [
        ["30 of 30", "100.00%", "100.00%"],
        ["30 of 30", "100.00%", "–"],
        ["0 of 30", "–", "–"],
    ]
    assert "passed over: runs/d-damaged/config.json is damaged" in err
    assert "passed over: runs/foreign holds no run" in err


def test_json(runs: Path, call: Call) -> None:
    code, out, _ = call("runs", runs, "--format", "json")
    found = json.loads(out)["runs"]
    assert code == 0
    assert [entry["state"] for entry in found] == ["finished", "interrupted", "failed"]
    assert found[0]["test_accuracy"] == 1.0
    assert found[0]["run"] == "runs/a-finished"


def test_what_tells_runs_apart_is_shown(runs: Path, call: Call) -> None:
    for name, overrides in (("a-finished", {"width": "6", "optimizer.lr": "0.1"}), ("b-interrupted", {"width": "6"})):
        config = json.loads((runs / name / "config.json").read_text())
        config["options"]["overrides"] = overrides
        (runs / name / "config.json").write_text(json.dumps(config))
    table = call("runs")[1].partition("\n\n")[0]
    heads, _, *rows = (re.split(r"\s{2,}", line) for line in table.splitlines())
    assert [row[heads.index("optimizer.lr")] for row in rows] == ["0.1", "0.01", "0.01"]
    assert "width" not in heads
    found = json.loads(call("runs", "--format", "json")[1])["runs"]
    assert found[0]["settings"] == {"width": "6", "optimizer.lr": "0.1"}
    assert found[0]["macs"] == 8 * 8 * 27 * 6 + 4 * 4 * 6 * 24 + 24 * 3


def test_a_run_that_is_misspelt(runs: Path, call: Call) -> None:
    code, _, err = call("evaluate", "runs/a-finishd")
    assert (code, err) == (2, "error: there is no run runs/a-finishd; did you mean runs/a-finished?\n")


def test_one_run(run: Path, call: Call) -> None:
    assert len(call("runs", run)[1].splitlines()) == 3


def test_repetitions(runs: Path, call: Call) -> None:
    for number, accuracy in enumerate((0.9, 0.94), 1):
        again = shutil.copytree(runs / "a-finished", runs / f"e-{number}")
        config, summary = (json.loads((again / name).read_text()) for name in ("config.json", "summary.json"))
        config["training"]["seed"]["value"] = number
        (again / "config.json").write_text(json.dumps(config))
        summary |= {"test_accuracy": accuracy, "validation_accuracy": None}
        (again / "summary.json").write_text(json.dumps(summary))
    other = shutil.copytree(runs / "e-2", runs / "f-other")
    config["training"]["epochs"]["count"] = 3
    (other / "config.json").write_text(json.dumps(config))
    table, said = call("runs")[1].split("\n\n")
    assert "f-other" in table
    assert said == (
        "mean ± standard deviation over 3 runs of Tiny width=6 that differ in seed or fold: test 94.67% ± 5.03%\n"
    )


@pytest.mark.usefixtures("drawn_figures")
def test_curves(runs: Path, call: Call) -> None:
    code, _, err = call("runs", "-o", "curves.png")
    assert (code, "wrote curves.png" in err) == (0, True)
    with Image.open("curves.png") as picture:
        assert picture.width > 1000


def test_one_that_is_going_on(runs: Path, call: Call) -> None:
    with files.lock_folder(runs / "b-interrupted"):
        assert "running" in call("runs")[1].splitlines()[3]


def test_margins_of_error_are_stated_for_few_images(runs: Path, call: Call) -> None:
    _, _, err = call("runs", runs / "a-finished")
    assert "with 9 validation images, an accuracy of 100.00% has a 95 % confidence interval from 70.1% to 100.0%" in err
    low, high = json.loads(call("runs", "--format", "json")[1])["runs"][0]["validation_interval"]
    assert (round(low, 3), high) == (0.701, 1.0)


def test_some_of_the_runs_in_an_order(runs: Path, call: Call) -> None:
    def list_names(*words: str) -> list[str]:
        out = call("runs", "--columns", "run,state", "--format", "csv", *words)[1]
        return [line.split(",")[0].removeprefix("runs/")[0] for line in out.splitlines()[1:]]

    assert list_names("--sort", "state") == ["c", "a", "b"]
    assert list_names("--sort", "state", "--reverse") == ["b", "a", "c"]
    assert list_names("--where", "test=100%") == ["a"]
    assert list_names("--where", "epochs>0", "--where", "state!=finished") == ["b"]
    assert list_names("--where", "optimizer.lr=0.01", "--sort", "run") == ["a", "b", "c"]
    assert call("runs", "--where", "epochs>99")[1:] == (
        "",
        "passed over: runs/d-damaged/config.json is damaged or from another version: name: "
        "input should be a valid string\n"
        "passed over: runs/foreign holds no run: there is no runs/foreign/config.json\n"
        "there are no such runs in runs\n",
    )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--sort", "tset"], "--sort: there is no column `tset`; did you mean `test`?"),
        (["--where", "tset>1"], "--where: there is no column `tset`"),
        (["--where", "test"], "--where test: write a column, one of =, !=, <, <=, >, >=, and a value"),
        (["--columns", "run,"], "--columns: there is no column ``"),
        (["--against", "macs"], "--against goes with -o"),
        (["--against", "x", "-o", "x.png"], "--against: there is no column `x`"),
        (["--reverse"], "--reverse goes with --sort"),
        (["nowhere"], "there is no folder nowhere"),
    ],
)
def test_refusals(runs: Path, call: Call, words: list[str], said: str) -> None:
    code, out, err = call("runs", *words)
    assert (code, out) == (2, "")
    assert f"error: {said}" in err
    assert not Path("x.png").exists()


def test_tables_for_papers_and_programs(runs: Path, call: Call) -> None:
    assert call("runs", "--format", "markdown")[1].startswith("| run ")
    assert call("runs", "--format", "latex")[1].startswith("% runs\n\\begin{tabular}{lllrrrrrrl}")
    head, first, *_ = call("runs", "--format", "csv")[1].splitlines()
    assert head == "run,network,started,epochs,validation,test,parameters,macs,images_per_second,state"
    assert first.startswith("runs/a-finished,Tiny,20")


def test_runs_of_sweeps_and_of_several_folders(runs: Path, call: Call) -> None:
    (runs / "sweep").mkdir()
    shutil.move(runs / "a-finished", runs / "sweep/1-a")
    shutil.copytree(runs / "b-interrupted", "elsewhere/2-b")
    out = call("runs", "runs", "elsewhere", runs / "sweep", "--columns", "run", "--sort", "run", "--format", "csv")[1]
    assert out.splitlines() == ["run", "elsewhere/2-b", "runs/b-interrupted", "runs/c-failed", "runs/sweep/1-a"]


def test_where_weights_came_from_is_shown_if_it_differs(runs: Path, call: Call) -> None:
    config = json.loads((runs / "b-interrupted/config.json").read_text())
    config["options"] |= {"weights": "/data/w.pt", "freeze": ["conv*"]}
    (runs / "b-interrupted/config.json").write_text(json.dumps(config))
    out = call("runs", "--format", "csv")[1].splitlines()
    assert out[0].startswith("run,network,weights,freeze,started")
    assert out[2].startswith("runs/b-interrupted,Tiny,/data/w.pt,conv*,")


@pytest.mark.usefixtures("drawn_figures")
def test_the_metric_against_a_column(runs: Path, call: Call) -> None:
    code, _, err = call("runs", "-o", "scatter.svg", "--against", "macs")
    assert (code, "wrote scatter.svg" in err) == (0, True)
    assert "MACs" in Path("scatter.svg").read_text() or Path("scatter.svg").stat().st_size > 5000
    assert call("runs", "-o", "scatter.svg", "--against", "freeze")[0] == 1


def test_nothing_there(tmp_path: Path, call: Call) -> None:
    assert call("runs", tmp_path)[:2] == (0, "")
    assert call("runs", tmp_path / "nowhere")[0] == 2
    assert call("runs", tmp_path, "-o", "x.gif")[0] == 2
    assert call("runs", tmp_path, "-o", "x.png")[0] == 1
