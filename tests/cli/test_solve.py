"""`specnet solve` as a user meets it: the value, what it costs, what nothing can meet."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import pytest
from paths import ROOT

from specnet.cli import main

SPEC = """net Solve
let width = 32
let depth = 2
let alpha = 1.0
let gate = yes
let word = "text"
let idle = 4
let below = 0-3
input 16x16x8
conv K=width F=3 P=1 G=8 => 16x16x32
repeat depth { conv K=width F=3 P=1 }
conv K=floor(64*alpha) F=1
pool avg global
fc 10
expect macs == 1
"""


@pytest.fixture(autouse=True)
def spec(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.net").write_text(SPEC, encoding="utf-8")


def solve(capsys: pytest.CaptureFixture[str], *words: str) -> Any:
    code = main(["solve", "a.net", "--format", "json", "--let", *words])
    return json.loads(capsys.readouterr().out) | {"code": code}


def test_the_page_shows_what_is_printed(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    page = (ROOT / "docs/budgets.md").read_text(encoding="utf-8")
    Path("small.net").write_text(page.partition("```net\n")[2].partition("```")[0], encoding="utf-8")
    command, _, shown = page.partition("```console\n$ specnet ")[2].partition("```")[0].partition("\n")
    assert main(command.split()) == 0
    assert capsys.readouterr().out == shown


def measure(capsys: pytest.CaptureFixture[str], setting: str, quantity: str) -> int:
    """Measure the network with a value, by a check of it."""
    main(["check", "a.net", "--format", "json", "--set", setting])
    totals = json.loads(capsys.readouterr().out)["totals"]
    return int(totals[quantity])


@pytest.mark.parametrize(
    ("name", "budget", "step"),
    [("width", "parameters=100k", 8), ("width", "memory=1MB", 8), ("depth", "macs=20M", 1), ("alpha", "macs=9M", 0.01)],
)
def test_a_check_of_the_value_and_of_the_next_one_agrees(
    capsys: pytest.CaptureFixture[str], name: str, budget: str, step: float
) -> None:
    Path("a.net").write_text(SPEC.replace(" => 16x16x32", "").replace("expect macs == 1\n", ""), encoding="utf-8")
    found = solve(capsys, name, "--budget", budget)
    ((quantity, most),) = found["budgets"].items()
    assert found["code"] == 0
    assert found["step"] == step
    assert measure(capsys, f"{name}={found['value']}", quantity) == found["quantities"][quantity] <= most
    following = found["next"]
    assert following["value"] == pytest.approx(found["value"] + step)
    assert measure(capsys, f"{name}={following['value']}", quantity) == following["quantities"][quantity] > most


def test_the_command_checks_the_value(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--budget", "macs=30M", "--budget", "training_memory=1GiB", "--set", "depth=3", "--input", "32x32x8"]
    assert main(["solve", "a.net", "--let", "width", *words]) == 0
    *_, command = capsys.readouterr().out.splitlines()
    assert command.startswith("specnet check a.net --input 32x32x8 --set depth=3 --set width=")
    Path("a.net").write_text(SPEC.replace(" => 16x16x32", "").replace("expect macs == 1\n", ""), encoding="utf-8")
    assert main(shlex.split(command)[1:]) == 0


def test_flops_are_twice_the_macs(capsys: pytest.CaptureFixture[str]) -> None:
    by_macs, by_flops = (solve(capsys, "width", "--budget", each) for each in ("macs=30M", "flops=60M"))
    assert by_macs["value"] == by_flops["value"]
    assert by_flops["quantities"]["flops"] == 2 * by_flops["quantities"]["macs"]


def test_a_budget_that_nothing_meets(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["solve", "a.net", "--let", "width", "--budget", "parameters=1k"]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "no value of `width` is within the budget\n" in captured.err
    assert "\n  parameters: the least is 2,474, at width=8; the budget is 1k\n" in captured.err
    found = solve(capsys, "width", "--budget", "parameters=1k")
    assert (found["code"], found["value"], found["command"]) == (1, None, None)
    assert found["smallest"] == {"parameters": {"value": 8, "quantity": 2474}}


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (
            ["--let", "widht", "--budget", "macs=1M"],
            2,
            "the spec has no `let widht`; did you mean `width`?",
        ),
        (["--let", "zzz", "--budget", "macs=1M"], 2, "there are width, depth, alpha, gate, word, idle, below"),
        (["--let", "gate", "--budget", "macs=1M"], 2, "only a number can be searched for, and it is yes or no"),
        (["--let", "word", "--budget", "macs=1M"], 2, "only a number can be searched for, and it is a text"),
        (["--let", "below", "--budget", "macs=1M"], 2, "a search begins at a number from 0 on, and it is -3"),
        (["--let", "idle", "--budget", "macs=9G"], 2, "`idle` changes none of macs, tried at 12 values from 4 to "),
        (["--let", "width", "--budget", "macs"], 2, "--budget macs: write QUANTITY=VALUE, such as macs=600M"),
        (["--let", "width", "--budget", "mac=1M"], 2, "there is no quantity `mac`; did you mean `macs`?"),
        (["--let", "width", "--budget", "latency=1M"], 2, "there is no quantity `latency`; there are parameters, macs"),
        (["--let", "width", "--budget", "vram=1GB"], 2, "did you mean `training_memory`?"),
        (["--let", "width", "--budget", "macs=1GB"], 2, "`macs` is a number, not a size in bytes"),
        (["--let", "width", "--budget", "macs=some"], 2, "`some` is not a number above 0, such as 600M or 2GB"),
        (["--let", "width", "--budget", "macs=0"], 2, "`0` is not a number above 0"),
        (["--let", "width", "--budget", "macs=-1"], 2, "`-1` is not a number above 0"),
        (["--let", "width", "--budget", "macs=1e999"], 2, "`1e999` is not a number above 0"),
        (["--let", "width", "--budget", "macs=1M", "--budget", "macs=2M"], 2, "`macs` has a budget already"),
        (["--let", "width", "--budget", "macs=1M", "--set", "nothing=3"], 2, "the spec has no `let nothing`"),
        (["--let", "width"], 2, "--budget"),
        (["--budget", "macs=1M"], 2, "--let"),
    ],
)
def test_what_cannot_be_searched_for(
    capsys: pytest.CaptureFixture[str], words: list[str], code: int, message: str
) -> None:
    assert main(["solve", "a.net", *words]) == code
    captured = capsys.readouterr()
    assert captured.out == ""
    assert message in captured.err


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("let width = 3\ninput 8x8x3\nconvv K=width F=3\n", "error[E101]"),
        ("let width = 3\ninput 8x8x3\nconv K=( F=3\n", "error[E003]"),
        ("let width = 3\nblock b() { relu }\n", "holds blocks alone, and no network"),
    ],
)
def test_a_spec_that_is_broken_at_every_value(capsys: pytest.CaptureFixture[str], text: str, message: str) -> None:
    Path("a.net").write_text(text, encoding="utf-8")
    assert main(["solve", "a.net", "--let", "width", "--budget", "macs=1M"]) == 1
    assert message in capsys.readouterr().err


def test_a_spec_that_is_broken_at_its_own_value(capsys: pytest.CaptureFixture[str]) -> None:
    Path("a.net").write_text(SPEC.replace("width = 32", "width = 33"), encoding="utf-8")
    assert solve(capsys, "width", "--budget", "macs=30M")["value"] % 8 == 0


def test_a_search_for_more_layers_than_there_may_be_ends(capsys: pytest.CaptureFixture[str]) -> None:
    Path("a.net").write_text("let n = 2\ninput 8x8x3\nrepeat n { conv K=3 F=3 P=1 }\n", encoding="utf-8")
    found = solve(capsys, "n", "--budget", "macs=900G")
    assert found["value"] <= 20_000
