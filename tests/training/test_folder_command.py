"""Image folders on the command line: what is said of them, and with which exit code."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
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
    assert "24 decoded images are read from" in err
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
    assert "11 (train)" in out


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
