"""A browser without a window, to which pages are given."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from html import escape
from pathlib import Path

import pytest

BROWSERS = ("chromium", "chromium-browser", "google-chrome")


@dataclass(frozen=True)
class Browser:
    """A browser with a folder of its own, in which it keeps its profile and finds its pages."""

    program: str
    folder: Path

    def open(self, html: str, *options: str) -> subprocess.CompletedProcess[str]:
        """Open a page, and return what has become of it and the messages of the console."""
        (self.folder / "page.html").write_text(html, encoding="utf-8")
        return self.visit(f"file://{self.folder}/page.html", *options)

    def visit(self, address: str, *options: str) -> subprocess.CompletedProcess[str]:
        given = ("--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={self.folder / 'profile'}")
        logs = ("--enable-logging=stderr", "--v=0", "--dump-dom")
        command = [self.program, *given, *logs, *options, address]
        return subprocess.run(command, capture_output=True, text=True, timeout=120)

    def measure_overflow(self, html: str, width: int) -> str:
        """Return by how many pixels a page is wider than a screen of this width."""
        free = html.replace('http-equiv="Content-Security-Policy"', "")  # which would forbid to measure
        measure = "const root = document.documentElement; parent.document.title = root.scrollWidth - root.clientWidth"
        measured = free.replace("</body>", f"<script>{measure}</script></body>")
        frame = f'<iframe style="width:{width}px;height:900px;border:0" srcdoc="{escape(measured)}"></iframe>'
        done = self.open(f"<!doctype html><title></title>{frame}", "--virtual-time-budget=5000")
        return done.stdout.partition("<title>")[2].partition("</title>")[0]


def start_browser(folder: Path) -> Browser:
    """Return a browser; skip the test where there is none."""
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if not found:
        pytest.skip(f"no browser is here: {', '.join(BROWSERS)}")
    return Browser(found, folder)


def assert_breaks_no_rule(browser: Browser, html: str) -> None:
    done = browser.open(html)
    assert done.stdout.rstrip().endswith("</html>")
    assert "CONSOLE" not in done.stderr
