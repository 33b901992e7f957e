"""Every command knows the tasks whose data have no answer of their own: what it prints, draws and writes."""

from __future__ import annotations

import csv
import json
import signal
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from safetensors.torch import load_file

import specnet
from specnet.cli import main
from specnet.training import Callback, Interrupted, Progress
from specnet.training.engine import loop

SPEC = """
input 8x8x1
conv K=8 F=3 P=1 -> relu -> conv K=1 F=3 P=1
train {
  task      TASK
  data      digits
  split     validation=200
  batch     256
  epochs    1
}
"""

Call = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("images")
    for task in ("autoencode", "denoise"):
        specnet.train(SPEC.replace("TASK", task), run=home / task)
    for number in range(3):
        Image.fromarray(np.full((8, 8), 60 * number, np.uint8)).save(home / f"grey{number}.png")
    return home


@pytest.fixture
def call(trained: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    monkeypatch.chdir(trained)

    def call(*words: str) -> tuple[int, str, str]:
        code = main(list(words))
        out, err = capsys.readouterr()
        assert "Traceback" not in err and "bug" not in err
        return code, out, err

    return call


@pytest.mark.parametrize("task", ["autoencode", "denoise"])
def test_evaluate(call: Call, task: str) -> None:
    code, out, _ = call("evaluate", task)
    assert code == 0
    assert "PSNR" in out and "dB" in out
    assert ("noisy PSNR" in out) == (task == "denoise")
    whole, parts = (json.loads(call("evaluate", task, "--format", "json", "--batch", size)[1]) for size in ("360", "7"))
    assert parts["psnr"] == pytest.approx(whole["psnr"], rel=1e-6), "the noise depends on the batch"
    assert whole["ssim"] is None


def test_predict(call: Call, trained: Path) -> None:
    code, out, _ = call("predict", "autoencode", "grey0.png", "grey1.png", "--format", "csv")
    rows = list(csv.DictReader(out.splitlines()))
    assert code == 0
    assert [row["image"] for row in rows] == ["grey0.png", "grey1.png"]
    assert all(0 <= float(row["rms_difference"]) < 255 for row in rows)


def test_predict_writes_pictures_into_a_folder(call: Call, trained: Path) -> None:
    code, out, err = call("predict", "autoencode", "grey0.png", "grey2.png", "-o", "made")
    assert code == 0
    assert "wrote 2 pictures into made" in err
    assert sorted(path.name for path in (trained / "made").iterdir()) == ["grey0.png", "grey2.png"]
    with Image.open(trained / "made/grey2.png") as picture:
        made = np.asarray(picture).astype(float)
    assert made.shape == (8, 8)
    said = float(out.split("differs by ")[2].split()[0])
    assert np.sqrt(np.square(made - 120).mean()) == pytest.approx(said, abs=0.5)


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (("grey0.png", "-o", "."), "is a directory"),
        (("grey0.png", "-o", "picture.png"), "name a folder for the reconstructions"),
        (("grey0.png", "-o", "grey0.png"), "name a folder for the reconstructions"),
        (("grey0.png", "grey0.png", "-o", "twice"), "would both be written as"),
        (("grey0.png", "-o", "no/where"), "there is no folder no"),
        (("grey0.png", "--class", "3"), "names none"),
    ],
)
def test_predict_refuses(call: Call, words: tuple[str, ...], problem: str) -> None:
    code, _, err = call("predict", "autoencode", *words)
    assert code != 0
    assert problem in err


@pytest.mark.usefixtures("drawn_figures")
@pytest.mark.parametrize("wrong", [(), ("--wrong",)])
def test_show_predictions(call: Call, trained: Path, wrong: tuple[str, ...]) -> None:
    code, out, _ = call("show", "denoise", "predictions", "--count", "3", "-o", "shown.png", "--format", "json", *wrong)
    rows = json.loads(out)["predictions"]
    assert code == 0
    assert len(rows) == 3
    assert (trained / "shown.png").stat().st_size > 1000
    levels = [row["psnr"] for row in rows]
    assert levels == sorted(levels) or not wrong


@pytest.mark.parametrize("words", [("occlusion", "test:0"), ("saliency", "test:0"), ("confusion",), ("embedding",)])
def test_views_of_classes_are_refused(call: Call, words: tuple[str, ...]) -> None:
    code, _, err = call("show", "autoencode", *words)
    assert code == 1
    assert f"the view `{words[0]}` explains the class of an image, and `task autoencode` trains with the image" in err


def test_runs(call: Call) -> None:
    code, out, _ = call("runs", ".")
    assert code == 0
    assert out.count(" dB") == 4


@pytest.mark.parametrize("task", ["autoencode", "denoise"])
def test_report(call: Call, trained: Path, task: str) -> None:
    code, _, _ = call("report", task)
    page = (trained / task / "report.html").read_text()
    assert code == 0
    assert "What it says" in page and "Test PSNR" in page
    assert "What it looks at" not in page and "makes no" not in page


class Stopping(Callback):
    """Interrupts the training in the middle of its only epoch."""

    def on_progress(self, progress: Progress) -> None:
        if progress.stage == "training" and progress.done == 2:
            signal.raise_signal(signal.SIGINT)


@pytest.mark.parametrize("task", ["autoencode", "denoise"])
def test_a_resumed_run_has_the_same_bits(
    trained: Path, task: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "REPORT_INTERVAL", 0.0)
    with pytest.raises(Interrupted):
        specnet.train(SPEC.replace("TASK", task), run=tmp_path / "run", callback=Stopping())
    specnet.resume(tmp_path / "run")
    one, other = (load_file(folder / "model.safetensors") for folder in (tmp_path / "run", trained / task))
    assert all(one[key].equal(other[key]) for key in other)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("task", "last"), [("denoise", "conv K=1 F=3 P=1"), ("siamese\n  loss contrastive", "fc 4")], ids=["noise", "pairs"]
)
def test_two_processes_are_measured_as_one_is(
    task: str, last: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The noise of a training step is another one on each rank; that of an evaluation, and the pairs, are the same."""
    monkeypatch.chdir(tmp_path)
    Path("x.net").write_text(SPEC.replace("TASK", task).replace("conv K=1 F=3 P=1", last))
    for run, processes in (("one", "1"), ("two", "2")):
        assert main(["train", "x.net", "--run", run, "--nproc", processes, "--precision", "fp32"]) == 0
    one, two = (json.loads(Path(run, "summary.json").read_text()) for run in ("one", "two"))
    name = f"test_{one['metric']['name']}"
    assert two[name] == pytest.approx(one[name], rel=0.02)
    assert two["measured"]["images"] == one["measured"]["images"]
