"""`specnet runs`: a table of finished, interrupted and failed runs, and their curves."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
from PIL import Image
from small_runs import Call

from specnet.cli.runs import HEADS
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
    heads, *rows = (re.split(r"\s{2,}", line) for line in out.splitlines())
    assert code == 0
    assert heads == list(HEADS)
    assert [row[0] for row in rows] == ["a-finished", "b-interrupted", "c-failed"]
    assert [row[-1] for row in rows] == ["finished", "interrupted", "failed"]
    assert [row[4:7] for row in rows] == [
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
    _, *rows = (re.split(r"\s{2,}", line) for line in call("runs")[1].splitlines())
    assert [row[2] for row in rows] == ["optimizer.lr=0.1", "–", "–"]
    found = json.loads(call("runs", "--format", "json")[1])["runs"]
    assert found[0]["settings"] == {"width": "6", "optimizer.lr": "0.1"}
    assert found[0]["macs"] == 8 * 8 * 27 * 6 + 4 * 4 * 6 * 24 + 24 * 3


def test_a_run_that_is_misspelt(runs: Path, call: Call) -> None:
    code, _, err = call("evaluate", "runs/a-finishd")
    assert (code, err) == (2, "error: there is no run runs/a-finishd; did you mean runs/a-finished?\n")


def test_one_run(run: Path, call: Call) -> None:
    assert len(call("runs", run)[1].splitlines()) == 2


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


def test_curves(runs: Path, call: Call) -> None:
    code, _, err = call("runs", "-o", "curves.png")
    assert (code, "wrote curves.png" in err) == (0, True)
    with Image.open("curves.png") as picture:
        assert picture.width > 1000


def test_one_that_is_going_on(runs: Path, call: Call) -> None:
    with files.lock_folder(runs / "b-interrupted"):
        assert "running" in call("runs")[1].splitlines()[2]


def test_nothing_there(tmp_path: Path, call: Call) -> None:
    assert call("runs", tmp_path)[:2] == (0, "")
    assert call("runs", tmp_path / "nowhere")[0] == 2
    assert call("runs", tmp_path, "-o", "x.gif")[0] == 2
    assert call("runs", tmp_path, "-o", "x.png")[0] == 1
