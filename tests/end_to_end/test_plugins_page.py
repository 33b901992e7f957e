"""The examples of docs/plugins.md, copied into a project, are checked without torch, and trained."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from paths import ROOT

import specnet
from specnet.cli import main
from specnet.registry import list_registrations

PAGE = (ROOT / "docs" / "plugins.md").read_text(encoding="utf-8")

FILES = dict(re.findall(r"```python\n# (mypkg/\w+\.py)\n(.*?)```", PAGE, flags=re.DOTALL))

(TRAIN,) = re.findall(r"^```\n(train \{.*?)^```", PAGE, flags=re.DOTALL | re.MULTILINE)

NETWORK = "net Page\ninput 32x32x3\nconv K=8 F=3 P=1 -> softshrink lambd=0.25 -> pool avg global\n"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "mypkg").mkdir()
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    modules = [name.removesuffix(".py").replace("/", ".") for name in FILES]
    (tmp_path / "pyproject.toml").write_text(f"[tool.specnet]\nplugins = {json.dumps(modules)}\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_page_has_an_example_of_each_sort(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("page.net").write_text(f"{NETWORK}fc 2\n{TRAIN}")
    assert main(["check", "page.net", "--strict"]) == 0, capsys.readouterr().out
    bases = {base.__name__ for each in list_registrations() for base in each.cls.__mro__}
    assert {"Layer", "Loss", "Optimizer", "Augment", "Data", "Metric", "Lint"} <= bases
    assert main(["fmt", "--check", "page.net"]) == 0


def test_its_lint_finds_what_it_says(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("wide.net").write_text(f"{NETWORK}fc 2000\n")
    assert main(["check", "wide.net"]) == 0
    assert "note[mypkg/wide_fc]: A fully connected layer has more than 1,000 outputs" in capsys.readouterr().out


@pytest.mark.torch
def test_what_trains_is_trained_and_evaluated(project: Path) -> None:
    Path("page.net").write_text(f"{NETWORK}fc 2\n{TRAIN}")
    assert main(["train", "page.net", "--epochs", "1", "--run", "run"]) == 0
    record = json.loads(Path("run/config.json").read_text())
    assert [each["module"] for each in record["plugins"]] == ["mypkg.layers", "mypkg.training"]
    assert main(["train", "--resume", "run", "--epochs", "2"]) == 0
    assert "error_rate" in specnet.load_run("run").summary["metric"]["name"]
    assert main(["evaluate", "run"]) == 0
    assert main(["export", "run", "--to", "safetensors", "-o", "run.safetensors"]) == 0
