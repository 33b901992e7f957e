"""Run the commands of the pages in docs/gallery and of docs/language.md, and keep the pictures that they show."""

from __future__ import annotations

import contextlib
import re
import shlex
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from gallery.tab import photograph
from lessons import read_blocks, run_chapter, run_command

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "gallery"
PAGES = [*sorted(FOLDER.glob("*.md")), ROOT / "docs" / "language.md"]

MERMAID = re.compile(r"(?<=^```mermaid\n).*?(?=^```$)", flags=re.DOTALL | re.MULTILINE)


def list_commands() -> list[str]:
    """Return the commands of all pages."""
    return [command for page in PAGES for block in read_blocks(page) for command, _ in block.commands]


def linked_files(page: Path) -> list[str]:
    """Return the files beside a page that it shows or links, each once."""
    text = page.read_text(encoding="utf-8")
    named = re.findall(r"""(?:src|srcset|href)="([^":#]+)"|\]\(([^):#]+)\)""", text)
    return list(dict.fromkeys(first or second for first, second in named))


def make_all() -> Iterator[str]:
    """Make all that the pages show; yield what a command did not do, or what nothing makes."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        for page in PAGES:
            yield from run_chapter(page, folder)
            with contextlib.chdir(folder):
                for name in linked_files(page):
                    make(Path(name).name)
            yield from _keep(page, folder)


def make(name: str) -> None:
    """Make in this folder what a page shows and no command makes: dark pictures, photographs of pages."""
    file = Path(name)
    if not file.exists() and file.stem.endswith("-dark"):
        plain = file.stem.removesuffix("-dark") + file.suffix
        for command in list_commands():
            if plain in shlex.split(command):
                run_command(command.replace(f"-o {plain}", f"-o {name} --theme dark"))
    if not file.exists() and (page := file.with_suffix(".html")).exists():
        photograph(page.resolve(), file)


def _keep(page: Path, folder: Path) -> Iterator[str]:
    for name in linked_files(page):
        kept, made = page.parent / name, folder / Path(name).name
        if kept.parent == FOLDER and made.is_file():
            shutil.copy(made, kept)
        elif not kept.exists():
            yield f"nothing makes {name}"
    if MERMAID.search(text := page.read_text(encoding="utf-8")):
        before, after = MERMAID.split(text, maxsplit=1)
        (drawn,) = folder.glob("*.mmd")
        page.write_text(before + drawn.read_text(encoding="utf-8") + after, encoding="utf-8")
