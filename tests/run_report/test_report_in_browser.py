"""The report in a real browser: it fits into a phone, and breaks no rule of its own."""

from __future__ import annotations

from pathlib import Path

import pytest
from browser import assert_breaks_no_rule, start_browser

import specnet

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def html(home: Path) -> str:
    return specnet.report(home / "run", data_dir=home).html


@pytest.mark.parametrize("width", [390, 1280])
def test_it_fits(html: str, tmp_path: Path, width: int) -> None:
    assert start_browser(tmp_path).measure_overflow(html, width) == "0"


def test_it_breaks_no_rule(html: str, tmp_path: Path) -> None:
    assert_breaks_no_rule(start_browser(tmp_path), html)
