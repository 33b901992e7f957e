"""The lessons print what they show, and their specs are right, or wrong as they say."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from lessons import CHAPTERS, DATA, LESSONS, SLOW, Block, is_shown, linked_pictures, read_blocks, run_chapter

from specnet.compiler import check_source
from specnet.source import Source

LARGEST = 60_000
"""The largest picture of a lesson, in bytes."""

SPECS = [
    pytest.param(block, id=f"{chapter.stem}:{block.line}")
    for chapter in CHAPTERS
    for block in read_blocks(chapter)
    if block.language == "net"
]


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("SPECNET_DATA", raising=False)


def test_there_are_five_chapters() -> None:
    assert [chapter.name[0] for chapter in CHAPTERS] == list("12345")
    contents = (LESSONS / "README.md").read_text(encoding="utf-8")
    assert all(f"({chapter.name})" in contents for chapter in CHAPTERS)


@pytest.mark.parametrize("block", SPECS)
def test_a_spec_is_right_or_wrong_as_it_says(block: Block) -> None:
    diagnostics = check_source(Source(block.file_name or "lesson.net", block.text)).diagnostics
    found = {diagnostic.code.name for diagnostic in diagnostics if diagnostic.code.name[0] in "EW"}
    assert found == block.words


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda chapter: chapter.stem)
def test_the_commands_print_what_is_shown(chapter: Path, tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="training needs torch")
    assert list(run_chapter(chapter, tmp_path)) == []


def lay_out_pets(photographs: Path, folder: Path) -> None:
    """Lay out cats and dogs as chapter 5 has them: `pets` with classes in the names, `unseen` with numbers."""
    for name in ("pets", "unseen"):
        (folder / name).mkdir()
    for file in photographs.glob("train/*/*.jpg"):
        file.rename(folder / "pets" / file.name)
    for number, file in enumerate(sorted(photographs.glob("validation/*/*.jpg")), start=1):
        file.rename(folder / "unseen" / f"{number}.jpg")


@pytest.mark.slow
@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda chapter: chapter.stem)
def test_the_commands_run_on_published_data(
    chapter: Path, tmp_path: Path, shared: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    data = tmp_path / "data"
    subprocess.run([sys.executable, str(shared("data") / "unpack"), str(data)], check=True, capture_output=True)
    monkeypatch.setenv("SPECNET_DATA", str(data))
    lay_out_pets(data / "catsdogs", tmp_path)
    assert list(run_chapter(chapter, tmp_path, DATA | SLOW)) == []


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda chapter: chapter.stem)
def test_its_pictures_are_there_and_small(chapter: Path) -> None:
    for name in linked_pictures(chapter):
        assert (LESSONS / "images" / name).stat().st_size <= LARGEST
        assert any(f"-o {Path(name).stem}." in block.text for block in read_blocks(chapter)), f"nothing writes {name}"


def test_every_picture_is_linked() -> None:
    linked = {name for chapter in CHAPTERS for name in linked_pictures(chapter)}
    assert {file.name for file in (LESSONS / "images").iterdir()} == linked
    assert sum(file.stat().st_size for file in (LESSONS / "images").iterdir()) < 1_000_000


@pytest.mark.parametrize(
    ("shown", "printed", "varies", "expected"),
    [
        ("a\n…\nd\n", "a\nb\nc\nd\n", False, True),
        ("a\n…\nd\n", "a\nb\nc\ne\n", False, False),
        ("7 × 9 = 63", "7 × 9 = 64", False, False),
        ("97.77% of 359 images\nthe rest", "96.1% of 359 images", True, True),
        ("97.77% of 359 images", "97.77% of 359 pictures", True, False),
        ("", "anything", False, True),
    ],
)
def test_what_counts_as_shown(shown: str, printed: str, varies: bool, expected: bool) -> None:
    assert is_shown(shown, printed, varies) == expected
