"""The cell magic `%%specnet`, in a shell that is not there, and in IPython where it is installed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import specnet
from specnet.cli.cell_magic import Refusal, check_cell
from specnet.page.media import NetworkDisplay

CELL = "input 8x8x3\nblock b(K) { conv K=K F=3 -> pool max F=2 }\nb 4\nfc 3"


class Shell:
    """Keeps the magics that are registered with it."""

    def __init__(self) -> None:
        self.magics: dict[str, Callable[[str, str], Any]] = {}

    def register_magic_function(self, function: Callable[[str, str], Any], kind: str, name: str) -> None:
        self.magics[f"{kind} {name}"] = function


@pytest.fixture(autouse=True)
def _without_graphviz(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")


def test_the_extension_adds_the_magic() -> None:
    shell = Shell()
    specnet.load_ipython_extension(shell)
    shown = shell.magics["cell specnet"]("", CELL)
    assert isinstance(shown, NetworkDisplay)
    assert shown.checked.ok
    assert "fc1" in shown._repr_mimebundle_()["text/plain"]


@pytest.mark.parametrize(
    ("line", "depth", "style"), [("", None, "layers"), ("--depth 0", 0, "layers"), ("--style volumes", None, "volumes")]
)
def test_its_options(line: str, depth: int | None, style: str) -> None:
    shown = check_cell(line, CELL)
    assert isinstance(shown, NetworkDisplay)
    assert (shown.depth, shown.style) == (depth, style)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("--depth x", "'x' is not a whole number from 0"),
        ("--depth", "expected one argument"),
        ("--style cake", "invalid choice: 'cake'"),
        ("more", "unrecognized arguments: more"),
        ("'open", "No closing quotation"),
    ],
)
def test_a_line_that_makes_no_sense_is_refused_in_words(line: str, message: str) -> None:
    refusal = check_cell(line, CELL)
    assert isinstance(refusal, Refusal)
    assert message in repr(refusal)


def test_errors_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    shown = check_cell("", "input 8x8x3\nfoo")
    assert isinstance(shown, NetworkDisplay)
    assert "error[E101]" in shown._repr_mimebundle_()["text/plain"]
    assert capsys.readouterr() == ("", "")


def test_it_works_in_ipython() -> None:
    shell_class = pytest.importorskip("IPython.core.interactiveshell").InteractiveShell
    shell = shell_class()
    shell.run_line_magic("load_ext", "specnet")
    shell.run_cell_magic("specnet", "", CELL)
    data, _ = shell.display_formatter.format(specnet.check(CELL))
    assert {"text/plain", "text/html"} <= data.keys()
