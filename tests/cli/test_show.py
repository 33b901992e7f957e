"""`specnet show`: pictures, numbers, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from small_runs import COLOURS, Call, paint, paint_set

import specnet
from specnet.insight.registry import VIEWS

pytestmark = pytest.mark.usefixtures("drawn_figures")


@pytest.fixture
def layer(run: Path) -> str:
    """Return the name of the convolution."""
    return next(name for name, _ in specnet.load_run(run).model.named_modules() if name.endswith("conv1"))


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_is_a_picture_with_numbers(view: str, run: Path, trained: Path, layer: str, call: Call) -> None:
    paint(Path("there.png"), COLOURS["red"], 1)
    words = [{"image": "there.png", "layer": layer}[need] for need in VIEWS[view].needs]
    code, out, err = call("show", run, view, *words, "--data-dir", trained, "--format", "json")
    found = json.loads(out)
    assert (code, found["schema"], found["run"], found["view"]) == (0, 1, str(run), view)
    name = "-".join([view, *words]).replace("there.png", "there")
    assert err.splitlines()[-1] == f"wrote {run}/show/{name}.png"
    with Image.open(run / "show" / f"{name}.png") as picture:
        assert min(picture.size) > 150


def test_text(run: Path, call: Call) -> None:
    paint(Path("there.png"), COLOURS["red"], 1)
    code, out, err = call("show", run, "occlusion", "there.png", "-o", "out.svg")
    assert (code, err) == (0, "wrote out.svg\n")
    assert out.startswith("Which parts of there.png matter for red\nred  ")
    assert Path("out.svg").read_text().startswith("<?xml")


def test_an_image_of_the_data_is_prepared_as_its_file(run: Path, trained: Path) -> None:
    file = specnet.show(run, "occlusion", image=trained / "photos/test/red/2.png").record()
    view = specnet.show(run, "occlusion", image="test:12", data_dir=trained)
    stored = view.record()
    assert (stored["file"], stored["true"], file["file"], file["true"]) == ("test/red/2.png", "red", None, None)
    assert view.title == "Which parts of test:12, 2.png matter for red"
    assert (stored["class"], stored["drops"]) == (file["class"], file["drops"])


def test_classes_in_letters_that_no_font_has_are_numbered(run: Path, call: Call) -> None:
    config = json.loads((run / "config.json").read_text())
    (run / "config.json").write_text(json.dumps(config).replace('"red"', '"\\ud801\\udc37"'))
    paint(Path("there.png"), COLOURS["red"], 1)
    code, _, err = call("show", run, "saliency", "there.png")
    assert code == 0
    assert "no font here has the letters" in err


def test_wrong_predictions_name_their_files(run: Path, trained: Path, call: Call) -> None:
    swapped = {"blue": COLOURS["green"], "green": COLOURS["blue"], "red": COLOURS["red"]}
    paint_set(Path("photos/train"), swapped, 2)
    paint_set(Path("photos/test"), swapped, 4)
    out = call("show", run, "predictions", "--wrong", "--count", "3", "--data-dir", ".")[1].splitlines()
    assert out[1] == "8 of 12 test images are wrong; the first 3 are shown"
    assert all(line.split()[0].startswith("test:") and line.split()[1].endswith(".png") for line in out[2:])
    assert "; it is " in call("show", run, "saliency", "test:0", "--data-dir", ".")[1]


def test_the_first_kernels_are_shown_where_no_layer_is_named(run: Path, layer: str, call: Call) -> None:
    assert call("show", run, "filters")[1].startswith(f"Kernels of {layer}\n")


def test_without_a_view_they_are_listed(call: Call) -> None:
    code, out, _ = call("show", "anywhere")
    assert code == 0
    assert [line.split()[0] for line in out.splitlines()] == list(VIEWS)


def test_each_view_says_what_it_takes(call: Call) -> None:
    code, out, _ = call("show", "anywhere", "features", "--help")
    assert code == 0
    assert "IMAGE" in out
    assert "LAYER" in out
    assert "--unit" not in out


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["oclusion"], 2, "there is no view `oclusion`; did you mean `occlusion`?"),
        (["occlusion"], 2, "IMAGE"),
        (["occlusion", "nowhere.png"], 2, "there is no file nowhere.png"),
        (["occlusion", "."], 2, ". is a directory; name an image"),
        (["occlusion", "text.png"], 1, "text.png (no image of a known format)"),
        (["occlusion", "there.png", "--class", "rde"], 2, "the run has no class `rde`; did you mean `red`?"),
        (["occlusion", "test:0", "--data-dir", "."], 1, "photos"),
        (["occlusion", "test:15"], 2, "there is no test:15: the test part has 15 images, test:0 to test:14"),
        (["occlusion", "test:-1"], 2, "test:-1 names no image; the first one of the part is test:0"),
        (["occlusion", "test:"], 2, "test: names no image"),
        (["occlusion", ""], 2, "an empty name names neither a file nor a folder"),
        (["features", "there.png", ""], 2, "the network has no layer ``"),
        (["maximise", "input"], 2, "`input` is the image itself; name a layer, such as "),
        (["confusion", "--data", "."], 2, "did you mean `--data-dir`?"),
        (["occlusion", "there.png", "-o", "no/out.png"], 2, "no/out.png cannot be written: there is no folder no"),
        (["features", "there.png", "conv9"], 2, "the network has no layer `conv9`"),
        (["maximise", "conv9"], 2, "the network has no layer `conv9`"),
        (["filters", "conv1", "--unit", "3"], 2, "takes no `--unit`"),
        (["predictions", "--wrogn"], 2, "did you mean `--wrong`?"),
        (["saliency", "there.png", "--count", "3"], 2, "takes no `--count`"),
        (["occlusion", "there.png", "-o", "out.gif"], 2, "ends in .png, .svg, .pdf"),
        (["occlusion", "there.png", "-o", "there.png"], 2, "there.png is what the command reads"),
    ],
)
def test_refusals(run: Path, call: Call, words: list[str], code: int, message: str) -> None:
    paint(Path("there.png"), COLOURS["red"], 1)
    Path("text.png").write_text("no picture")
    found, out, err = call("show", run, *words)
    assert (found, out) == (code, "")
    assert message in err


@pytest.mark.parametrize(
    ("parameters", "kind", "message"),
    [
        ({"view": "oclusion"}, ValueError, "did you mean `occlusion`"),
        ({"view": "occlusion"}, ValueError, "the view `occlusion` needs `image`"),
        ({"view": "occlusion", "image": 3}, TypeError, "`image`"),
        ({"view": "filters", "layer": "conv1", "cuont": 3}, ValueError, "takes no `cuont`; did you mean `count`?"),
        ({"view": "filters", "layer": "conv1", "count": 0}, ValueError, "`count` is a whole number from 1"),
        ({"view": "predictions", "wrong": 1}, TypeError, "`wrong` is True or False"),
        ({"view": "occlusion", "image": "there.png"}, specnet.TrainingError, "there is no file there.png"),
    ],
)
def test_refusals_in_python(run: Path, parameters: dict[str, Any], kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message):
        specnet.show(run, **parameters)


def test_from_python(run: Path) -> None:
    paint(Path("there.png"), COLOURS["green"], 1)
    view = specnet.show(specnet.load_run(run), "occlusion", image=Path("there.png"))
    assert view.record()["class"] == "green"
    assert view._repr_png_().startswith(b"\x89PNG")
    view.save("dark.pdf", theme="dark")
    assert Path("dark.pdf").read_bytes().startswith(b"%PDF")
    with pytest.raises(ValueError, match=r"ends in \.png, \.svg, \.pdf"):
        view.save("out.gif")


def test_a_recorded_confusion_needs_no_data(run: Path, trained: Path, call: Call) -> None:
    summary = json.loads((run / "summary.json").read_text())
    recorded = [[5, 0, 0], [0, 4, 1], [2, 0, 3]]
    summary["measured"]["confusion"] = recorded
    (run / "summary.json").write_text(json.dumps(summary))
    shown = [
        json.loads(call("show", run, "confusion", "--format", "json", *words)[1])["confusion"]
        for words in ((), ("--data-dir", trained))
    ]
    assert shown == [recorded, specnet.evaluate(run).confusion.tolist()]
