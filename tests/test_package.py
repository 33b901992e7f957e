"""SpecNet as it may be installed: without sources, in an archive, and with parts missing, which it says."""

from __future__ import annotations

import compileall
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from paths import ROOT

DATA = ("grammars", "specs", "docs/errors", "docs/topics")
SPEC = "net T\ninput 8x8x3\nconv K=4 F=3 -> relu -> scale\nfc 2\ntrain { data digits }\n"
CHECK = ("check", "-", "--format", "json", "--strict")


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the package as a wheel holds it, in bytecode alone."""
    folder = tmp_path_factory.mktemp("installed")
    shutil.copytree(ROOT / "specnet", folder / "specnet", ignore=shutil.ignore_patterns("__pycache__"))
    for name in DATA:
        shutil.copytree(ROOT / name, folder / "specnet" / name)
    compileall.compile_dir(folder / "specnet", quiet=2, legacy=True)
    for file in (folder / "specnet").rglob("*.py"):
        file.unlink()
    return folder


def run(place: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": str(place)}
    program = [sys.executable, "-m", "specnet", *words]
    return subprocess.run(program, input=SPEC, capture_output=True, text=True, cwd=place.parent, env=environment)


def test_bytecode_is_enough(installed: Path) -> None:
    done, expected = run(installed, *CHECK), run(ROOT, *CHECK)
    assert (done.returncode, done.stdout, done.stderr) == (1, expected.stdout, "")
    assert '"W501"' not in done.stdout
    assert run(installed, "check", "alexnet").returncode == 0
    assert run(installed, "explain", "E301", "conv", "padding").returncode == 0
    compiled = run(installed, "compile", "-")
    assert compiled.returncode == 2
    assert "there is no backends/torch_modules.py in" in compiled.stderr


def test_an_archive_is_enough(installed: Path, tmp_path: Path) -> None:
    archive = Path(shutil.make_archive(str(tmp_path / "specnet"), "zip", installed))
    done, expected = run(archive, *CHECK), run(ROOT, *CHECK)
    assert (done.returncode, done.stdout, done.stderr) == (1, expected.stdout, "")
    assert run(archive, "explain", "E301", "conv", "padding").returncode == 0
    unknown = run(archive, "check", "alexnet")
    assert unknown.stderr == "error: there is no file alexnet; the published networks are not installed as files here\n"


MISSING = {
    "grammars": (CHECK, "there is no grammars/specnet.lark in"),
    "layers": (CHECK, "there are no modules in specnet.layers"),
    "analyses/lints": (CHECK, "there are no lints in specnet.analyses.lints"),
    "docs": (("explain", "E301"), "there is no docs/errors/E301.md in"),
    "specs": (("check", "alexnet"), "the published networks are not installed"),
}


@pytest.mark.parametrize("part", MISSING)
def test_a_part_that_is_missing_is_named(installed: Path, tmp_path: Path, part: str) -> None:
    shutil.copytree(installed, tmp_path / "broken")
    for file in (tmp_path / "broken/specnet" / part).glob("*" if part in ("grammars", "specs") else "*.pyc"):
        if file.is_file() and file.stem not in ("__init__", "registry", "view"):
            file.unlink()
    if part in ("docs", "specs"):
        shutil.rmtree(tmp_path / "broken/specnet" / part)
    words, message = MISSING[part]
    done = run(tmp_path / "broken", *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr
