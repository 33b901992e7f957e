"""A spec without an error is a network whose every shape is known."""

from __future__ import annotations

from pathlib import Path

import pytest
from paths import ROOT

from specnet.compiler import check_source
from specnet.source import Source

TEXTS = sorted([*ROOT.glob("specs/**/*.net"), *ROOT.glob("tests/errors/*.net")])


@pytest.mark.parametrize("file", TEXTS, ids=lambda file: file.stem)
def test_what_is_unknown_has_been_said(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(file.parent)
    checked = check_source(Source(file.name, file.read_text(encoding="utf-8")))
    assert not checked.ok or all(node.output for node in checked.network.nodes)
