"""The report in a real browser: it fits into a phone, breaks no rule of its own, and draws its network."""

from __future__ import annotations

from pathlib import Path

import pytest
from browser import OVERFLOW, open_tab

import specnet

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("width", [390, 1280])
def test_it_fits_and_draws_its_network(home: Path, tmp_path: Path, width: int) -> None:
    with open_tab(tmp_path) as tab:
        tab.show(specnet.report(home / "run", data_dir=home).html, width)
        tab.wait("document.querySelectorAll('.network .node').length > 4")
        assert tab.evaluate(OVERFLOW) == 0
        assert tab.complaints == []
