"""`specnet table`: networks and variants side by side."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from specnet.cli import main

Run = Callable[..., tuple[int, str, str]]

TEXT = """net V "of a width"
let width = 4
let gate = no
input 8x8x3
conv K=width F=3 P=1
if gate { mul { | identity | conv K=1 F=1 -> sigmoid } }
fc 10
train {
  data      cifar10
  optimizer sgd lr=0.1
}
"""


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command in a folder with the network `a.net`; gives the exit code, the output and the errors."""
    monkeypatch.chdir(tmp_path)
    Path("a.net").write_text(TEXT, encoding="utf-8")

    def run(*words: str) -> tuple[int, str, str]:
        return (main([*words]), *capsys.readouterr())

    return run


def test_a_row_per_network(run: Run) -> None:
    code, out, err = run("table", "resnet18", "resnet34", "vgg16")
    assert (code, err) == (0, "")
    head, _, *rows = out.splitlines()
    assert head.split() == ["network", "depth", "parameters", "MACs", "memory", "receptive", "field"]
    assert [row.split()[:4] for row in rows] == [
        ["ResNet18", "18", "11,689,512", "1,814,073,344"],
        ["ResNet34", "34", "21,797,672", "3,663,761,408"],
        ["VGG16", "16", "138,357,544", "15,470,264,320"],
    ]
    assert [row.split()[-1] for row in rows] == ["435", "899", "212"]


def test_a_row_per_variant_the_last_name_first(run: Run) -> None:
    words = (
        "table",
        "a.net",
        "--vary",
        "width=4,8",
        "--vary",
        "gate=no,yes",
        "--columns",
        "width,gate,depth,parameters",
    )
    code, out, err = run(*words, "--format", "csv")
    assert (code, err) == (0, "")
    weights = {4: 4 * 28 + 10 * (4 * 64 + 1), 8: 8 * 28 + 10 * (8 * 64 + 1)}
    assert [*csv.reader(io.StringIO(out))] == [
        ["width", "gate", "depth", "parameters"],
        ["4", "no", "2", str(weights[4])],
        ["4", "yes", "3", str(weights[4] + 5)],
        ["8", "no", "2", str(weights[8])],
        ["8", "yes", "3", str(weights[8] + 9)],
    ]


def test_claims_of_the_written_width_leave_the_others_their_numbers(run: Run) -> None:
    claims = TEXT.replace("P=1\n", "P=1 => 8x8x4\n", 1) + "expect parameters 2_682\n"
    Path("a.net").write_text(claims, encoding="utf-8")
    code, out, err = run("table", "a.net", "--vary", "width=4,8", "--format", "json")
    assert (code, err) == (0, "")
    assert [each["parameters"] for each in json.loads(out)["networks"]] == [2_682, 5_354]
    assert run("diff", "a.net", "a.net", "--set-left", "width=8")[0] == 1


def test_networks_of_one_name_are_told_apart_by_their_files(run: Run) -> None:
    Path("b.net").write_text(TEXT.replace("= 4", "= 5"), encoding="utf-8")
    out = run("table", "a.net", "b.net", "--vary", "input=8x8x3,9x9x3")[1]
    assert [line.split()[:2] for line in out.splitlines()] == [
        ["file", "input"],
        [out.splitlines()[1]],
        ["a.net", "8x8x3"],
        ["a.net", "9x9x3"],
        ["b.net", "8x8x3"],
        ["b.net", "9x9x3"],
    ]


def test_json_has_all_columns(run: Run) -> None:
    code, out, _ = run("table", "a.net", "--vary", "width=4,0", "--set", "gate=yes", "--format", "json")
    assert code == 1
    sound, broken = json.loads(out)["networks"]
    assert sound["settings"] == {"width": "4"}
    assert (sound["ok"], sound["depth"], sound["layers"], sound["errors"]) == (True, 3, 5, [])
    assert sound["flops"] == 2 * sound["macs"]
    assert (broken["ok"], broken["depth"], broken["parameters"]) == (False, None, None)
    assert [error["code"] for error in broken["errors"]] == ["E112"]


@pytest.mark.parametrize("format", ["markdown", "latex", "text"])
def test_a_broken_variant_keeps_its_row_and_shows_its_error(run: Run, format: str) -> None:
    code, out, err = run("table", "a.net", "--vary", "width=0,4", "--format", format)
    assert code == 1
    assert out.count("?") == 6
    assert err.startswith("a.net with width=0:\nerror[E112]: `K` must be at least 1, not 0\n")
    assert err.count("error[") == 1


def test_settings_of_the_training_show_in_its_memory(run: Run) -> None:
    words = ("table", "a.net", "--vary", "batch=32,64", "--format", "csv")
    head, *rows = csv.reader(io.StringIO(run(*words)[1]))
    small, large = (dict(zip(head, row, strict=True)) for row in rows)
    assert int(small["training_memory"]) < int(large["training_memory"])
    assert small["memory"] == large["memory"]


def test_a_device_has_times(run: Run) -> None:
    words = ("table", "a.net", "--vary", "width=4,512", "--device", "h100")
    small, large = json.loads(run(*words, "--format", "json")[1])["networks"]
    assert 0 < small["time"] < large["time"]
    assert "time of a step" in run(*words)[1].splitlines()[0]
    checked = json.loads(run("check", "a.net", "--time", "--device", "h100", "--format", "json")[1])
    assert checked["time"]["step"] == small["time"]


def test_a_variant_over_its_budget_keeps_its_numbers(run: Run) -> None:
    Path("a.net").write_text(TEXT + "expect parameters < 4k\nexpect macs 18_944\n", encoding="utf-8")
    words = ("table", "a.net", "--vary", "width=1,8", "--columns", "parameters,not_met", "--format", "csv")
    code, out, err = run(*words)
    assert (code, err) == (0, "")
    assert [*csv.reader(io.StringIO(out))] == [["parameters", "not_met"], ["678", ""], ["5354", "parameters < 4,000"]]
    head, _, fits, exceeds = run("table", "a.net", "--vary", "width=1,8")[1].splitlines()
    assert head.endswith("  not met")
    assert fits.endswith(" 3")
    assert exceeds.endswith(" 3  parameters < 4,000")


def test_a_network_that_misses_its_expectations_keeps_its_numbers(run: Run) -> None:
    Path("a.net").write_text(TEXT + "expect parameters < 2k\nexpect memory < 1MiB\n", encoding="utf-8")
    code, out, err = run("table", "a.net", "--columns", "parameters,not_met", "--format", "csv")
    assert (code, err) == (1, "`expect` lines are not met by 1 of 1 network\n")
    assert [*csv.reader(io.StringIO(out))] == [["parameters", "not_met"], ["2682", "parameters < 2,000"]]
    (network,) = json.loads(run("table", "a.net", "--format", "json")[1])["networks"]
    assert (network["ok"], network["parameters"]) == (False, 2682)
    assert [error["code"] for error in network["errors"]] == ["E402"]


def test_of_many_broken_variants_the_first_are_shown(run: Run) -> None:
    err = run("table", "a.net", "--set", "width=0", "--vary", f"optimizer.lr={','.join(map(str, range(1, 9)))}")[2]
    assert err.count("error[E112]") == 5
    assert err.endswith("\n3 more have errors\n")


@pytest.mark.parametrize(
    ("vary", "said"),
    [
        (["optimizer.lr=0.1,0.2"], "note: the value of optimizer.lr changes nothing in the network\n"),
        (["optimizer.lr=0.1,0.2", "width=1,2"], "note: the value of optimizer.lr changes nothing in the network\n"),
        (["batch=2,4"], ""),
        (["optimizer=sgd,adam"], ""),
        (["width=1,2", "gate=no,yes"], ""),
        (["width=4"], ""),
    ],
)
def test_a_value_that_changes_nothing_is_told(run: Run, vary: list[str], said: str) -> None:
    code, _, err = run("table", "a.net", *(word for each in vary for word in ("--vary", each)))
    assert (code, err) == (0, said)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--vary", "width"], "--vary width: write NAME=A,B"),
        (["--vary", "width="], "--vary width=: write NAME=A,B"),
        (["--vary", "width=1,,2"], "--vary width=1,,2: write NAME=A,B"),
        (["--vary", "=1"], "--vary =1: write NAME=A,B"),
        (["--vary", "width=1,1"], "--vary width=1,1: a value stands there twice"),
        (["--vary", "width=1", "--vary", "width=2"], "--vary width: it is varied already"),
        (["--vary", "width=1", "--set", "width=2"], "--vary width: it is set already"),
        (["--vary", "wdth=1"], "--vary wdth: the spec has no `let wdth`; did you mean `width`?"),
        (["--columns", "time"], "the column `time` goes with --device"),
        (["--device", "h10"], "there is no device `h10`; did you mean `h100`?"),
        (["--columns", "name"], "there is no column `name`; there are network, file, "),
        (["--columns", "macs,wdth", "--vary", "width=1"], "there is no column `wdth`; did you mean `width`?"),
        (["missing.net"], "there is no file missing.net"),
    ],
)
def test_what_cannot_be_compared(run: Run, words: list[str], message: str) -> None:
    code, out, err = run("table", "a.net", *words)
    assert (code, out) == (2, "")
    assert err.startswith(f"error: {message}")


def test_a_table_has_a_last_row(run: Run) -> None:
    """Nothing is checked before the number of variants is known to be bounded."""
    values = ",".join(map(str, range(1, 101)))
    code, out, err = run("table", "a.net", "--vary", f"width={values}", "--vary", f"optimizer.lr={values}")
    assert (code, out) == (2, "")
    assert err == "error: 10,000 networks are more than the 1,000 that a table takes\n"


def test_sides_of_a_difference_have_settings_of_their_own(run: Run) -> None:
    code, out, _ = run("diff", "a.net", "--set-left", "gate=no", "--set-right", "gate=yes", "--set", "width=2")
    assert code == 1
    assert [line.split()[:2] for line in out.splitlines()[2:5]] == [["+", "conv2"], ["+", "sigmoid1"], ["+", "mul1"]]
    assert "(+3)" in out
    code, out, _ = run("diff", "a.net", "a.net", "--set", "width=2", "--set-right", "width=4", "--set-left", "gate=no")
    assert code == 1
    assert out.splitlines()[2].startswith("~ conv1  conv K=2 F=3 P=1 → conv K=4 F=3 P=1")
    code, out, _ = run("diff", "a.net", "a.net", "--set-left", "gate=no", "--set-right", "optimizer.lr=3")
    assert (code, out) == (0, "a.net with gate=no and a.net with optimizer.lr=3 are the same network\n")


def test_the_sides_in_json_have_their_settings(run: Run) -> None:
    words = ("--set", "width = 2", "--set-left", "gate=no", "--set-right", "gate=yes")
    report = json.loads(run("diff", "a.net", "a.net", *words, "--format", "json")[1])
    assert report["before"]["settings"] == {"width": "2", "gate": "no"}
    assert report["after"]["settings"] == {"width": "2", "gate": "yes"}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--set-right", "gate"], "--set-right gate: write NAME=VALUE\n"),
        (["--set-left", "gat=1"], "--set-left gat: the spec has no `let gat`; did you mean `gate`?\n"),
        (["--set", "gat=1", "--set-left", "gate=1"], "--set gat: the spec has no `let gat`; did you mean `gate`?\n"),
    ],
)
def test_a_side_that_cannot_be_set(run: Run, words: list[str], message: str) -> None:
    assert run("diff", "a.net", "a.net", *words) == (2, "", f"error: {message}")
