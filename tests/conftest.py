"""What the tests share: golden files, and where the reference data lies when it is there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from paths import GOLDEN, SHARED


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--refresh", action="store_true", help="rewrite the golden files with what comes out now")


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Compares a text with tests/golden/NAME, or rewrites it with --refresh."""

    def compare(name: str, text: str) -> None:
        file = GOLDEN / name
        if request.config.getoption("--refresh"):
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        assert file.exists(), f"{file} is missing: run pytest --refresh and look at it"
        assert text == file.read_text(encoding="utf-8")

    return compare


@pytest.fixture(scope="session")
def shared() -> Callable[[str], Path]:
    """A folder of the reference data that lies beside the checkout; skips the test where there is none."""

    def folder(name: str) -> Path:
        if not (SHARED / name).is_dir():
            pytest.skip(f"the reference data is not here: {SHARED / name}")
        return SHARED / name

    return folder
