"""Tests of training use no data of the user's cache, download none, and draw plots only where they say so."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def _no_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("SPECNET_DATA", raising=False)


@pytest.fixture(autouse=True)
def _plain_figures(plain_figures: None) -> None:
    """Plots are blank unless a test uses `drawn_figures`."""
