"""`specnet diff A B -o x.svg`: the difference of two networks as a picture."""

from __future__ import annotations

import shutil
from pathlib import Path
from xml.etree import ElementTree

import pytest

from specnet.cli import main

BEFORE = "net Small\ninput 32x32x3\nlet width = 4\na: conv K=width F=3 -> relu\np: pool max F=2\nfc 10\n"

needs_dot = pytest.mark.skipif(not shutil.which("dot"), reason="Graphviz's program dot is not installed")


@pytest.fixture(autouse=True)
def _specs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.net").write_text(BEFORE)
    Path("b.net").write_text(BEFORE.replace("p: pool max F=2", "p: pool avg F=2"))


def test_both_the_text_and_the_picture_are_made(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diff", "a.net", "b.net", "-o", "out.dot"]) == 1
    out, err = capsys.readouterr()
    assert "pool max F=2 → pool avg F=2" in out and err == "wrote out.dot\n"
    assert "was pool max F=2" in Path("out.dot").read_text(encoding="utf-8")


def test_settings_of_one_side_can_be_drawn() -> None:
    assert main(["diff", "a.net", "--set-right", "width=8", "-o", "out.mmd"]) == 1
    flowchart = Path("out.mmd").read_text(encoding="utf-8")
    assert "30×30×4 → 30×30×8" in flowchart and "was conv K=4 F=3" in flowchart


@needs_dot
def test_the_picture_is_well_formed() -> None:
    assert main(["diff", "a.net", "b.net", "-o", "out.svg"]) == 1
    shown = " ".join(ElementTree.parse("out.svg").getroot().itertext())
    assert "~ p" in shown.replace("\xa0", " ")


def test_a_theme_is_that_of_a_picture(capsys: pytest.CaptureFixture[str]) -> None:
    for theme in ("light", "dark"):
        assert main(["diff", "a.net", "b.net", "--theme", theme, "-o", f"{theme}.dot"]) == 1
    assert Path("light.dot").read_text() != Path("dark.dot").read_text()
    assert main(["diff", "a.net", "b.net", "--theme", "dark"]) == 2
    assert "--theme goes with -o" in capsys.readouterr().err


def test_the_same_network_is_drawn_as_such() -> None:
    assert main(["diff", "a.net", "a.net", "-o", "out.dot"]) == 0
    assert "a … fc1" in Path("out.dot").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "output, message",
    [("out.gif", "name a file that ends in .svg, .png, .pdf, .dot, .mmd"), ("a.net", "a.net"), (".", "directory")],
)
def test_what_cannot_be_written_is_said(output: str, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diff", "a.net", "b.net", "-o", output]) == 2
    assert message in capsys.readouterr().err
    assert Path("a.net").read_text() == BEFORE


def test_without_dot_the_message_says_what_works(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    assert main(["diff", "a.net", "b.net", "-o", "out.svg"]) == 2
    err = capsys.readouterr().err
    assert "Graphviz" in err and "`-o out.mmd`, `-o out.dot` work without it" in err


def test_a_broken_spec_is_not_compared(capsys: pytest.CaptureFixture[str]) -> None:
    Path("b.net").write_text(BEFORE.replace("F=3", "F=99"))
    assert main(["diff", "a.net", "b.net", "-o", "out.dot"]) == 1
    assert "error[" in capsys.readouterr().err and not Path("out.dot").exists()
