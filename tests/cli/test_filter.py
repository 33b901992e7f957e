"""`specnet filter`: kernels and specs applied to pictures, sheets, and numbers worked out."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

Call = Callable[..., tuple[int, str, str]]


@pytest.fixture(autouse=True)
def picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> np.ndarray:
    """Write a picture of 20×30 pixels into the current folder, and return these."""
    monkeypatch.chdir(tmp_path)
    pixels = np.random.default_rng(0).integers(0, 256, (20, 30, 3), np.uint8)
    Image.fromarray(pixels).save("in.png")
    return pixels


def read(name: str) -> np.ndarray:
    return np.asarray(Image.open(name)).astype(int)


def test_a_blur(call: Call, picture: np.ndarray) -> None:
    code, out, err = call("filter", "in.png", "--kernel", "box_blur", "-o", "out.png")
    assert (code, out, err) == (0, "", "wrote out.png, 20×30\n")
    assert abs(read("out.png")[4, 7] - picture[3:6, 6:9].mean((0, 1))).max() <= 0.5


def test_values_that_no_picture_has(call: Call) -> None:
    """An edge detector's values are negative in about half of the places: clipped, without sign, or stretched."""
    found = {}
    for how in ("clip", "absolute", "stretch"):
        code, out, err = call(
            "filter", "in.png", "--kernel", "sobel_x", "-o", "out.png", "--values", how, "--format", "json"
        )
        assert code == 0
        assert "of the values are below 0" in err
        assert ("they were clipped" in err) == (how == "clip")
        found[how], record = read("out.png"), json.loads(out)
    assert (record["shape"], record["kernels"]) == ([20, 30, 3], ["sobel_x"])
    assert record["low"] < 0 < 255 < record["high"]
    assert (found["clip"] == 0).mean() == pytest.approx(record["below_0"], abs=0.02)
    assert (found["absolute"] == 0).mean() < 0.02
    assert (found["stretch"].min(), found["stretch"].max()) == (0, 255)


def test_a_spec_and_its_kernels_agree(call: Call) -> None:
    """The size of the spec's input is that of the picture; its single channel makes the picture grey."""
    Path("edges.net").write_text("input 8x8x1\nfilter gaussian_blur P=same -> pad 1 reflect -> filter sobel_x\n")
    assert call("filter", "in.png", "--spec", "edges.net", "-o", "spec.png")[0] == 0
    kernels = ("--kernel", "gaussian_blur", "--kernel", "sobel_x")
    call("filter", "in.png", "--grey", *kernels, "-o", "kernels.png")
    assert abs(read("spec.png") - read("kernels.png"))[1:-1, 1:-1].max() <= 1  # they pad in other ways
    assert read("spec.png").shape == (20, 30)


@pytest.mark.parametrize(
    ("spec", "code", "message"),
    [
        ("input 8x8x3\nconv K=3 F=3\n", 2, "learns 84 parameters; only fixed layers filter a picture"),
        ("input 8x8x3\nflatten\n", 2, "needs one input and one output of 1 or 3 channels"),
        ("input 8x8x2\nfilter edge\n", 2, "needs one input and one output of 1 or 3 channels"),
        ("input 8x8x3\nfilter edgy\n", 1, "error[E"),
        ("input 8x8x3\nfilter edge => 6x6x3\npool max F=40\n", 1, "error[E302]"),
    ],
)
def test_a_spec_that_makes_no_picture(call: Call, spec: str, code: int, message: str) -> None:
    Path("x.net").write_text(spec)
    found, out, err = call("filter", "in.png", "--spec", "x.net", "-o", "out.png")
    assert (found, out) == (code, "")
    assert message in err
    assert not Path("out.png").exists()


@pytest.mark.parametrize("options", [(), ("--grey",), ("--kernel", "sobel_x", "--kernel", "[1, 2, 1/3]")])
def test_a_sheet(call: Call, options: tuple[str, ...]) -> None:
    code, _, err = call("filter", "in.png", "--sheet", "-o", "sheet.png", *options)
    assert (code, err) == (0, f"wrote sheet.png, {2 if '--kernel' in options else 14} kernels\n")
    pixels = read("sheet.png")
    assert pixels.shape[1] == 24 + (3 if "--kernel" in options else 5) * (240 + 24)
    assert (pixels == 255).mean() > 0.2


def test_numbers(call: Call) -> None:
    words = ("filter", "--numbers", "[[1, 2], [3, 4]]", "--kernel", "[[0, 1], [2, 3]]")
    assert "row 1, column 1: 1·0 + 2·1 + 3·2 + 4·3 = 20" in call(*words)[1]
    assert "row 1, column 1: 1·3 + 2·2 + 3·1 + 4·0 = 10" in call(*words, "--flip")[1]
    record = json.loads(call(*words, "--format", "json")[1])
    assert (record["operation"], record["output"]) == ("cross-correlation", [[20.0]])
    assert record["windows"] == [{"row": 0, "column": 0, "products": [0.0, 2.0, 6.0, 12.0], "sum": 20.0}]


@pytest.mark.parametrize("words", [("in.png", "--numbers"), ("--numbers", "in.png")])
def test_numbers_of_a_picture(call: Call, words: tuple[str, ...]) -> None:
    code, out, err = call("filter", *words, "--kernel", "sobel_x")
    assert (code, err) == (0, "in.png in grey, rows from 8 and columns from 13\n")
    assert "output 4×4: (6 − 3 + 0)/1 + 1 = 4" in out
    grey = np.asarray(Image.open("in.png").convert("L"))
    assert [int(number) for number in out.splitlines()[3].split()] == grey[7, 12:18].tolist()


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["in.png"], 2, "name a kernel, such as --kernel sobel_x"),
        (["in.png", "--kernel", "sobel_x"], 2, "name the picture to write: -o out.png"),
        (["--kernel", "sobel_x", "-o", "out.png"], 2, "name an image to filter"),
        (["no.png", "--kernel", "sobel_x", "-o", "out.png"], 2, "there is no file no.png"),
        (["broken.png", "--kernel", "sobel_x", "-o", "out.png"], 1, "broken.png cannot be read: no image of a known"),
        (["in.png", "--kernel", "sobelx", "-o", "out.png"], 2, "did you mean `sobel_x`?"),
        (["in.png", "--kernel", "sobel_x", "-o", "out.gif"], 2, "name a file that ends in .png"),
        (["in.png", "--kernel", "sobel_x", "-o", "in.png"], 2, "is what the command reads"),
        (["in.png", "--kernel", "sobel_x", "-o", "no/out.png"], 2, "cannot be written"),
        (["thin.png", "--kernel", "box_blur:9", "--edges", "none", "-o", "out.png"], 2, "does not fit into 2"),
        (["--numbers", "[1, 2]"], 2, "name one --kernel"),
        (["--numbers", "no.png", "--kernel", "sobel_x"], 2, "there is no file no.png"),
        (["--numbers", "--kernel", "sobel_x"], 2, "name the numbers, --numbers [1, 2, 1/6], or an image"),
        (["--numbers", "[1, 1e3]", "--kernel", "sobel_x"], 2, "`1e3` is no number of at most 15 digits"),
        (["--numbers", "[1, 1234567890123456]", "--kernel", "sobel_x"], 2, "no number of at most 15 digits"),
        (["--numbers", "1 2 3; 4 5 6", "--kernel", "sobel_x"], 2, "is no list of numbers, as [1, 2, 1/6]"),
        (["in.png", "--numbers", "[1, 2]", "--kernel", "sobel_x", "--grey"], 2, "leave --grey out"),
        (["--numbers", "[]", "--kernel", "sobel_x"], 2, "[[1, 0], [0, 1]]: it is empty"),
        (["--numbers", "[1, 2]", "--kernel", "sobel_x", "-o", "out.png"], 2, "leave -o out"),
        (["in.png", "--numbers", "--kernel", "sobel_x", "--values", "clip"], 2, "leave --values out"),
        (["in.png", "--numbers", "[1, 2]", "--kernel", "sobel_x"], 2, "has its own list, and in.png too"),
        (["thin.png", "--numbers", "--kernel", "sobel_x"], 2, "does not fit into 2"),
        (["--numbers", "--sheet"], 2, "not allowed with"),
        (["in.png", "--spec", "no.net", "-o", "out.png"], 2, "there is no file no.net"),
        (["in.png", "--spec", "x.net", "--flip", "-o", "out.png"], 2, "leave --kernel, --edges and --flip out"),
    ],
)
def test_refusals(call: Call, words: list[str], code: int, message: str) -> None:
    Path("broken.png").write_text("no picture")
    Image.new("L", (2, 2)).save("thin.png")
    found, out, err = call("filter", *words)
    assert (found, out) == (code, "")
    assert message in err


def test_pictures_of_all_modes(call: Call) -> None:
    Image.fromarray(np.arange(600, dtype=np.uint16).reshape(20, 30) * 100).save("deep.png")
    Image.new("P", (9, 8)).save("palette.png")
    Image.new("RGBA", (9, 8), (200, 0, 0, 0)).save("clear.png")
    for name, shape in (("deep", (20, 30, 3)), ("palette", (8, 9, 3)), ("clear", (8, 9, 3))):
        assert call("filter", f"{name}.png", "--kernel", "box_blur", "-o", f"{name}_out.png")[0] == 0
        assert read(f"{name}_out.png").shape == shape
    assert read("clear_out.png")[4, 4].tolist() == [255, 255, 255]


def test_kernels_need_no_torch() -> None:
    code = (
        "import sys; sys.modules['torch'] = None; from specnet.cli import main; "
        "sys.exit(main(['filter', 'in.png', '--kernel', 'edge', '-o', 'out.png']))"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
