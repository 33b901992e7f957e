"""Fixtures of all tests: golden files and reference data. Each process has one thread, as tests run side by side."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import IO

import hypothesis
import pytest
from paths import GOLDEN, SHARED
from plugin_projects import forget_plugins

from specnet.plugin_loading.importing import FOLDERS
from specnet.plugin_loading.loaded import list_plugins
from specnet.registry import list_registrations

os.environ["OMP_NUM_THREADS"] = "1"  # read when torch is imported, here and in the processes that tests start
# matplotlib lists the fonts once for all tests, although many have a cache folder of their own
os.environ.setdefault(
    "MPLCONFIGDIR", str(Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser() / "matplotlib")
)

hypothesis.settings.register_profile("any machine", deadline=None)
hypothesis.settings.load_profile("any machine")

HAS_TORCH = find_spec("torch") is not None
IMPORTS_TORCH = re.compile(
    r"^(?:from|import) "
    r"(?:bench_train|made_exports|numpy|same_modules|small_(?:jobs|networks|runs|sets|views)|specnet\.training|torch)\b",
    re.MULTILINE,
)
"""A module's import that fails where torch is not installed."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--refresh", action="store_true", help="rewrite the golden files with the present output")


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """Leave out the test modules that import torch where it is not installed."""
    if HAS_TORCH or not collection_path.match("test_*.py"):
        return None
    return bool(IMPORTS_TORCH.search(collection_path.read_text(encoding="utf-8"))) or None


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("torch") and not HAS_TORCH:
        pytest.skip("torch is not installed")


@pytest.fixture(autouse=True)
def _forget_plugins() -> Iterator[None]:
    """Take away what a test has registered, so that no other meets it."""
    yield
    if FOLDERS or list_registrations() or list_plugins():
        forget_plugins()


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Compare a text with tests/golden/NAME, or rewrite that file with --refresh."""

    def compare(name: str, text: str) -> None:
        file = GOLDEN / name
        if request.config.getoption("--refresh"):
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        assert file.exists(), f"{file} is missing: run pytest --refresh and look at it"
        assert text == file.read_text(encoding="utf-8")

    return compare


@pytest.fixture
def drawn_figures() -> None:
    """Draw figures in this test, whatever those around it do."""


@pytest.fixture
def plain_figures(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Save figures as one white pixel, since a small run takes less time than its plots.

    Runs that are trained once for several tests come before this fixture, and have their plots.
    """
    from PIL import Image

    def save_pixel(figure: object, target: IO[bytes], format: str, **options: object) -> None:
        Image.new("RGB", (1, 1), "white").save(target, format)

    if HAS_TORCH and "drawn_figures" not in request.fixturenames:
        monkeypatch.setattr("matplotlib.figure.Figure.savefig", save_pixel)
        monkeypatch.setattr("matplotlib.figure.Figure.draw_without_rendering", lambda figure: None)


@pytest.fixture(scope="session")
def shared() -> Callable[[str], Path]:
    """Return a folder of the reference data beside the checkout; skip the test where it is missing."""

    def folder(name: str) -> Path:
        if not (SHARED / name).is_dir():
            pytest.skip(f"the reference data is not here: {SHARED / name}")
        return SHARED / name

    return folder
