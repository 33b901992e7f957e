"""The browser that takes photographs of pages is that of the tests."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2] / "tests" / "page"))

DRAWN = "document.querySelector('.network .diagram svg') && !document.querySelector('.network.busy')"
"""Whether the page of a network has drawn its diagram."""


@contextmanager
def open_tab() -> Iterator[Any]:
    """Start a browser with a profile of its own, and yield its tab."""
    import browser

    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder, browser.open_tab(Path(folder)) as tab:
        yield tab


def photograph(page: Path, target: Path) -> None:
    """Save what a browser shows of the page of a network, with the second row under the pointer."""
    with open_tab() as tab:
        tab.visit(f"file://{page}")
        tab.wait(DRAWN)
        tab.hover("tbody tr:nth-child(2)")
        tab.take_picture(target)
