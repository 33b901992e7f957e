"""Pages in a real browser: they fit into a phone, and break no rule of their own."""

from __future__ import annotations

from pathlib import Path

import pytest
from browser import OVERFLOW, open_tab
from test_shell import HOSTILE, make_page

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("width", [390, 1280])
def test_it_fits_and_breaks_no_rule(tmp_path: Path, width: int) -> None:
    with open_tab(tmp_path) as tab:
        tab.show(make_page(HOSTILE, "document.title = 'run'").html, width)
        assert tab.evaluate("document.title") == "run"
        assert tab.evaluate(OVERFLOW) == 0
        assert tab.complaints == []


def test_a_script_that_got_into_it_does_not_run(tmp_path: Path) -> None:
    with open_tab(tmp_path) as tab:
        tab.show(make_page().html.replace("<main>", "<main><script>document.title = 'run'</script>"))
        assert tab.evaluate("document.title") != "run"
        assert "Content Security Policy" in tab.complaints[0]
