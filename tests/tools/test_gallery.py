"""The tools that make the gallery: what they keep, scale and leave out."""

from __future__ import annotations

import sys
from pathlib import Path

import bench_drawing
import pytest
from bench.timing import Program
from gallery import others, page, programs


def test_a_page_names_its_files_once(tmp_path: Path) -> None:
    file = tmp_path / "page.md"
    file.write_text(
        '<source srcset="a-dark.svg"><img src="a.svg">\n![a](a.svg) [b](b.md) [c](https://example.org/c.svg) [d](#d)\n',
        encoding="utf-8",
    )
    assert page.linked_files(file) == ["a-dark.svg", "a.svg", "b.md"]


def test_a_dark_picture_is_made_by_the_command_of_the_light_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands: list[str] = []
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(page, "list_commands", lambda: ["specnet draw a -o a.svg", "specnet draw b -o b.svg"])
    monkeypatch.setattr(page, "run_command", commands.append)
    page.make("b-dark.svg")
    page.make("c.svg")
    assert commands == ["specnet draw b -o b-dark.svg --theme dark"]


def test_the_letters_of_a_drawing_are_measured(tmp_path: Path) -> None:
    drawing = tmp_path / "drawing.svg"
    drawing.write_text(
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 538 1570">'
        '<text font-size="3"> </text><text font-size="9">a</text></svg>'
    )
    width, height, letters = others.measure_drawing(drawing)
    assert (width, height, letters, others.fit_page(width, height)) == (538, 1570, 9, 0.5)


def test_a_long_picture_is_scaled_down(tmp_path: Path) -> None:
    image = pytest.importorskip("PIL.Image", reason="Pillow is not installed")
    image.new("RGB", (100, 4_000)).save(tmp_path / "drawn.png")
    assert others.save_scaled(tmp_path / "drawn.png", tmp_path / "kept.png") == (100, 4_000)
    with image.open(tmp_path / "kept.png") as kept:
        assert kept.size == (40, 1_600)


@pytest.mark.parametrize(
    ("tool", "size", "expected"),
    [
        ("torchview", (507, 10_397), "507×10,397 pixels, shown at 1/6.5, text of 1.0 pt on A4"),
        ("netron", (316, 1_718), "316×1,718 pixels, shown at 1/1.1, text of 4.1 pt on A4"),
        ("visualtorch", (3_511, 302), "3,511×302 pixels, shown at 1/3.5, no text"),
    ],
)
def test_a_picture_is_described(tool: str, size: tuple[int, int], expected: str) -> None:
    assert others.describe(tool, *size) == expected


def test_a_tool_that_is_not_installed_is_skipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(others, "MODULES", dict.fromkeys(programs.MODULES, ()))
    monkeypatch.setattr(others, "find_missing", lambda tool: ["a", "b"])
    assert list(others.save_all(tmp_path)) == [f"{tool}: skipped: not installed: a, b" for tool in programs.MODULES]


@pytest.mark.parametrize("code", [*programs.TORCH.values(), *programs.KERAS.values()])
@pytest.mark.parametrize("drawing", [programs.TORCHVIEW, programs.PLOT_MODEL, programs.VISUALTORCH, programs.ONNX])
def test_the_programs_are_python(code: str, drawing: str) -> None:
    compile(code + drawing, "program", "exec")


def test_what_is_measured(tmp_path: Path) -> None:
    alexnet, resnet50 = bench_drawing.list_comparisons(tmp_path)
    assert "specs/alexnet.net" in alexnet.ours.command
    assert list(resnet50.others) == [*bench_drawing.FORMS, *bench_drawing.OTHERS]
    for name, other in resnet50.others.items():
        if isinstance(other, Program):
            assert other.command[0] == sys.executable
        else:
            assert other.startswith("not installed: "), name
