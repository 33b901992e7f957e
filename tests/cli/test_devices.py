"""`specnet devices` and `specnet check --time` as a user meets them."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from paths import ROOT

from specnet.analyses.devices import DATA_SHEETS, Device, Rate
from specnet.cli import main
from specnet.layers.base.traits import Workload
from specnet.measured_devices import save_measured_device
from specnet.training import device_benchmark

Run = Callable[..., tuple[int, str, str]]

TOY = Device("cpu", "a toy", "measured", {"fp32": {w: Rate(4e9, 2e9) for w in Workload}}, 1e10, Rate(1e6, 1e5), 10**10)


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Runs specnet beside the zoo with an empty cache; returns the exit code and both streams."""
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))

    def run(*arguments: str) -> tuple[int, str, str]:
        code = main([*arguments])
        return code, *capsys.readouterr()

    return run


def test_devices_are_listed(call: Run) -> None:
    code, out, _ = call("devices")
    assert code == 0 and [line.split()[0] for line in out.splitlines()[1:]] == [*DATA_SHEETS]
    assert [each["name"] for each in json.loads(call("devices", "--format", "json")[1])["devices"]] == [*DATA_SHEETS]
    save_measured_device(TOY)
    assert call("devices")[1].splitlines()[1].split()[:3] == ["cpu", "a", "toy"]


def test_a_device_is_measured_and_kept(call: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device_benchmark, "SECONDS", 0)
    monkeypatch.setattr(device_benchmark, "IMAGES", 1)
    code, out, err = call("devices", "--measure")
    assert code == 0 and "depthwise" in out and "GMAC/s" in out
    assert err.startswith("saved in ")
    assert "measured" in call("devices")[1]
    assert call("check", "specs/lenet5.net", "--time")[0] == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("devices", "--device", "cpu"), "--gpu and --device go with --measure"),
        (("devices", "--measure", "--device", "tpu9"), "there is no kind of device called `tpu9`"),
        (("check", "specs/lenet5.net", "--time"), "no device is measured here: `specnet devices --measure`"),
        (("check", "specs/lenet5.net", "--time", "--device", "h1000"), "no device `h1000`; did you mean `h100`?"),
        (("check", "specs/lenet5.net", "--time", "--device", "toaster"), "no device `toaster`; there are h200, h100"),
        (("check", "specs/lenet5.net", "--device", "h100"), "--device goes with --time"),
        (("check", "specs/lenet5.net", "--columns", "time"), "the column `time` goes with --time"),
        (
            ("check", "specs/lenet5.net", "--time", "--device", "t4", "--precision", "bf16"),
            "NVIDIA T4 has no figures for bf16",
        ),
    ],
)
def test_what_cannot_be_predicted(call: Run, arguments: tuple[str, ...], words: str) -> None:
    code, out, err = call(*arguments)
    assert (code, out) == (2, "") and words in err


def test_time_by_a_data_sheet(call: Run, golden: Callable[[str, str], None]) -> None:
    code, out, _ = call("check", "specs/cifar.net", "--time", "--device", "h100", "--precision", "bf16")
    assert code == 0
    golden("cifar-time.txt", out)


def test_the_measured_device_is_the_default(call: Run) -> None:
    save_measured_device(TOY)
    code, out, _ = call("check", "specs/lenet5.net", "--time", "--batch", "16")
    assert code == 0 and "cpu: a toy, as measured" in out


def test_the_layers_add_up(call: Run) -> None:
    arguments = ("check", "specs/cifar.net", "--time", "--device", "a100", "--format")
    rows = [*csv.DictReader(io.StringIO(call(*arguments, "csv")[1]))]
    time = json.loads(call(*arguments, "json")[1])["time"]
    sums = [sum(layer[part] for layer in time["layers"]) for part in ("forward", "backward")]
    assert sums == pytest.approx([time["forward"], time["backward"]])
    assert sum(float(row["time"] or 0) for row in rows) == pytest.approx(sum(sums), rel=1e-4)
    assert time["step"] == pytest.approx(time["forward"] + time["backward"] + time["optimizer"])
    assert time["training"] == pytest.approx(time["epochs"] * time["images"] / time["images_per_second"])


def test_a_training_says_what_was_predicted(call: Run, tmp_path: Path) -> None:
    save_measured_device(TOY)
    run = ("train", "specs/digits.net", "--epochs", "0.1", "--precision", "fp32", "--run", str(tmp_path / "run"))
    code, out, _ = call(*run)
    (line,) = [line for line in out.splitlines() if line.startswith("speed ")]
    assert code == 0 and " predicted" in line


def test_a_data_sheet_says_the_most(call: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("specnet.cli.speed._find_device", lambda name: DATA_SHEETS["h100"])
    run = ("train", "specs/digits.net", "--epochs", "0.1", "--precision", "fp32", "--run", str(tmp_path / "run"))
    code, out, _ = call(*run)
    assert code == 0
    assert re.search(r"^speed       [\d,]+ images a second, at most [\d,]+ by the data sheet of the device$", out, re.M)
