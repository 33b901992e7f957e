"""SpecNet as it may be installed: without sources, in an archive, and with parts missing, which it says."""

from __future__ import annotations

import compileall
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from paths import ROOT

from specnet.package import make_python_command

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
    assert "there is no backends/attention_modules.py in" in compiled.stderr


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


def copy(place: Path, target: Path) -> Path:
    """Return a copy of a folder, whose files are the same ones until they are replaced."""
    return Path(shutil.copytree(place, target, copy_function=os.link))


def replace(file: Path, content: bytes) -> None:
    file.unlink()
    file.write_bytes(content)


def empty(file: Path) -> None:
    replace(file, b"")


def halve(file: Path) -> None:
    replace(file, file.read_bytes()[: file.stat().st_size // 2])


def behead(file: Path) -> None:
    replace(file, file.read_bytes()[:-20])


def spoil(file: Path) -> None:
    replace(file, b"def(")


def remove(place: Path) -> None:
    shutil.rmtree(place) if place.is_dir() else place.unlink()


DAMAGED = [
    ("grammars/specnet.lark", empty, "grammars/specnet.lark in"),
    ("grammars/specnet.lark", halve, "the grammar, grammars/specnet.lark, is damaged"),
    ("grammars/specnet.lark", behead, "the grammar, grammars/specnet.lark, is damaged"),
    ("layers/conv.py", empty, "the module specnet.layers.conv is damaged: it has no Conv"),
    ("layers/conv.py", spoil, "the module specnet.layers.conv is damaged: it has no Conv"),
    ("layers/conv.py", remove, "there is no specnet/layers/conv.py in"),
    ("layers/base", remove, "there is no module specnet.layers.base"),
    ("layers", remove, "specnet.layers"),
    ("settings/optimizer.py", remove, "there is no module specnet.settings.optimizer"),
    ("settings/optimizer.py", empty, "specnet.settings.optimizer cannot be imported"),
    ("analyses/lints/network_sizes.py", empty, "the module specnet.analyses.lints.network_sizes is damaged"),
    ("compiler.py", remove, "there is no module specnet.compiler"),
    ("compiler.py", empty, "specnet.compiler cannot be imported"),
]


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the package as pip installs it: sources, their bytecode, and the list of its files."""
    folder = tmp_path_factory.mktemp("unpacked")
    shutil.copytree(ROOT / "specnet", folder / "specnet", ignore=shutil.ignore_patterns("__pycache__"))
    for name in DATA:
        shutil.copytree(ROOT / name, folder / "specnet" / name)
    listed = folder / "specnet-0.1.0.dist-info"
    listed.mkdir()
    (listed / "METADATA").write_text("Metadata-Version: 2.1\nName: specnet\nVersion: 0.1.0\n")
    files = [file.relative_to(folder).as_posix() for file in (folder / "specnet").rglob("*") if file.is_file()]
    (listed / "RECORD").write_text("".join(f"{file},,\n" for file in files))
    compileall.compile_dir(folder / "specnet", quiet=2)
    return folder


@pytest.mark.parametrize(("part", "damage", "message"), DAMAGED)
def test_a_part_that_is_damaged_or_lost_is_named(
    unpacked: Path, tmp_path: Path, part: str, damage: Callable[[Path], None], message: str
) -> None:
    broken = copy(unpacked, tmp_path / "broken")
    damage(broken / "specnet" / part)
    done = run(broken, *CHECK)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: SpecNet is not completely installed: ")
    assert message in done.stderr


def test_a_word_that_is_no_layer_is_none_of_a_whole_install(unpacked: Path) -> None:
    done = run(unpacked, "explain", "convolution")
    assert "completely" not in done.stderr
    assert "no code, topic, layer or setting is called `convolution`" in done.stderr


def test_a_stray_file_is_no_layer(unpacked: Path, tmp_path: Path) -> None:
    stray = copy(unpacked, tmp_path / "stray")
    (stray / "specnet/layers/conv-copy.py").touch()
    assert "conv-copy" not in run(stray, "explain").stdout
    assert run(stray, *CHECK).returncode == 1


@pytest.mark.parametrize("part", MISSING)
def test_a_part_that_is_missing_is_named(installed: Path, tmp_path: Path, part: str) -> None:
    copy(installed, tmp_path / "broken")
    for file in (tmp_path / "broken/specnet" / part).glob("*" if part in ("grammars", "specs") else "*.pyc"):
        if file.is_file() and file.stem not in ("__init__", "registry", "view"):
            file.unlink()
    if part in ("docs", "specs"):
        shutil.rmtree(tmp_path / "broken/specnet" / part)
    words, message = MISSING[part]
    done = run(tmp_path / "broken", *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr


def test_another_process_looks_in_the_current_folder_only_where_this_one_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "specnet").mkdir()
    (tmp_path / "specnet" / "__main__.py").write_text("print('another')")
    (tmp_path / "specnet" / "__init__.py").touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    assert run_python([*make_python_command("specnet"), "--version"]).startswith("specnet ")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert run_python([*make_python_command("specnet"), "--version"]) == "another\n"


def run_python(command: list[str]) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout
