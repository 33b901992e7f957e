"""specnet train as a user calls it, signals included."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from safetensors.torch import load_file
from small_sets import write_image, write_mnist
from torch import Tensor

from specnet.cli import main
from specnet.cli.progress import Display

SPEC = """net Tiny

input 8x8x1
conv K=8 F=3 P=1 -> bn -> relu
pool max F=2
fc 32 -> relu -> dropout 0.1
fc 10

train {
  data   digits
  split  validation=200
  batch  64
  epochs 2
}
"""


@pytest.fixture
def spec(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tiny.net").write_text(SPEC)
    return Path("tiny.net")


def test_it_trains(spec: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", str(spec), "--run", "run", "--epochs", "3", "--set", "optimizer.lr=0.01"]) == 0
    out, err = capsys.readouterr()
    assert re.fullmatch(
        r"best epoch  \d of 3\nvalidation  \d\d\.\d\d%\ntest        \d\d\.\d\d%\n"
        r"speed       [\d,]+ images a second(, [\d,]+ predicted)?\nsaved in    run\n",
        out,
    )
    assert "1,238 train, 200 validation, 359 test images of 10 classes: 0, 1, 2 … 8, 9\n" in err
    assert "found 8×8×1; changed on the way: none\n60 steps in 3 epochs\n" in err
    assert (
        len(re.findall(r"^epoch \d/3  loss .*  train .*  validation .*  lr .* images/s  \d:\d\d left$", err, re.M)) == 3
    )
    assert "specnet train tiny.net --epochs 3 --set optimizer.lr=0.01 --seed 1\n" in err
    config = json.loads(Path("run/config.json").read_text())
    assert config["training"]["optimizer"]["lr"] == 0.01
    assert config["options"]["overrides"] == {"optimizer.lr": "0.01", "epochs": "3"}


def test_a_run_in_the_way_is_refused(spec: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", str(spec), "--run", "run", "--epochs", "1"]) == 0
    assert main(["train", str(spec), "--run", "run"]) == 2
    assert "run already holds a run" in capsys.readouterr().err


def test_data_comes_from_the_folder_named(spec: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_mnist(Path("sets/mnist"))
    spec.write_text(SPEC.replace("digits", "mnist").replace("=200", "=5").replace("8x8x1", "28x28x1"))
    assert main(["train", str(spec), "--data-dir", "sets", "--run", "run"]) == 0
    assert "is not the published MNIST: 20 images to train on" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        ([], 2, "name the FILE of a spec"),
        (["nowhere.net"], 2, "nowhere.net"),
        (["tiny.net", "--device", "cuda:99"], 2, "there is no device `cuda:99`"),
        (["tiny.net", "--data-dir", "nowhere"], 2, "there is no data folder nowhere"),
        (["tiny.net", "--run", "tiny.net"], 2, "tiny.net is a file"),
        (["--resume", "nowhere"], 2, "there is no run nowhere"),
        (["tiny.net", "--resume", "nowhere"], 2, "takes nothing else but"),
        (["--resume", "nowhere", "--seed", "3"], 2, "takes nothing else but --epochs"),
        (["--resume", "nowhere", "--epochs", "three"], 2, "--epochs three: write a number of epochs"),
        (["tiny.net", "--epochs", "0"], 1, "epochs"),
        (["tiny.net", "--set", "data.classes=11"], 1, "classes"),
        (["tiny.net", "--set", "split.validation=2000"], 1, "sets 2,000 of 1,438 images aside"),
        (["untrained.net"], 1, "does not say what to train on"),
        (["broken.net"], 1, "cnov"),
    ],
)
def test_refusals(spec: Path, capsys: pytest.CaptureFixture[str], words: list[str], code: int, message: str) -> None:
    Path("untrained.net").write_text(SPEC.partition("train")[0])
    Path("broken.net").write_text(SPEC.replace("conv", "cnov"))
    assert main(["train", *words]) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert message in err
    assert "Traceback" not in err
    assert not Path("runs").exists()


def test_a_run_whose_spec_uses_another_file_can_be_resumed(spec: Path, tmp_path: Path) -> None:
    (tmp_path / "blocks.net").write_text("block dense(K) { fc K -> relu }\n")
    spec.write_text(SPEC.replace("net Tiny", 'net Tiny\nuse "blocks.net"').replace("fc 32 -> relu", "dense 32"))
    assert main(["train", str(spec), "--run", "runs/one", "--epochs", "1"]) == 0
    assert main(["train", "--resume", "runs/one"]) == 0


def test_the_data_of_a_run_may_have_moved(spec: Path) -> None:
    write_mnist(Path("sets/mnist"))
    spec.write_text(SPEC.replace("digits", "mnist").replace("=200", "=5").replace("8x8x1", "28x28x1"))
    assert main(["train", str(spec), "--data-dir", "sets", "--run", "run"]) == 0
    Path("sets").rename("elsewhere")
    assert main(["train", "--resume", "run"]) == 2
    assert main(["train", "--resume", "run", "--data-dir", "elsewhere"]) == 0


LONG = ["--epochs", "25"]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Tensor]:
    """The weights of a run that nothing has come in the way of."""
    folder = tmp_path_factory.mktemp("undisturbed")
    (folder / "tiny.net").write_text(SPEC)
    assert main(["train", str(folder / "tiny.net"), "--run", str(folder / "run"), *LONG]) == 0
    return load_file(folder / "run/model.safetensors")


def start(*words: str) -> subprocess.Popen[str]:
    """The command in a process of its own, with as many threads as the tests have."""
    command = [sys.executable, "-m", "specnet", "train", *words]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)


def wait_for_epoch(folder: Path, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 60
    while not (folder / "metrics.jsonl").exists():
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < deadline
        time.sleep(0.01)


def is_same(folder: Path, expected: dict[str, Tensor]) -> bool:
    weights = load_file(folder / "model.safetensors")
    return weights.keys() == expected.keys() and all(weights[name].equal(expected[name]) for name in expected)


def test_signals_save_and_resuming_ends_the_same(
    spec: Path, undisturbed: dict[str, Tensor], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Ctrl-C stops the run in a process of its own; SIGTERM what is resumed here, after one more epoch."""
    process = start(str(spec), "--run", "stopped", *LONG)
    wait_for_epoch(Path("stopped"), process)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=10)
    assert (process.returncode, out) == (130, ""), err
    assert err.endswith("to resume: specnet train --resume stopped\n")
    assert not Path("stopped/summary.json").exists()
    with monkeypatch.context() as patched:
        patched.setattr(Display, "on_epoch_end", lambda display, metrics: signal.raise_signal(signal.SIGTERM))
        assert main(["train", "--resume", "stopped"]) == 143
    out, err = capsys.readouterr()
    assert out == ""
    assert err.endswith("to resume: specnet train --resume stopped\n")
    assert not Path("stopped/summary.json").exists()
    assert main(["train", "--resume", "stopped"]) == 0
    assert is_same(Path("stopped"), undisturbed)


def test_killed_it_ends_the_same(spec: Path, undisturbed: dict[str, Tensor]) -> None:
    process = start(str(spec), "--run", "killed", *LONG)
    wait_for_epoch(Path("killed"), process)
    process.kill()
    process.communicate()
    assert main(["train", "--resume", "killed"]) == 0
    assert is_same(Path("killed"), undisturbed)


@pytest.mark.parametrize(
    ("words", "again"),
    [
        (["a.net"], "a.net --seed 7"),
        (["a b.net", "--set", "data.path=my photos"], "'a b.net' --set 'data.path=my photos' --seed 7"),
        (["--seed", "3", "a.net", "--run", "one"], "a.net --seed 7"),
        (["--seed=3", "a.net", "--run=one"], "a.net --seed 7"),
        (["--see", "3", "a.net", "--ru", "one"], "a.net --seed 7"),
        (["a.net", "--set", "seed=3", "--epochs", "2", "--gpu"], "a.net --set seed=3 --epochs 2 --gpu --seed 7"),
    ],
)
def test_the_same_training_with_another_seed(words: list[str], again: str) -> None:
    from specnet.cli.train import _format_with_seed

    assert _format_with_seed(["train", *words], 7) == f"specnet train {again}"


def test_without_other_parts_it_is_said_that_there_is_no_accuracy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("a", "b"):
        write_image(tmp_path / "pets" / name / "0.png", 9)
    Path("pets.net").write_text('input 8x8x1\nfc 2\ntrain { data folder "~/pets"\nepochs 1 }\n')
    assert main(["train", "pets.net", "--run", "run"]) == 0
    out, err = capsys.readouterr()
    assert re.fullmatch(r"best epoch  1 of 1\nspeed       [\d,]+ images a second.*\nsaved in    run\n", out)
    assert "there is no accuracy on new images, as the data has no test and no validation part" in err
    assert main(["train", "--resume", "run"]) == 0
    err = capsys.readouterr().err
    assert err.endswith("to train longer: specnet train --resume run --epochs N\n")
    assert main(["train", "--resume", "run", "--epochs", "2"]) == 0
    assert "lengthened from 1 to 2 epochs at epoch 1: `schedule constant` does not depend" in capsys.readouterr().err
