"""Image folders on the command line: what is said of them, and with which exit code."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from specnet.cli import main

SPEC = """net Pets
input 8x8x3
conv K=8 F=3 P=1 -> relu -> pool max F=2
fc 2

train {
  data folder "pets"
  batch 8
  epochs 1
}
"""

Call = Callable[..., tuple[int, str, str]]


@pytest.fixture
def call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """Calls a command beside a folder of two classes: exit code, standard output, standard error."""
    monkeypatch.chdir(tmp_path)
    random = np.random.default_rng(0)
    for part in ("train", "test"):
        for name in ("cat", "dog"):
            Path("pets", part, name).mkdir(parents=True)
            for number in range(6):
                pixels = random.integers(0, 256, (9, 9, 3), np.uint8)
                Image.fromarray(pixels).save(f"pets/{part}/{name}/{number}.png")
    Path("pets.net").write_text(SPEC)

    def call(*words: str) -> tuple[int, str, str]:
        code = main(list(words))
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        return code, out, err

    return call


def test_decoded_once_then_read(call: Call) -> None:
    code, _, err = call("train", "pets.net", "--run", "one")
    assert code == 0
    assert "decoded 24 images into" in err
    code, _, err = call("train", "pets.net", "--run", "two", "--workers", "0")
    assert code == 0
    assert "24 decoded images read from" in err
    assert json.loads(Path("two/config.json").read_text())["options"]["workers"] == 0
    assert Path("one/metrics.jsonl").read_text().split('"seconds"')[0].partition('"images_per')[0] in (
        Path("two/metrics.jsonl").read_text()
    )


def test_bad_images(call: Call) -> None:
    Path("pets/train/cat/0.png").write_bytes(b"")
    Path("pets/test/dog/3.png").write_text("no picture")
    code, out, err = call("train", "pets.net", "--run", "run")
    assert (code, out) == (1, "")
    assert err.endswith(
        "error: 2 of 24 files cannot be read: train/cat/0.png (it is empty), "
        "test/dog/3.png (no image of a known format); `--skip-bad` leaves them out\n"
    )
    assert not Path("run").exists()
    code, _, err = call("train", "pets.net", "--run", "run", "--skip-bad")
    assert code == 0
    assert "2 of 24 files cannot be read: train/cat/0.png (it is empty)" in err
    assert "11 train, 11 test images of 2 classes" in err
    assert call("train", "--resume", "run")[0] == 0
    assert "11 (test)" in call("evaluate", "run")[1]


def test_bad_images_to_measure_on(call: Call) -> None:
    assert call("train", "pets.net", "--run", "run")[0] == 0
    Path("pets/test/dog/3.png").write_text("no picture")
    code, out, err = call("evaluate", "run", "--data", "pets/test")
    assert (code, out) == (1, "")
    assert "1 of 12 files cannot be read: dog/3.png" in err
    code, out, err = call("evaluate", "run", "--data", "pets/test", "--skip-bad")
    assert code == 0
    assert "11 (all of pets/test)" in out


@pytest.mark.parametrize("last", ["fc 2", "fc K=2 -> softmax", "conv K=2 F=1 -> pool avg global -> flatten"])
def test_more_classes_than_outputs(call: Call, last: str) -> None:
    for part in ("train", "test"):
        Path(f"pets/{part}/cat").rename(f"pets/{part}/ape")
        for name in ("bee", "cat"):
            Path(f"pets/{part}/{name}").mkdir()
            Image.new("RGB", (9, 9)).save(f"pets/{part}/{name}/0.png")
    Path("pets.net").write_text(SPEC.replace("fc 2", last))
    code, _, err = call("train", "pets.net", "--run", "run")
    layer = last.partition(" ->")[0]
    assert code == 1
    assert (
        f"the network has 2 outputs, and the data has 4 classes; on line 4, make `{layer}` `{layer.replace('2', '4')}`"
    ) in err
    assert "decoded" not in err


@pytest.mark.parametrize("last", ["let n = 2\nfc n", "block end() { fc 2 }\nend", "arms add { | fc 2 | fc 2 }"])
def test_more_classes_than_an_output_that_no_single_number_makes(call: Call, last: str) -> None:
    Path("pets/train/eel").mkdir()
    Path("pets/test/eel").mkdir()
    for part in ("train", "test"):
        Image.new("RGB", (9, 9)).save(f"pets/{part}/eel/0.png")
    Path("pets.net").write_text(SPEC.replace("fc 2", last.removeprefix("arms ")))
    code, _, err = call("train", "pets.net", "--run", "run")
    assert code == 1
    assert "the network has 2 outputs, and the data has 3 classes; the last layer needs at least 3" in err


def test_more_outputs_than_classes_are_a_warning(call: Call) -> None:
    Path("pets.net").write_text(SPEC.replace("fc 2", "fc 5"))
    code, _, err = call("train", "pets.net", "--run", "run")
    assert code == 0
    assert (
        "warning: the network has 5 outputs, and the data has 2 classes: 3 outputs belong to none; "
        "on line 4, make `fc 5` `fc 2`\n"
    ) in err


def test_what_the_images_are_is_said_before_the_first_step(call: Call) -> None:
    _, _, err = call("train", "pets.net", "--run", "run", "--epochs", "1")
    assert (
        "12 train, 12 test images of 2 classes: cat, dog\n"
        "train: 6 of each class; test: 6 of each class\n"
        "found 9×9×3; changed on the way: 24 fitted to 8×8\n"
        "2 steps in 1 epoch\n"
    ) in err


def test_a_part_without_a_class_is_measured(call: Call) -> None:
    shutil.rmtree("pets/test/dog")
    code, out, err = call("train", "pets.net", "--run", "run")
    assert (code, "test" in out) == (0, True)
    assert "the test part has no images of dog: it is measured without" in err
    code, out, err = call("evaluate", "run", "--data", "pets/test")
    assert (code, re.search(r"^images +6 \(all of pets/test\)$", out, re.MULTILINE) is not None) == (0, True)
    assert "the data has no images of dog: it is measured without" in err


def test_a_run_keeps_the_order_of_its_classes(call: Call) -> None:
    """Runs from before numbers were sorted by their values have another order than a new one."""
    for part in ("train", "test"):
        Path(f"pets/{part}/cat").rename(f"pets/{part}/9")
        Path(f"pets/{part}/dog").rename(f"pets/{part}/10")
    assert call("train", "pets.net", "--run", "run")[0] == 0
    config = json.loads(Path("run/config.json").read_text())
    assert config["classes"] == ["9", "10"]
    del config["sixteen_bits"]
    Path("run/config.json").write_text(json.dumps({**config, "classes": ["10", "9"]}))
    code, out, _ = call("evaluate", "run", "--format", "json")
    assert (code, json.loads(out)["classes"]) == (0, ["10", "9"])
    assert call("train", "--resume", "run")[0] == 0
    shutil.rmtree("pets/train/9")
    code, _, err = call("train", "--resume", "run")
    assert (code, "the run was started with the classes 10, 9, and the data has others now" in err) == (1, True)


def test_sixteen_bits_from_training_to_export(call: Call) -> None:
    """The values are within 0.2 % of the range, so that the upper 8 bits of all pixels are the same."""
    random = np.random.default_rng(0)
    for path in sorted(Path("pets").rglob("*.png")):
        shades = random.integers(30_010, 30_030, (8, 8)) + (80 if path.parent.name == "dog" else 0)
        Image.fromarray(shades.astype(np.uint16)).save(path)
    Path("pets.net").write_text(SPEC.replace("8x8x3", "8x8x1").replace("epochs 1", "epochs 20\n  optimizer sgd lr=0.1"))
    code, out, err = call("train", "pets.net", "--run", "run")
    assert (code, "test        100.00%" in out) == (0, True)
    assert "grey of 16 bits is brought to 8: 30,010 becomes 0, and 30,109 becomes 255" in err
    assert json.loads(Path("run/config.json").read_text())["sixteen_bits"] == {"low": 30_010, "high": 30_109}
    assert re.search(r"^accuracy +100\.00%$", call("evaluate", "run")[1], re.MULTILINE)
    assert re.search(r"^accuracy +100\.00%$", call("evaluate", "run", "--data", "pets/test")[1], re.MULTILINE)
    code, out, _ = call("predict", "run", "pets/test/dog/1.png", "--format", "json")
    (guess,) = json.loads(out)["predictions"]
    assert guess["top"][0]["class"] == "dog"
    code, _, err = call("export", "run", "--to", "pt2", "-o", "run.pt2")
    assert (code, "it takes pixels of 16 bits as float32 N×1×8×8" in err) == (0, True)
    pixels = torch.from_numpy(np.array(Image.open("pets/test/dog/1.png")).astype(np.float32))
    outputs = torch.export.load("run.pt2").module()(pixels.view(1, 1, 8, 8)).softmax(1)
    assert outputs[0, 1].item() == pytest.approx(guess["top"][0]["probability"], abs=1e-4)


def test_grey_images_for_a_colour_network(call: Call) -> None:
    for path in Path("pets").rglob("*.png"):
        Image.new("L", (9, 9), 7).save(path)
    code, _, err = call("train", "pets.net", "--run", "run")
    assert code == 1
    assert "the network reads images of 3 channels, and the data has 1; `input 8x8x1` suits it" in err
    assert "decoded" not in err
    assert call("train", "pets.net", "--run", "run", "--input", "8x8x1")[0] == 0


def test_colour_images_for_a_grey_network(call: Call) -> None:
    code, _, err = call("train", "pets.net", "--run", "run", "--input", "8x8x1")
    assert code == 1
    assert "the network reads images of 1 channel, and the data has 3; `input 8x8x3` suits it" in err


@pytest.mark.parametrize("workers", ["-1", "many", "1.5"])
def test_no_number_of_workers(call: Call, workers: str) -> None:
    code, _, err = call("train", "pets.net", f"--workers={workers}")
    assert code == 2
    assert "not a whole number" in err


def test_classes_in_the_names_of_files(call: Call) -> None:
    """Train, evaluate on the split and on another folder, and predict the unlabelled test part."""
    for part in ("train", "test"):
        Path("flat", part).mkdir(parents=True)
        for place, path in enumerate(sorted(Path("pets", part).rglob("*.png"))):
            name = f"{path.parent.name}.{path.stem}.png" if part == "train" else f"{place + 1}.png"
            path.rename(Path("flat", part, name))
    spec = SPEC.replace('folder "pets"', 'folder "flat" label="{class}.*"\n  split validation=4')
    Path("flat.net").write_text(spec)
    code, _, err = call("train", "flat.net", "--run", "run")
    assert code == 0, err
    assert "8 train, 4 validation images of 2 classes: cat, dog" in err
    assert "test is passed over: its files are not named for the classes to train on" in err
    code, out, _ = call("evaluate", "run", "--format", "json")
    assert (code, json.loads(out)["part"], json.loads(out)["images"]) == (0, "validation", 4)
    code, out, _ = call("evaluate", "run", "--data", "flat/train", "--format", "json")
    assert (code, json.loads(out)["images"]) == (0, 12)
    code, out, _ = call("predict", "run", "flat/test", "--class", "dog")
    assert code == 0
    assert [line.partition(",")[0] for line in out.splitlines()] == ["id", *map(str, range(1, 13))]
