"""`specnet sizes` as a user meets it: sentences, JSON, exit codes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from paths import ROOT

from specnet.cli import main

SOUND, BROKEN = "input 33x32x3\nconv K=4 F=3 S=2x1\nfc 10\n", "input 32x32x3\nconv K=10 F=7\nconv K=6 F=5 S=2\n"


@pytest.fixture
def spec(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], str]:
    """Writes a spec into an empty folder and gives its name there."""
    monkeypatch.chdir(tmp_path)

    def write(text: str) -> str:
        Path("a.net").write_text(text, encoding="utf-8")
        return "a.net"

    return write


@pytest.mark.parametrize("name", ["alexnet", "resnet50", "zfnet", "siamese", "dcgan"])
def test_the_sentences_on_a_published_network(
    name: str, capsys: pytest.CaptureFixture[str], golden: Callable[[str, str], None]
) -> None:
    assert main(["sizes", str(ROOT / f"specs/{name}.net")]) == 0
    golden(f"sizes-{name}.txt", capsys.readouterr().out)


def test_the_page_shows_what_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    page = (ROOT / "docs/sizes.md").read_text(encoding="utf-8")
    command, _, shown = page.partition("```console\n$ specnet ")[2].partition("```")[0].partition("\n")
    assert main(command.split()) == 0
    assert capsys.readouterr().out == shown


@pytest.mark.parametrize(
    ("text", "arguments", "shown"),
    [
        (SOUND, [], ["height\n  valid    3, 5, 7, … (n ≡ 1 mod 2)", "width\n  valid    every size from 3 on"]),
        (SOUND, [], ["fit 33 only, as those of `fc1` grow with the input", "smallest  3×3×3  3×3×3\n"]),
        (SOUND, ["--near", "8x8"], ["nearest to 8×8×3  9×8×3  9×8×3\n"]),
        (SOUND, ["--near", "8"], ["nearest to 8×8×3  9×8×3  9×8×3\n"]),
        (SOUND, ["--near", "1x1x3"], ["nearest to 1×1×3  3×3×3  3×3×3\n"]),
        (SOUND, ["--input", "9x9x3"], ["9×9×3 is exact\n", "fit 9 only"]),
        (BROKEN, [], ["network: 32×32×3 is not valid: `conv2` leaves real pixels unread: (26 − 5 + 0)/2 + 1 = 11.5\n"]),
        (BROKEN, [], ["11, 13, 15, … (n ≡ 1 mod 2)\n", "nearest to 32×32×3  33×33×3  33×33×3\n"]),
        ("input 9x9x3\npool max F=3 S=2 P=1\npool max F=2 S=5 floor\n", [], ["exact    none"]),
        (
            "input 4x6x2\nreshape 24x2x1\n",
            [],
            ["height, with a width of 6\n  valid    4\n", "nearest shapes are not known\n"],
        ),
        ("input 30\nreshape 5x6x1\nconv K=1 F=2\n", ["--near", "7"], ["length\n", "nearest to 7  30"]),
        ("input 12x12x4\npermute CHW\nconv K=4 F=2 G=4 P=1\n", [], ["4, 8, 12, … (n ≡ 0 mod 4)\n"]),
        (
            "input 12x9x3\nif H > 8 { pool max F=3 floor }\nfc 3\n",
            [],
            ["height, with a width of 9\n", "all sizes from 21 on"],
        ),
        ("input 9x16\nattention heads=4 window=3\n", ["--near", "10"], ["3, 6, 9, …", "nearest to 10×16  9×16"]),
        ("input 8x8x3\ntokens -> map 4x16\n", [], ["squares\n  valid    8\n"]),
    ],
)
def test_what_is_said_of_small_networks(
    capsys: pytest.CaptureFixture[str], spec: Callable[[str], str], text: str, arguments: list[str], shown: list[str]
) -> None:
    assert main(["sizes", spec(f"net network\n{text}"), *arguments]) == 0
    out = capsys.readouterr().out
    for each in shown:
        assert each in out


def test_json(capsys: pytest.CaptureFixture[str], spec: Callable[[str], str]) -> None:
    assert main(["sizes", spec(SOUND), "--near", "8x8", "--format", "json"]) == 0
    report: dict[str, Any] = json.loads(capsys.readouterr().out)
    (sizes,) = report.pop("sizes")
    assert report == {
        "schema": 1,
        "file": "a.net",
        "network": "a",
        "inputs": [{"name": "input", "shape": [33, 32, 3]}],
        "valid": True,
        "exact": True,
        "refused": None,
        "rounds": None,
    }
    height, width = sizes.pop("axes")
    odd = {"from": 2, "modulus": 2, "remainders": [1], "others": []}
    weights = {"from": 34, "modulus": 1, "remainders": [], "others": [33]}
    assert height == {"name": "height", "valid": odd, "exact": odd, "weights": weights, "untried": None}
    assert width["valid"] == {"from": 3, "modulus": 1, "remainders": [0], "others": []}
    assert sizes == {
        "names": ["input"],
        "shape": [33, 32, 3],
        "independent": True,
        "square": None,
        "smallest": {"valid": [3, 3, 3], "exact": [3, 3, 3]},
        "nearest": {"to": [8, 8, 3], "valid": [9, 8, 3], "exact": [9, 8, 3]},
    }


@pytest.mark.parametrize(
    ("text", "arguments", "code", "message"),
    [
        (SOUND, ["--near", "8x8x1"], 2, "--near 8x8x1: the input of a.net is 33×32×3"),
        (SOUND, ["--near", "0x8"], 2, "--near 0x8: write HxW, such as 224x224"),
        (SOUND, ["--near", "8x8x3x1"], 2, "--near 8x8x3x1: write HxW"),
        (SOUND, ["--near", "big"], 2, "--near big: write HxW"),
        ("input 8\nfc 3\n", ["--near", "8x8"], 2, "--near 8x8: the input of a.net is 8"),
        (SOUND, ["--set", "width=3"], 2, "the spec has no `let width`"),
        ("input 8x8x3\nconvv K=3 F=3\n", [], 1, "error[E101]"),
        ("input 8x8x3\nconv K=3 F=3 G=2\n", [], 1, "no other size of its input mends the spec"),
        ("input 8x8x3\nconv K=3 F=(\n", [], 1, "error[E003]"),
        ("conv K=3 F=3\n", [], 1, "error[E005]"),
        ("block b() { relu }\n", [], 1, "a.net holds blocks alone, and no network"),
    ],
)
def test_what_cannot_be_answered(
    capsys: pytest.CaptureFixture[str],
    spec: Callable[[str], str],
    text: str,
    arguments: list[str],
    code: int,
    message: str,
) -> None:
    assert main(["sizes", spec(text), *arguments]) == code
    captured = capsys.readouterr()
    assert captured.out == ""
    assert message in captured.err


@pytest.mark.parametrize(
    "text",
    [
        "input 30000x30000x3\nrepeat 9000 { conv K=8 F=3 -> relu }\n",
        "input 33x33x3\nrepeat 3000 { conv K=H F=3 P=1 -> relu }\n",
        "input 224x224x3\nconv K=3 F=11 S=4\nrepeat 6000 { conv K=6 F=3 P=1 -> relu }\n",
        "input 64x64x3\npool max F=2 S=997 floor\npool avg to=7x11\n",
    ],
)
@pytest.mark.slow
def test_a_search_ends(capsys: pytest.CaptureFixture[str], spec: Callable[[str], str], text: str) -> None:
    assert main(["sizes", spec(text)]) == 0
    assert "valid" in capsys.readouterr().out
