"""A small run with names that would break out of a page, trained once."""

from __future__ import annotations

from pathlib import Path

import pytest

NAME = "<img src=x onerror=alert(1)>"

SPEC = """net Tiny "</script><!-- a <b>description</b>"

input 8x8x3
conv1: conv K=4 F=3 P=1 -> bn -> relu
pool1: pool max F=2
fc2: fc 3

train {
  data  folder "photos"
  batch 8
  epochs 2
  optimizer adam lr=0.01
}
"""


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a finished run and its images."""
    from small_runs import paint_set

    import specnet

    home = tmp_path_factory.mktemp("home")
    (home / "tiny.net").write_text(SPEC)
    colours = {NAME: (220, 20, 10), "猫": (10, 200, 30), "قطة": (20, 30, 220)}
    paint_set(home / "photos/train", colours, 6)
    paint_set(home / "photos/test", colours, 3)
    specnet.train(home / "tiny.net", run=home / "run", data_dir=home, statistics=True)
    return home


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("SPECNET_DATA", raising=False)
