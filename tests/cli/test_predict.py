"""`specnet predict`: classes of images, as a table, JSON or a plot."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image
from small_runs import COLOURS, Call, paint

import specnet
from specnet.training.data.images import DataRequest
from specnet.training.data.loading import load


def test_a_table(run: Path, call: Call) -> None:
    paint(Path("a.png"), COLOURS["red"], 99, (40, 50))
    paint(Path("b.jpg"), COLOURS["blue"], 99)
    code, out, _ = call("predict", run, "a.png", "b.jpg", "--top", "2")
    lines = [line.split() for line in out.splitlines()]
    assert code == 0
    assert [line[0] for line in lines][:2] == ["a.png", "red"]
    assert [line[0] for line in lines][3:5] == ["b.jpg", "blue"]
    assert len(lines) == 6


def test_json(run: Path, call: Call) -> None:
    paint(Path("a.png"), COLOURS["green"], 99)
    code, out, _ = call("predict", run, "a.png", "--format", "json", "--top", "9")
    (found,) = json.loads(out)["predictions"]
    assert code == 0
    assert found["image"] == "a.png"
    assert (found["top"][0]["class"], found["top"][0]["index"]) == ("green", 1)
    assert sum(score["probability"] for score in found["top"]) == pytest.approx(1)
    assert len(found["top"]) == 3


def test_pictures_are_prepared_as_in_training(run: Path, trained: Path) -> None:
    """What the network says of a picture of the test set is what its outputs for the loaded set are."""
    loaded = specnet.load_run(run)
    path = trained / "photos/test/red/2.png"
    (found,) = specnet.predict(loaded, [path], top=3)
    data = load(loaded.job.training.data, None, DataRequest((8, 8, 3), trained, print))
    assert data.test is not None
    row = loaded.probabilities(data.test.pixels)[12].tolist()
    assert [score.probability for score in found.top] == pytest.approx(sorted(row, reverse=True), rel=1e-4)


@pytest.mark.parametrize("name", ["out.png", "out.svg", "out.PDF"])
def test_a_picture(run: Path, call: Call, name: str) -> None:
    paint(Path("costs $5 & $6.png"), COLOURS["green"], 99)
    code, _, err = call("predict", run, "costs $5 & $6.png", "-o", name)
    assert (code, err) == (0, f"wrote {name}\n")
    assert Path(name).stat().st_size > 5000


def test_grey_and_transparent_pictures(run: Path, call: Call) -> None:
    Image.new("L", (9, 9), 80).save("grey.png")
    Image.new("RGBA", (9, 30), (220, 20, 10, 255)).save("clear.png")
    code, out, _ = call("predict", run, "grey.png", "clear.png", "--top", "1")
    assert code == 0
    assert out.splitlines()[3].split()[0] == "red"


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["nowhere.png", "there.png"], 2, "there is no file nowhere.png"),
        (["text.png", "there.png"], 1, "1 of 2 files cannot be read: text.png (no image of a known format)"),
        (["."], 1, "text.png (no image of a known format)"),
        (["empty"], 1, "empty has no images\n"),
        (["notes"], 1, "notes has no images, but 2 files (1 .csv, 1 .txt) that are none"),
        (["there.png", "--top", "0"], 2, "not a whole number from 1"),
        (["there.png", "-o", "out.gif"], 2, "ends in .png, .svg, .pdf"),
        (["there.png", "-o", "nowhere/out.png"], 2, "nowhere/out.png cannot be written"),
    ],
)
def test_refusals(run: Path, call: Call, words: list[str], code: int, message: str) -> None:
    paint(Path("there.png"), COLOURS["red"], 1)
    Path("text.png").write_text("no picture")
    for place in ("empty", "notes"):
        Path(place).mkdir()
    for name in ("a.txt", "b.csv"):
        Path("notes", name).write_text("no image")
    found, out, err = call("predict", run, *words)
    assert (found, out) == (code, "")
    assert message in err


def test_a_folder_stands_for_its_images(run: Path, call: Call) -> None:
    for place in ("b.png", "a/z.png", "a/y.jpg"):
        Path("mixed", place).parent.mkdir(parents=True, exist_ok=True)
        paint(Path("mixed", place), COLOURS["red"], 1)
    Path("mixed/a/notes.txt").write_text("no image")
    paint(Path("there.png"), COLOURS["blue"], 1)
    code, out, err = call("predict", run, "there.png", "mixed", "--format", "json")
    assert code == 0
    found = [each["image"] for each in json.loads(out)["predictions"]]
    assert found == ["there.png", "mixed/a/y.jpg", "mixed/a/z.png", "mixed/b.png"]
    assert "passed over in mixed, as they are no images: 1 file (1 .txt)" in err
    assert len(specnet.predict(run, ["mixed"])) == 3
