"""A small run that is trained once, and commands called in this process."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

import specnet
from specnet.cli import main


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a finished run, whose spec uses files below and above its folder, and with its images."""
    from small_runs import COLOURS, SPEC, paint_set

    home = tmp_path_factory.mktemp("trained")
    (home / "specs/blocks").mkdir(parents=True)
    (home / "shared").mkdir()
    (home / "specs/tiny.net").write_text(SPEC)
    (home / "specs/blocks/body.net").write_text('use "one.net"\nblock body(K) { one K\npool max F=2 }\n')
    (home / "specs/blocks/one.net").write_text("block one(K) { conv K F=3 P=1 -> bn -> relu }\n")
    (home / "shared/dense.net").write_text("block dense(K) { fc K -> relu }\n")
    paint_set(home / "photos/train", COLOURS, 12)
    paint_set(home / "photos/test", COLOURS, 5)
    specnet.train(home / "specs/tiny.net", {"width": "6"}, run=home / "run", data_dir=home, statistics=True)
    return home


@pytest.fixture
def run(trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a copy of the run, far from the files that its spec used, in the current folder."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("SPECNET_DATA", raising=False)
    monkeypatch.chdir(tmp_path)
    return Path(shutil.copytree(trained / "run", tmp_path / "moved"))


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Return a function that runs a command in this process."""

    def call(*words: object) -> tuple[int, str, str]:
        code = main([str(word) for word in words])
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        assert "bug" not in err
        return code, out, err

    return call


@pytest.fixture(autouse=True)
def _plain_figures(plain_figures: None) -> None:
    """Pictures are blank unless a test uses `drawn_figures`."""
