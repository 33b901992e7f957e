"""`specnet diff` says where two networks differ in names alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from specnet.cli import main

ONE = "input 8x8x4\nconv K=4 F=3 P=1 -> relu\nfc 3\n"
OTHER = "input 8x8x4\nfirst: conv K=4 F=3 P=1\nblock act() { relu }\nact\nlast: fc 3\n"


@pytest.fixture(autouse=True)
def _specs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("one.net").write_text(ONE)
    Path("other.net").write_text(OTHER)
    Path("larger.net").write_text(OTHER.replace("fc 3", "fc 4"))


@pytest.mark.parametrize(("other", "is_same_graph"), [("other", True), ("larger", False)])
def test_the_same_graph_under_other_names_is_named(
    other: str, is_same_graph: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["diff", "one.net", f"{other}.net"]) == 1
    assert capsys.readouterr().out.endswith("\nthe same graph, apart from names and ways of writing\n") == is_same_graph
    assert main(["diff", "one.net", f"{other}.net", "--format", "json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert (found["same"], found["same_graph"]) == (False, is_same_graph)


def test_the_same_network_is_the_same_graph(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diff", "one.net", "one.net", "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["same"] and found["same_graph"]
