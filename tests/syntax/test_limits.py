"""The limits of a spec, and the page on which `specnet explain E002` lists them."""

from __future__ import annotations

import pytest
from paths import ROOT

from specnet.syntax import limits

LIMITS = {name: value for name, value in vars(limits).items() if name.startswith("MAX_")}


@pytest.mark.parametrize("name", LIMITS)
def test_the_page_lists_every_limit(name: str) -> None:
    page = (ROOT / "docs" / "errors" / "E002.md").read_text(encoding="utf-8")
    assert f"| {LIMITS[name]:,} |" in page
