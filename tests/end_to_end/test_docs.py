"""The examples in the documentation are valid specs."""

from __future__ import annotations

import re

import pytest
from paths import ROOT

from specnet.compiler import check_source
from specnet.source import Source

DOCS = ROOT / "docs"
EXAMPLES = [
    pytest.param(text, id=f"{file.stem}-{number}")
    for file in sorted(DOCS.glob("*.md"))
    for number, text in enumerate(re.findall(r"```net\n(.*?)```", file.read_text(encoding="utf-8"), flags=re.DOTALL))
]


@pytest.mark.parametrize("text", EXAMPLES)
def test_an_example_checks(text: str) -> None:
    checked = check_source(Source("example.net", text))
    assert checked.ok, [diagnostic.message for diagnostic in checked.diagnostics]


def test_the_layer_that_contributing_shows_is_the_file() -> None:
    shown = re.findall(r"```python\n(.*?)```", (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"), flags=re.DOTALL)
    assert shown[0] == (ROOT / "specnet" / "layers" / "relu6.py").read_text(encoding="utf-8")


@pytest.mark.parametrize("page", ["docs/ARCHITECTURE.md", "CONTRIBUTING.md"])
def test_paths_that_a_page_names_exist(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    named = set(re.findall(r"`((?:specnet|tests|docs|grammars|specs)/[\w./-]*)", text))
    planned = {"specnet/lsp/", "specnet/training/tasks/"}
    examples = {path for path in named if re.search(r"\b(KIND|NAME|CODE)\.|\b(test_)?TOOL_", path)}
    missing = [path for path in named - planned - examples if not (ROOT / path).exists()]
    assert not missing
