"""`specnet evaluate`: a run's own test set, other data, and what is refused."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from PIL import Image
from scenes_of_squares import write_scenes
from small_runs import COLOURS, Call, paint_set

import specnet
from specnet.training import CannotRun, DataProblem, Unsuitable


def test_its_own_test_set(run: Path, trained: Path, call: Call) -> None:
    code, out, _ = call("evaluate", run, "--data-dir", trained)
    assert code == 0
    assert re.match(r"images +15 \(test\)\naccuracy +100.00%\ncalibration error +[0-9.]+%\nloss ", out)
    assert out.endswith(
        "       blue  green  red\nblue      5      ·    ·\ngreen     ·      5    ·\nred       ·      ·    5\n"
    )


def test_json(run: Path, trained: Path, call: Call) -> None:
    code, out, _ = call("evaluate", run, "--data-dir", trained, "--format", "json", "--batch", "4")
    found = json.loads(out)
    summary = json.loads((run / "summary.json").read_text())
    assert code == 0
    assert found["accuracy"] == summary["test_accuracy"]
    assert found["per_class_accuracy"] == dict.fromkeys(COLOURS, 1.0)
    assert found["confusion"] == [[5, 0, 0], [0, 5, 0], [0, 0, 5]]
    assert "top5_accuracy" not in found


def test_another_folder(run: Path, call: Call) -> None:
    """Of a folder without parts, all images count; here two classes are swapped."""
    swapped = {"blue": COLOURS["green"], "green": COLOURS["blue"], "red": COLOURS["red"]}
    paint_set(Path("other"), swapped, 2)
    code, out, _ = call("evaluate", run, "--data", "other", "--format", "json")
    found = json.loads(out)
    assert code == 0
    assert found["part"] == "train"
    assert found["confusion"] == [[0, 2, 0], [2, 0, 0], [0, 0, 2]]
    assert "6 (all of other)" in call("evaluate", run, "--data", "other")[1].splitlines()[0]
    assert found["per_class_accuracy"] == {"blue": 0.0, "green": 0.0, "red": 1.0}


def test_from_python(run: Path, trained: Path) -> None:
    assert specnet.evaluate(run, data_dir=trained).accuracy == 1.0
    assert specnet.evaluate(specnet.load_run(run), data=str(trained / "photos")).images == 15


def test_other_classes(run: Path, call: Call) -> None:
    paint_set(Path("other"), {"blue": COLOURS["blue"], "yellow": (240, 240, 10), "red": COLOURS["red"]}, 2)
    code, out, err = call("evaluate", run, "--data", "other")
    assert (code, out) == (1, "")
    assert "the data has images of classes that the run was not trained on: yellow" in err
    with pytest.raises(DataProblem):
        specnet.evaluate(run, "other")


SEGMENTATION = """net Squares
input 16x16x1
conv K=3 F=3 P=1
train {
  task segment
  data folder "scenes" masks="masks" names="background,bright,dark"
  optimizer adam lr=0.02
  batch 10
  epochs 1
}
"""


def test_images_with_masks_are_decoded_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: Call) -> None:
    """Training knows the folder in relation to the spec, and what comes after it by its whole path."""
    monkeypatch.chdir(tmp_path)
    write_scenes(tmp_path / "scenes", images=10)
    Path("squares.net").write_text(SEGMENTATION)
    words = (("train", "squares.net", "--run", "r"), ("evaluate", "r"), ("train", "squares.net"))
    told = ["".join(call(*each)[1:]) for each in words]
    assert ["decoded 12 images into" in each for each in told] == [True, False, False]
    assert ["12 decoded images read from" in each for each in told] == [False, True, True]


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["--data", "nowhere"], 2, "no such folder or file, and no data set of that name"),
        (["--data", "digits"], 1, "other classes"),
        (["--data-dir", "nowhere"], 2, "there is no data folder nowhere"),
        (["--data", "photos"], 2, "no such folder or file"),
        (["--device", "cuda:99"], 2, "cuda:99"),
        (["--batch", "0"], 2, "not a whole number from 1"),
    ],
)
def test_refusals(run: Path, trained: Path, call: Call, words: list[str], code: int, message: str) -> None:
    asked = ["--data-dir", trained] if "--device" in words else []
    found, out, err = call("evaluate", run, *asked, *words)
    assert (found, out) == (code, "")
    assert message in err


def test_grey_images_for_a_colour_network(run: Path) -> None:
    for name in COLOURS:
        (Path("grey") / name).mkdir(parents=True)
        Image.new("L", (9, 9), 80).save(Path("grey") / name / "1.png")
    with pytest.raises(Unsuitable, match="reads images of 3 channels"):
        specnet.evaluate(run, "grey")


def test_without_weights_there_is_nothing_to_measure(run: Path) -> None:
    (run / "model.safetensors").unlink()
    with pytest.raises(CannotRun, match=r"is finished, and its model\.safetensors is no longer there"):
        specnet.evaluate(run)
