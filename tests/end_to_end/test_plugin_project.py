"""A project with layers of its own: checked, drawn, compiled, trained, resumed, exported and evaluated."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from paths import ROOT
from plugin_projects import SPEC, forget_plugins, write_project

import specnet
from specnet.cli import main

TRAIN = "train {\n  data synthetic\n  split validation=0.25\n  batch 32\n  epochs 1\n}\n"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write_project(tmp_path).write_text(SPEC + TRAIN)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def specnet_command(*words: str) -> subprocess.CompletedProcess[str]:
    settings = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run([sys.executable, "-m", "specnet", *words], capture_output=True, text=True, env=settings)


def test_the_table_says_what_torch_was_asked(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "net.net"]) == 0
    rows = {line.split()[0]: line for line in capsys.readouterr().out.splitlines() if line.strip()}
    assert "swish beta=2  (shape by torch)" in rows["swish1"]
    assert "shape by torch" not in rows["se1"]
    assert rows["swish1"].split()[-1] == rows["se1"].split()[-1] == rows["total"].split()[-1] == "?"
    assert rows["se1"].split()[-2] == str((8 * 2 + 2) + (2 * 8 + 8))


def test_the_source_imports_the_modules_and_computes_the_same(project: Path) -> None:
    assert main(["compile", "net.net", "-o", "model.py"]) == 0
    source = (project / "model.py").read_text()
    assert "\nimport mypkg.functions\nimport mypkg.modules\n" in source
    assert "self.swish1 = mypkg.modules.Swish(beta=2.0)" in source
    assert "mypkg.functions.scale(" in source
    namespace: dict[str, object] = {}
    sys.path.insert(0, str(project))
    try:
        exec(compile(source, "model.py", "exec"), namespace)
    finally:
        sys.path.remove(str(project))
    written, built = namespace["Ours"]().eval(), specnet.compile("net.net").eval()  # type: ignore[operator]
    written.load_state_dict(built.state_dict())
    images = torch.randn(2, 3, 8, 8)
    torch.testing.assert_close(written(images), built(images))


def test_the_layers_are_in_the_picture(project: Path) -> None:
    assert main(["draw", "net.net", "-o", "net.dot"]) == 0
    assert "swish" in (project / "net.dot").read_text()


@pytest.mark.slow
def test_a_run_needs_its_plugins_and_finds_them_again(project: Path) -> None:
    done = specnet_command("train", "net.net", "--run", "runs/a")
    assert done.returncode == 0, done.stderr
    config = json.loads((project / "runs" / "a" / "config.json").read_text())
    assert config["plugins"] == [{"module": "mypkg.layers", "version": "0.3"}]
    for words in (
        ["train", "--resume", "runs/a", "--epochs", "2"],
        ["evaluate", "runs/a"],
        ["export", "runs/a", "--to", "onnx", "-o", "a.onnx"],
        ["report", "runs/a"],
        ["sweep", "net.net", "--vary", "optimizer.lr=0.1,0.01", "--run", "swept"],
    ):
        done = specnet_command(*words)
        assert done.returncode == 0, (words, done.stderr)
        assert "Traceback" not in done.stderr
    refused = specnet_command("evaluate", "runs/a", "--no-plugins")
    assert refused.returncode == 2
    assert refused.stderr == "error: runs/a needs the plugin mypkg.layers 0.3, and plugins were not to be loaded\n"


@pytest.fixture
def run(project: Path) -> Path:
    assert main(["train", "net.net", "--run", "runs/a"]) == 0
    forget_plugins()
    return project / "runs" / "a"


def test_a_run_elsewhere_names_no_code_by_itself(
    run: Path,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    run.rename(elsewhere / "b")
    (elsewhere / "b" / "pyproject.toml").write_text('[tool.specnet]\nplugins = ["mypkg.layers"]\n')
    monkeypatch.chdir(elsewhere)
    capsys.readouterr()
    assert main(["evaluate", "b"]) == 2
    err = capsys.readouterr().err
    assert "b needs the plugin mypkg.layers 0.3, which neither the pyproject.toml of that folder or of the" in err
    assert main(["evaluate", str(elsewhere / "b")]) == 2
    monkeypatch.chdir(run.parent.parent)
    assert main(["evaluate", str(elsewhere / "b")]) == 0


def test_another_version_of_a_plugin_is_a_note(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = Path("pyproject.toml")
    file.write_text(file.read_text().replace("0.3", "0.4"))
    capsys.readouterr()
    assert main(["evaluate", "runs/a"]) == 0
    err = capsys.readouterr().err
    assert "note: runs/a was made with the plugin mypkg.layers 0.3, and the plugin mypkg.layers 0.4 is loaded\n" in err


def test_a_program_imports_the_plugins_itself(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(specnet.TrainingError, match=r"needs the plugin mypkg.layers 0.3; write `import mypkg.layers`"):
        specnet.load_run("runs/a")
    monkeypatch.syspath_prepend(str(run.parent.parent))
    checked = specnet.check("net.net", plugins=["mypkg.layers"])
    assert checked.ok
    assert [str(plugin) for plugin in checked.plugins] == ["mypkg.layers"]
    loaded = specnet.load_run("runs/a")
    assert loaded.compute_outputs(torch.zeros(2, 8, 8, 3)).shape == (2, 10)


FAILING = "    def forward(self, x):\n        assert x.device.type == 'meta', 'no images'\n"


def test_a_module_that_fails_in_training_is_no_bug_of_specnet(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    modules = project / "mypkg" / "modules.py"
    modules.write_text(modules.read_text().replace("    def forward(self, x):\n", FAILING, 1))
    assert main(["train", "net.net", "--run", "runs/b"]) == 1
    assert f"error: a plugin fails at {modules}:11: AssertionError: no images\n" in capsys.readouterr().err
