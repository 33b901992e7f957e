"""Pages in a real browser: they fit into a phone, and break no rule of their own."""

from __future__ import annotations

from pathlib import Path

import pytest
from browser import assert_breaks_no_rule, start_browser
from test_shell import HOSTILE, make_page

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("width", [390, 1280])
def test_it_fits(tmp_path: Path, width: int) -> None:
    assert start_browser(tmp_path).measure_overflow(make_page(HOSTILE).html, width) == "0"


def test_it_breaks_no_rule(tmp_path: Path) -> None:
    assert_breaks_no_rule(start_browser(tmp_path), make_page(HOSTILE).html)
