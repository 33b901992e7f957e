"""The gallery shows what its commands make."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from gallery.others import fit_page, measure_drawing
from gallery.page import FOLDER, MERMAID, PAGES, linked_files
from lessons import Block, read_blocks, run_block

from specnet.compiler import check_source
from specnet.source import Source

BLOCKS = [(page, block) for page in PAGES for block in read_blocks(page)]
SPECS = [block for _, block in BLOCKS if block.language == "net" and block.file_name]
COMMANDS = [pytest.param(page, block, id=f"{page.stem}:{block.line}") for page, block in BLOCKS if block.commands]

LARGEST = 300_000
"""The largest picture of the gallery, in bytes."""

SMALLEST = 6
"""The height of the smallest text on an A4 page, in points."""


@pytest.mark.parametrize("block", SPECS, ids=lambda block: str(block.file_name))
def test_a_spec_is_right_or_wrong_as_it_says(block: Block) -> None:
    found = {diagnostic.code.name for diagnostic in check_source(Source("gallery.net", block.text)).diagnostics}
    assert found == block.words


@pytest.mark.parametrize("page, block", COMMANDS)
def test_a_command_makes_what_is_shown(
    page: Path, block: Block, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    if needs_dot(block.text) and not shutil.which("dot"):
        pytest.skip("Graphviz's dot is not here")
    for spec in SPECS:
        assert list(run_block(spec)) == []
    assert list(run_block(block)) == []
    for written in map(Path, re.findall(r"-o (\S+)", block.text)):
        assert written.stat().st_size > 500
        if written.suffix == ".mmd":
            shown = MERMAID.search(page.read_text(encoding="utf-8"))
            assert shown and shown[0] == written.read_text(encoding="utf-8")


def needs_dot(commands: str) -> bool:
    """Return whether a picture is laid out by Graphviz."""
    return ".mmd" not in commands and "--style volumes" not in commands


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_file_that_a_page_names_is_there(page: Path) -> None:
    missing = [name for name in linked_files(page) if not (page.parent / name).exists()]
    assert not missing


def test_every_picture_is_shown() -> None:
    named = {(page.parent / name).resolve() for page in PAGES for name in linked_files(page)}
    kept = {file for file in FOLDER.rglob("*") if file.suffix in (".svg", ".png", ".html")}
    assert kept <= named
    assert {file.name for file in kept if file.stat().st_size > LARGEST} == set()


@pytest.mark.parametrize("drawing", sorted(FOLDER.glob("*.svg")), ids=lambda drawing: drawing.name)
def test_the_text_of_a_drawing_can_be_read_on_a_page(drawing: Path) -> None:
    width, height, letters = measure_drawing(drawing)
    assert letters * min(fit_page(width, height), 1) >= SMALLEST
