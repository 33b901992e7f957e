"""A word about what takes long."""

from __future__ import annotations

import threading

import pytest

from specnet.cli import waiting
from specnet.cli.waiting import explaining_wait


def test_a_long_wait_is_explained(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    said = threading.Event()
    monkeypatch.setattr(waiting, "PATIENCE", 0.0)
    monkeypatch.setattr(waiting, "print_message", lambda words: (print(words), said.set()))
    with explaining_wait("a while"):
        assert said.wait(30)
    assert capsys.readouterr().out == "a while\n"


def test_a_short_one_is_not(capsys: pytest.CaptureFixture[str]) -> None:
    before = threading.active_count()
    with explaining_wait("a while"):
        pass
    assert capsys.readouterr() == ("", "") and threading.active_count() == before
