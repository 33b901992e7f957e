"""The script of docs/data.md is run as a user would, outside the checkout, and its data as a table without Python."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from paths import ROOT
from PIL import Image

from specnet.cli.dispatch import main


def read_script() -> str:
    (script,) = re.findall(r"```python\n(.*?)```", (ROOT / "docs/data.md").read_text(encoding="utf-8"), flags=re.DOTALL)
    return str(script)


@pytest.mark.slow
def test_the_script_trains_resumes_measures_and_exports(tmp_path: Path) -> None:
    script = read_script()
    assert len(script.splitlines()) <= 45 and len([line for line in script.splitlines() if line.strip()]) <= 40
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "HOME": str(tmp_path), "PATH": "/usr/bin:/bin"},
    )
    assert done.returncode == 0, done.stderr
    summary = json.loads((tmp_path / "stripes/summary.json").read_text())
    assert (summary["epochs"], summary["metric"]["name"]) == (4, "recall_down")
    assert "recall_down" in done.stdout
    assert (tmp_path / "stripes.onnx").stat().st_size > 1000


def test_the_same_images_as_a_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A spec and a table, and nothing of Python."""
    random = np.random.default_rng(0)
    rows = ["label;image"]
    for number in range(80):
        stripes = np.broadcast_to(np.arange(16) // 2 % 2 * 120, (16, 16))
        pixels = random.integers(0, 120, (16, 16)) + (stripes if number % 2 else stripes.T)
        Image.fromarray(pixels.astype(np.uint8)).save(tmp_path / f"{number}.png")
        rows.append(f"{'down' if number % 2 else 'across'};{number}.png")
    (tmp_path / "labels.csv").write_text("\n".join(rows), encoding="utf-8-sig")
    (tmp_path / "stripes.net").write_text(
        "net Stripes\ninput 16x16x1\nconv K=8 F=3 P=1 -> relu -> pool max F=4 -> fc 2\n"
        'train {\n  data csv "labels.csv"\n  split validation=0.25\n  batch 8\n  epochs 3\n}\n'
    )
    monkeypatch.chdir(tmp_path.parent)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    run = tmp_path / "run"
    assert main(["train", str(tmp_path / "stripes.net"), "--run", str(run)]) == 0
    assert main(["train", "--resume", str(run), "--epochs", "4"]) == 0
    assert json.loads((run / "summary.json").read_text())["validation_accuracy"] > 0.8
    assert main(["evaluate", str(run), "--data", str(tmp_path / "labels.csv")]) == 0
    assert main(["export", str(run), "--to", "safetensors", "-o", str(tmp_path / "x.safetensors")]) == 0
