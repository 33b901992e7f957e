"""The commands and programs of the README run as written."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from model_seeds import CAFFE
from paths import ROOT

from specnet.cli import main

README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(\w*)\n(.*?)```", README, flags=re.DOTALL)
CONSOLE = [block for language, block in BLOCKS if language == "console"]
COMMANDS = [line[2:] for block in CONSOLE for line in block.splitlines() if line.startswith("$ ")]
MAKE = re.findall(r"^make (\S+)", "".join(block for language, block in BLOCKS if language == "sh"), flags=re.MULTILINE)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with the specs, the README's example and a model of another tool."""
    shutil.copytree(ROOT / "specs", tmp_path / "specs")
    (tmp_path / "lecture.net").write_text(next(block for language, block in BLOCKS if not language), encoding="utf-8")
    (tmp_path / "small.prototxt").write_text(CAFFE, encoding="utf-8")
    return tmp_path


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with one epoch of the README's run, and the image of a seven."""
    pytest.importorskip("torch", reason="training needs torch")
    from PIL import Image
    from sklearn.datasets import load_digits

    folder = tmp_path_factory.mktemp("trained")
    assert main(["train", str(ROOT / "specs/digits.net"), "--run", str(folder / "runs/digits"), "--epochs", "1"]) == 0
    pixels = load_digits().images[7] / 16 * 255
    Image.fromarray(pixels.astype("uint8")).save(folder / "seven.png")
    return folder


def test_the_example_prints_what_the_readme_shows(folder: Path) -> None:
    command, _, shown = CONSOLE[0].removeprefix("$ ").partition("\n")
    words = [sys.executable, "-m", *command.split()]
    assert subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False).stdout == shown


def mark(command: str) -> object:
    """Mark the sweep, whose runs are trained in processes that import torch anew."""
    return pytest.param(command, marks=pytest.mark.slow) if " sweep " in command else command


@pytest.mark.parametrize("command", [*map(mark, COMMANDS)])
def test_each_command_does_what_it_says(
    command: str,
    folder: Path,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Run it in this process, which has imported torch already."""
    program, *words = command.split()
    assert program == "specnet"
    monkeypatch.chdir(folder)
    if " draw " in command and not shutil.which("dot"):
        pytest.skip("Graphviz's dot is not here")
    if " train " in command:
        torch = pytest.importorskip("torch", reason="training needs torch")
        if "--gpu" in command and not torch.cuda.is_available():
            assert main(words) == 2
            assert re.search("no GPU|CUDA", capsys.readouterr().err)
            return
        words += ["--epochs", "2"]  # the lesson on digits trains as long as the spec says
    elif "runs" in command:
        shutil.copytree(request.getfixturevalue("trained"), folder, dirs_exist_ok=True)
    if "--to onnx" in command:
        for library in ("onnx", "onnxscript", "onnxruntime"):
            pytest.importorskip(library, reason=f"the format needs {library}: pip install '.[export]'")
    if " report " in command or " train " in command:
        request.getfixturevalue("plain_figures")
    assert main(words) == (1 if "lecture" in command or " diff " in command else 0), capsys.readouterr().err
    for written in re.findall(r"-o (\S+)", command):
        assert (folder / written).stat().st_size > 300


def test_the_python_example(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("torch", reason="compiling to a module needs torch")
    monkeypatch.chdir(folder)
    exec(next(block for language, block in BLOCKS if language == "python"), {})
    assert capsys.readouterr().out == "62378344\n"


def test_the_action_takes_what_the_readme_gives_it() -> None:
    action, hooks = (block for language, block in BLOCKS if language == "yaml")
    inputs = (ROOT / "action.yml").read_text(encoding="utf-8").partition("inputs:\n")[2].partition("\nruns:")[0]
    assert re.findall(r"^    (\w+): ", action, flags=re.MULTILINE) == re.findall(r"^  (\w+):$", inputs, re.MULTILINE)
    known = (ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8")
    assert re.findall(r"id: ([\w-]+)", hooks) == re.findall(r"^- id: ([\w-]+)$", known, flags=re.MULTILINE)


def test_the_make_targets_are_there() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert MAKE == ["demo", "test"]
    assert all(f"\n{target}:" in makefile for target in MAKE)
