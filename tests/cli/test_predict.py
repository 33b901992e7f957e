"""`specnet predict`: classes of images, as a table, JSON or a plot."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from PIL import Image
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from small_runs import COLOURS, Call, paint

import specnet
from specnet.pictures.files import BadFile
from specnet.training import stream_predictions
from specnet.training.data.images import DataRequest
from specnet.training.data.loading import load
from specnet.training.predict import BATCH


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


@pytest.mark.usefixtures("drawn_figures")
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
        (["text.png"], 1, "1 of 1 file cannot be read:\n  text.png: no image of a known format\n"),
        (["there.png", "--class", "rde"], 2, "the run has no class `rde`; did you mean `red`?"),
        (["there.png", "--class", "x"], 2, "the run has no class `x`; it has blue, green, red"),
        (["there.png", "--class", "red", "--format", "json"], 2, "a submission file, which is CSV; json is not"),
        (["there.png", "--class", "red", "-o", "out.png"], 2, "a submission file, which is CSV; out.png is not"),
        (["there.png", "--class", "red", "-o", "out.json"], 2, "a submission file, which is CSV; out.json is not"),
        (["there.png", "--format", "json", "-o", "out.csv"], 2, "-o out.csv says csv, and --format json"),
        (["there.png", "-o", "there.png"], 2, "is what the command reads"),
        (["there.png", "copy/there.png", "--class", "red"], 1, "two images have the id there; the second one is copy"),
        (["empty"], 1, "empty has no images\n"),
        (["notes"], 1, "notes has no images, but 2 files (1 .csv, 1 .txt) that are none"),
        (["there.png", "--top", "0"], 2, "not a whole number from 1"),
        (["there.png", "-o", "out.gif"], 2, "ends in .csv, .json, .png, .svg, .pdf"),
        (["there.png", "-o", "nowhere/out.png"], 2, "nowhere/out.png cannot be written"),
    ],
)
def test_refusals(run: Path, call: Call, words: list[str], code: int, message: str) -> None:
    for place in ("there.png", "copy/there.png"):
        paint(Path(place), COLOURS["red"], 1)
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


@pytest.fixture
def mixed(run: Path) -> Path:
    """Write a folder of images named by numbers, of which two cannot be read and one is none, and return it."""
    for number in (1, 2, 3, 10, 20):
        paint(Path(f"mixed/{number}.png"), COLOURS["red" if number < 10 else "blue"], number)
    Path("mixed/4.jpg").write_text("no picture")
    Path("mixed/11.png").write_bytes(Path("mixed/10.png").read_bytes()[:200])
    Path("mixed/notes.txt").write_text("no image")
    return Path("mixed")


@pytest.mark.parametrize("options", [(), ("--skip-bad",)])
def test_unreadable_images_are_passed_over_and_named(run: Path, call: Call, mixed: Path, options: tuple[str]) -> None:
    code, out, err = call("predict", run, mixed, "--top", "1", *options)
    heads = [line for line in out.splitlines() if not line.startswith(" ")]
    assert heads == [f"mixed/{number}.png" for number in (1, 2, 3, 10, 20)]
    assert code == (0 if options else 1)
    assert "2 of 7 files cannot be read" in err
    assert "\n  mixed/4.jpg: no image of a known format\n" in err
    assert "\n  mixed/11.png: " in err
    assert ("left out" in err) == bool(options)


def test_json_and_csv_say_the_same(run: Path, call: Call, mixed: Path) -> None:
    found = json.loads(call("predict", run, mixed, "--format", "json")[1])
    assert [each["image"] for each in found["unreadable"]] == ["mixed/4.jpg", "mixed/11.png"]
    rows = list(csv.DictReader(io.StringIO(call("predict", run, mixed, "--format", "csv")[1])))
    assert list(rows[0]) == ["image", "rank", "class", "index", "probability"]
    scores = [(each["image"], score) for each in found["predictions"] for score in each["top"]]
    for (image, score), row in zip(scores, rows, strict=True):
        assert (image, score["class"], score["index"]) == (row["image"], row["class"], int(row["index"]))
        assert score["probability"] == pytest.approx(float(row["probability"]))
    assert [row["rank"] for row in rows] == ["1", "2", "3"] * 5


@pytest.mark.parametrize("ending", ["csv", "json"])
def test_a_file_holds_what_would_be_printed(run: Path, call: Call, mixed: Path, ending: str) -> None:
    printed = call("predict", run, mixed, "--format", ending)[1]
    code, out, err = call("predict", run, mixed, "-o", f"out.{ending}")
    assert (code, out) == (1, "")
    assert f"wrote out.{ending}\n" in err
    assert Path(f"out.{ending}").read_text() == printed


def test_a_submission_file(run: Path, call: Call, mixed: Path) -> None:
    """The ids are in natural order, whatever the order of the files."""
    code, out, _ = call("predict", run, "mixed/20.png", "mixed/3.png", "mixed/10.png", "--class", "blue")
    rows = list(csv.reader(io.StringIO(out)))
    assert code == 0
    assert [row[0] for row in rows] == ["id", "3", "10", "20"]
    wanted = {p.image.stem: {s.name: s.probability for s in p.top} for p in specnet.predict(run, mixed_good(mixed))}
    for name, chance in rows[1:]:
        assert float(chance) == pytest.approx(wanted[name]["blue"], rel=1e-5)
    assert call("predict", run, mixed, "--class", "blue", "--skip-bad", "-o", "all.csv")[:2] == (0, "")
    assert Path("all.csv").read_text().splitlines()[0] == "id,label"


def mixed_good(folder: Path) -> list[Path]:
    return [folder / f"{number}.png" for number in (1, 2, 3, 10, 20)]


def test_more_images_than_a_batch_keep_their_order(run: Path, call: Call) -> None:
    """A batch that holds nothing but unreadable files is among them."""
    for number in range(3 * BATCH):
        if BATCH <= number < 2 * BATCH:
            Path(f"many/{number}.png").write_text("no picture")
        else:
            paint(Path(f"many/{number}.png"), list(COLOURS.values())[number % 3], number)
    results = list(stream_predictions(specnet.load_run(run), [Path("many")], 1, "cpu", print))
    assert len(results) == 3 * BATCH
    for number, result in enumerate(results):
        if isinstance(result, BadFile):
            assert BATCH <= number < 2 * BATCH
            assert Path(result.name).stem == str(number)
        else:
            assert (result.image.stem, result.top[0].name) == (str(number), list(COLOURS)[number % 3])
    with pytest.raises(specnet.SpecNetError, match="64 of 192 files cannot be read"):
        specnet.predict(run, "many")


@pytest.mark.parametrize("options", [["--top", "1", "--format", "csv"], ["--class", "red"]])
def test_csv_with_odd_names(run: Path, call: Call, options: list[str]) -> None:
    names = ["a\nb", "a\rb", 'a"b', "a,b", "=a"]
    for name in names:
        paint(Path("in", f"{name}.png"), COLOURS["red"], 9)
    code, out, err = call("predict", run, "in", *options, "-o", "out.csv")
    assert (code, out) == (0, ""), err
    with Path("out.csv").open(newline="") as file:
        head, *rows = csv.reader(file)
    assert sorted(Path(row[0]).stem if "image" in head else row[0] for row in rows) == sorted(names)
    assert {len(row) for row in rows} == {len(head)}


def test_outputs_that_overflow_are_refused(run: Path, call: Call) -> None:
    paint(Path("a.png"), COLOURS["red"], 99)
    tensors = load_file(run / "model.safetensors")
    with safe_open(run / "model.safetensors", "pt") as file:
        metadata = file.metadata()
    large = {name: value * 1e38 if value.ndim > 1 else value for name, value in tensors.items()}
    save_file(large, run / "model.safetensors", metadata)
    code, _, err = call("predict", run, "a.png", "--format", "csv")
    assert (code, err) == (1, "error: the outputs of the network are not finite numbers\n")


def test_a_folder_with_links_to_itself_is_read_once(run: Path, call: Call) -> None:
    paint(Path("in/deep/a.png"), COLOURS["green"], 99)
    paint(Path("in/b.png"), COLOURS["red"], 99)
    for name, target in (("loop", "."), ("deep/up", "../deep"), ("self", "self"), ("twice.png", "b.png")):
        Path("in", name).symlink_to(target)
    code, out, err = call("predict", run, "in", "--format", "csv", "--top", "1", "--skip-bad")
    assert code == 0, err
    assert [line.split(",")[0] for line in out.splitlines()[1:]] == ["in/b.png", "in/deep/a.png", "in/twice.png"]
    assert "loop is passed over: it is a link to " in err
