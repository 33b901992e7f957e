"""The browser that takes photographs of pages is that of the tests."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2] / "tests" / "page"))


@contextmanager
def open_tab() -> Iterator[Any]:
    """Start a browser with a profile of its own, and yield its tab."""
    import browser

    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder, browser.open_tab(Path(folder)) as tab:
        yield tab


def photograph(page: Path, target: Path) -> None:
    """Save what a browser shows of a page first."""
    with open_tab() as tab:
        tab.visit(f"file://{page}")
        tab.take_picture(target)
