"""Keras and Flax source, run: with torch's weights, it gives torch's outputs to 1e-4."""

from __future__ import annotations

import os
from pathlib import Path
from runpy import run_path
from types import ModuleType

import pytest
from paths import ROOT, SPECS

os.environ.setdefault("KERAS_BACKEND", "torch")

pytest.importorskip("torch")

import source_equality
from source_equality import TOLERANCE, compare, describe

ROWS: dict[str, list[str]] = run_path(str(ROOT / "tests" / "layers" / "test_conformance.py"))["ROWS"]
"""Specs of every kind of layer, with every attribute."""

UNWRITTEN = {
    "keras": {
        "input 13x9x4\ndeconv K=6 F=3x4 S=2x3 P=1 OP=1x2 bias=no",
        "input 13x9x4\ndeconv K=6 F=3 D=2x3 G=2",
        "input 13x9x4\npool max F=3 S=2 P=1 D=2x1",
        "input 13x9x4\npool max F=3 S=1 D=2 P=same",
        "input 13x9x4\npool avg F=4 S=3 P=0:2 ceil",
        "input 13x9x4\nupsample to=20x31 bicubic",
        "input 13x9x4 -> @a\nconv K=3 F=4 -> upsample bicubic like=@a",
        "input 13x9x4\npad 1x20 replicate",
    },
    "flax": {
        "input 13x9x4\ndeconv K=6 F=3 D=2x3 G=2",
        "input 13x9x4\npool max F=3 S=2 P=1 D=2x1",
        "input 13x9x4\npool max F=3 S=1 D=2 P=same",
        "input 13x9x4\npool avg F=4 S=3 P=0:2 ceil",
        "input 13x9x4\nupsample to=20x31 bicubic",
        "input 13x9x4 -> @a\nconv K=3 F=4 -> upsample bicubic like=@a",
    },
}
"""The specs that have no counterpart."""

SMALL = (
    "airbench94 dcgan digits embedding-mnist googlenet-heads mnist mobilenet-v2 mobilevit-s pvt-v2-b0 resnet18 "
    "shufflenet-v1 siamese-mnist swin-t unet-scenes vit-ti-16 wide-resnet28-10"
)
"""Networks of the zoo with blocks, loops, heads, shared weights, attention, transposed convolutions."""


@pytest.fixture(params=["keras", "flax"])
def language(request: pytest.FixtureRequest) -> str:
    """A language whose library is installed."""
    pytest.importorskip(request.param)
    return str(request.param)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # the libraries' own
@pytest.mark.parametrize("kind", ROWS)
def test_layers(kind: str, language: str, tmp_path: Path) -> None:
    unwritten = set[str]()
    for text in ROWS[kind]:
        file = tmp_path / "a.net"
        file.write_text(text, encoding="utf-8")
        outcome, difference = describe(file, language, tmp_path)
        assert outcome != "different", (text, difference)
        unwritten |= {text} if outcome == "unwritten" else set()
    assert unwritten == UNWRITTEN[language] & {*ROWS[kind]}


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # the libraries' own
@pytest.mark.parametrize("name", SMALL.split())
def test_networks(name: str, language: str, tmp_path: Path) -> None:
    assert compare(SPECS / f"{name}.net", language, tmp_path) <= TOLERANCE


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # the libraries' own
def test_a_mistake_in_the_weights_shows(language: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = source_equality.import_source

    def load_and_spoil(path: Path) -> ModuleType:
        path.write_text(path.read_text(encoding="utf-8").replace("value.T", "value"), encoding="utf-8")
        return loaded(path)

    monkeypatch.setattr(source_equality, "import_source", load_and_spoil)
    file = tmp_path / "a.net"
    file.write_text("input 6x6x3\nconv K=4 F=3 -> pool avg global -> fc 4\n", encoding="utf-8")
    assert compare(file, language, tmp_path) > TOLERANCE
