"""Pages in a real browser: they fit into a phone, and break no rule of their own."""

from __future__ import annotations

import shutil
import subprocess
from html import escape
from pathlib import Path

import pytest
from test_shell import HOSTILE, make_page

import specnet

BROWSERS = ("chromium", "chromium-browser", "google-chrome")

pytestmark = pytest.mark.slow


@pytest.fixture
def browser(tmp_path: Path) -> list[str]:
    """Return the command of a browser without a window; skip the test where there is none."""
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if not found:
        pytest.skip(f"no browser is here: {', '.join(BROWSERS)}")
    return [found, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}"]


@pytest.fixture(params=["shell", "report"])
def html(request: pytest.FixtureRequest) -> str:
    if request.param == "shell":
        return make_page(HOSTILE).html
    home: Path = request.getfixturevalue("home")
    return specnet.report(home / "run", data_dir=home).html


@pytest.mark.parametrize("width", [390, 1280])
def test_it_fits(browser: list[str], html: str, width: int, tmp_path: Path) -> None:
    free = html.replace('http-equiv="Content-Security-Policy"', "")  # which would forbid to measure
    measure = "const root = document.documentElement; parent.document.title = root.scrollWidth - root.clientWidth"
    measured = free.replace("</body>", f"<script>{measure}</script></body>")
    frame = f'<iframe style="width:{width}px;height:900px;border:0" srcdoc="{escape(measured)}"></iframe>'
    (tmp_path / "frame.html").write_text(f"<!doctype html><title></title>{frame}", encoding="utf-8")
    done = subprocess.run(
        [*browser, "--virtual-time-budget=5000", "--dump-dom", f"file://{tmp_path}/frame.html"],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert "<title>0</title>" in done.stdout[:200]


def test_it_breaks_no_rule(browser: list[str], html: str, tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text(html, encoding="utf-8")
    done = subprocess.run(
        [*browser, "--enable-logging=stderr", "--v=0", "--dump-dom", f"file://{tmp_path}/page.html"],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.stdout.rstrip().endswith("</html>")
    assert "CONSOLE" not in done.stderr
