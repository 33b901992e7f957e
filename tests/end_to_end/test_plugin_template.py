"""The project in docs/plugins-template: a copy of it is checked, tested, trained, built and installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from paths import ROOT

pytestmark = pytest.mark.torch

TEMPLATE = ROOT / "docs" / "plugins-template"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return shutil.copytree(TEMPLATE, tmp_path / "copy", ignore=shutil.ignore_patterns("__pycache__", "runs"))


def run(folder: Path, *words: str, path: Path | None = None) -> subprocess.CompletedProcess[str]:
    places = os.pathsep.join(map(str, (path, ROOT) if path else (ROOT,)))
    environment = {**os.environ, "PYTHONPATH": places, "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run([sys.executable, "-m", *words], cwd=folder, capture_output=True, text=True, env=environment)


NETWORKS = ["nets/small.net", "nets/stripes.net"]


def test_the_template_is_short() -> None:
    lines = [line for file in (TEMPLATE / "mypkg").glob("*.py") for line in file.read_text().splitlines()]
    assert sum(map(bool, map(str.strip, lines))) <= 100


@pytest.mark.parametrize("network", NETWORKS)
def test_the_network_checks_without_torch(network: str, copy: Path) -> None:
    (copy / "torch.py").write_text("raise ImportError('torch is imported')\n")
    done = run(copy, "specnet", "check", network, "--strict")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "shape by torch" not in done.stdout
    assert "plugins: mypkg.layers 0.1.0 (plugins of pyproject.toml), mypkg.training 0.1.0" in done.stdout
    assert run(copy, "specnet", "fmt", "--check", network).returncode == 0


def test_the_tests_of_the_template_pass(copy: Path) -> None:
    done = run(copy, "pytest", "-p", "no:cacheprovider", "tests")
    assert done.returncode == 0, done.stdout
    assert " passed" in done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("network", NETWORKS)
def test_the_network_is_trained_exported_and_drawn(network: str, copy: Path) -> None:
    for words in (
        ["train", network, "--run", "runs/a", "--epochs", "1"],
        ["train", "--resume", "runs/a", "--epochs", "2"],
        ["evaluate", "runs/a"],
        ["export", "runs/a", "--to", "onnx", "-o", "a.onnx"],
        ["draw", network, "-o", "small.svg"],
        ["compile", network, "-o", "model.py"],
    ):
        done = run(copy, "specnet", *words)
        assert done.returncode == 0, (words, done.stderr)


@pytest.mark.slow
def test_the_wheel_announces_the_layers_where_it_is_installed(copy: Path, tmp_path: Path) -> None:
    pytest.importorskip("hatchling")
    built = run(copy, "pip", "wheel", "--no-deps", "--no-build-isolation", "-w", "dist", ".")
    assert built.returncode == 0, built.stderr
    (wheel,) = (copy / "dist").glob("*.whl")
    site, elsewhere = tmp_path / "site", tmp_path / "elsewhere"
    assert run(copy, "pip", "install", "--no-deps", "--target", str(site), str(wheel)).returncode == 0
    elsewhere.mkdir()
    shutil.copy(copy / "nets" / "stripes.net", elsewhere)
    done = run(elsewhere, "specnet", "check", "stripes.net", path=site)
    assert "mypkg.layers 0.1.0 (the package mypkg)" in done.stdout
    assert done.returncode == 0
