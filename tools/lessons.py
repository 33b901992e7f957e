#!/usr/bin/env python3
"""Run the lessons in docs/lessons, and make their pictures again: tools/lessons.py [--data-dir DIR] [CHAPTER ...].

A chapter is run from top to bottom in one folder. A block of `net` or `python` is saved under the name in its first
line, `# edges.net`; the commands of a block of `console` print what stands below them, where `…` marks a cut. Words
behind the language say what else is true of a block: `E301`, this spec has that error; `exit=1`, the last command ends
so; `varies`, numbers differ from machine to machine; `slow`, it takes seconds; `mnist`, `cifar10` or `pets`, it needs
data that do not come with SpecNet, and is left out without --data-dir. A picture linked as images/edges.webp is made
from the file edges.* that the commands have written.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import re
import runpy
import shlex
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
LESSONS = ROOT / "docs" / "lessons"
CHAPTERS = sorted(LESSONS.glob("[0-9]*.md"))

DATA = frozenset({"mnist", "cifar10", "pets"})
"""The sets of images that must be there before a lesson can use them."""

SLOW = frozenset({"slow"})
"""What takes too long for a test that everybody runs."""

QUALITY = 70
"""WebP's quality, from 0 to 100."""

WIDEST = 800
"""The width of a lesson's picture in pixels; wider ones are made smaller."""


@dataclass(frozen=True)
class Block:
    """A fenced block of a chapter: its language, the words behind it and its text."""

    language: str
    words: frozenset[str]
    text: str
    line: int

    @property
    def needs(self) -> frozenset[str]:
        """Return what the block needs: data that do not come with SpecNet, or time."""
        return self.words & (DATA | SLOW)

    @property
    def file_name(self) -> str | None:
        """Return the name under which a reader saves the block, from its first line."""
        named = re.match(r"# (\S+\.(?:net|py))\n", self.text)
        return named[1] if named else None

    @property
    def commands(self) -> list[tuple[str, str]]:
        """Return each command with the output shown below it."""
        parts = re.split(r"^\$ ", self.text, flags=re.MULTILINE)[1:]
        return [(command, shown) for command, _, shown in (part.partition("\n") for part in parts)]

    @property
    def exit_code(self) -> int:
        """Return the exit code of the last command."""
        return next((int(word.removeprefix("exit=")) for word in self.words if word.startswith("exit=")), 0)


def read_blocks(chapter: Path) -> list[Block]:
    """Return the fenced blocks of a chapter in order."""
    text = chapter.read_text(encoding="utf-8")
    found = re.finditer(r"^```(\w+)([^\n]*)\n(.*?)^```$", text, flags=re.DOTALL | re.MULTILINE)
    return [Block(m[1], frozenset(m[2].split()), m[3], text.count("\n", 0, m.start()) + 1) for m in found]


def run_command(command: str) -> tuple[int, str]:
    """Run `specnet …` or `python FILE` in this process; return its exit code and what it prints."""
    from specnet.cli import main

    program, *words = shlex.split(command)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        if program == "python":
            runpy.run_path(words[0], run_name="__main__")
            return 0, printed.getvalue()
        return main(words), printed.getvalue()


def is_shown(shown: str, printed: str, varies: bool) -> bool:
    """Return whether a chapter shows what is printed, cut at `…`; of what varies, the words of its first line count."""
    if shown.strip() in ("", "…"):
        return True
    if varies:
        first = next(line for line in shown.splitlines() if line.strip() != "…")
        return _words(first) in [_words(line) for line in printed.splitlines()]
    pattern = re.escape(shown.strip()).replace("…", ".*")
    return re.fullmatch(pattern, printed.strip(), flags=re.DOTALL) is not None


def _words(line: str) -> list[str]:
    return re.findall(r"[^\W\d]+", line)


def run_block(block: Block) -> Iterator[str]:
    """Save or run a block in the current folder; yield what is not as the chapter says."""
    if block.file_name:
        Path(block.file_name).write_text(block.text, encoding="utf-8")
    if block.language != "console":
        return
    for number, (command, shown) in enumerate(block.commands, start=1):
        code, printed = run_command(command)
        expected = block.exit_code if number == len(block.commands) else 0
        if code != expected:
            yield f"line {block.line}: `{command}` ended with {code}, not {expected}:\n{printed}"
        elif not is_shown(shown, printed, "varies" in block.words):
            yield f"line {block.line}: `{command}` printed\n{printed}"


def run_chapter(chapter: Path, folder: Path, available: frozenset[str] = frozenset()) -> Iterator[str]:
    """Run in a folder what needs nothing but what is available; yield what is not as the chapter says."""
    shutil.copytree(ROOT / "specs", folder / "specs", dirs_exist_ok=True)
    with contextlib.chdir(folder):
        for block in read_blocks(chapter):
            if block.needs <= available:
                yield from run_block(block)


def linked_pictures(chapter: Path) -> list[str]:
    """Return the names of a chapter's pictures."""
    return re.findall(r"!\[[^\]]+\]\(images/([\w.-]+)\)", chapter.read_text(encoding="utf-8"))


def save_pictures(chapter: Path, folder: Path) -> None:
    """Save the chapter's pictures that its commands have written into a folder."""
    from PIL import Image

    for name in linked_pictures(chapter):
        for made in folder.glob(f"{Path(name).stem}.*"):
            if made.suffix in (".png", ".webp"):
                picture = Image.open(made).convert("RGB")
                picture.thumbnail((WIDEST, 4 * WIDEST), Image.Resampling.LANCZOS)
                picture.save(LESSONS / "images" / name, quality=QUALITY, method=6)
                print(f"{name}: {(LESSONS / 'images' / name).stat().st_size:,} bytes")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("chapters", nargs="*", type=int, metavar="CHAPTER", help="numbers of chapters (default: all)")
    parser.add_argument("--data-dir", type=Path, metavar="DIR", help="MNIST, CIFAR-10, and a folder `pets`")
    parser.add_argument("--folder", type=Path, metavar="DIR", help="run here and keep what is written")
    options = parser.parse_args()
    if options.data_dir:
        os.environ["SPECNET_DATA"] = str(options.data_dir.resolve())
    wrong = 0
    for chapter in CHAPTERS:
        if options.chapters and int(chapter.name[0]) not in options.chapters:
            continue
        with tempfile.TemporaryDirectory() as temporary:
            folder = (options.folder or Path(temporary)).resolve()
            folder.mkdir(parents=True, exist_ok=True)
            for finding in run_chapter(chapter, folder, SLOW | DATA if options.data_dir else SLOW):
                print(f"{chapter.name}, {finding}")
                wrong += 1
            save_pictures(chapter, folder)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
