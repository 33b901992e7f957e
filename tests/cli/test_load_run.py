"""A run that was moved, damaged or changed: `specnet.load_run`, and commands that take a run."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
import torch
from small_runs import COLOURS, SPEC, Call

import specnet
from specnet.training import BadRun, Run

PLAIN = SPEC.replace('use "../shared/dense.net"\n', "").replace("dense", "fc")


def test_a_moved_run_gives_its_network_back(run: Path) -> None:
    loaded = specnet.load_run(run)
    assert not loaded.model.training
    assert loaded.model(torch.zeros(2, 3, 8, 8)).shape == (2, 3)
    assert loaded.classes == tuple(COLOURS)
    assert loaded.summary["test_accuracy"] == 1.0
    assert len(loaded.metrics) == 30
    assert loaded.spec == SPEC
    assert loaded.job.name == "Tiny"
    assert loaded.normalization.shift.shape == (8, 8, 3)
    assert loaded.summary["parameters"] == sum(p.numel() for p in loaded.model.parameters())


def test_a_run_shows_its_curves_in_a_notebook(run: Path) -> None:
    loaded = specnet.load_run(run)
    shown = loaded._repr_mimebundle_()
    assert shown["text/plain"] == repr(loaded)
    assert shown["image/png"].startswith(b"\x89PNG")
    trained = Run(run, loaded.summary, loaded.model)
    assert trained._repr_mimebundle_()["image/png"].startswith(b"\x89PNG")
    (run / "metrics.jsonl").unlink()
    assert specnet.load_run(run)._repr_mimebundle_().keys() == {"text/plain"}


def test_what_the_spec_uses_is_kept(run: Path) -> None:
    kept = {path.relative_to(run).as_posix() for path in run.rglob("*.net")}
    assert kept == {
        "spec.net",
        "used/up/shared/dense.net",
        *(f"blocks/{name}.net" for name in ("body", "one", "squeeze_excite")),
    }


def test_a_moved_run_can_be_resumed(run: Path, trained: Path, call: Call) -> None:
    code, out, err = call("train", "--resume", run, "--data-dir", trained)
    assert code == 0
    assert f"{run} is finished: epochs 30 of 30; only the result is computed again" in err
    (run / "summary.json").unlink()
    code, out, err = call("train", "--resume", run, "--data-dir", trained)
    assert re.search(r"resuming .*/moved at step \d+: epochs 30 of 30\n", err)
    shutil.rmtree(run / "checkpoint")
    (run / "checkpoint").mkdir()
    (run / "config.json").write_text((run / "config.json").read_text().replace('"count": 30', '"count": 2'))
    code, out, err = call("train", "--resume", run, "--data-dir", trained)
    assert "has no checkpoint yet: the run begins anew" in err
    assert "test        100.00%" in out


def test_a_spec_beside_its_blocks_still_checks(trained: Path, tmp_path: Path, call: Call) -> None:
    """With another input and another width, as they were given when it was trained."""
    (trained / "specs/plain.net").write_text(PLAIN)
    words = ["--input", "16x16x3", "--set", "width=3", "--epochs", "0.2", "--run", tmp_path / "run"]
    assert call("train", trained / "specs/plain.net", *words, "--data-dir", trained)[0] == 0
    (trained / "specs/plain.net").unlink()
    assert specnet.load_run(tmp_path / "run").model(torch.zeros(1, 3, 16, 16)).shape == (1, 3)
    assert call("check", tmp_path / "run/spec.net")[0] == 0


def test_weights_and_frozen_parts(run: Path, trained: Path, call: Call) -> None:
    spec = trained / "specs/tiny.net"
    words = ["--set", "width=6", "--epochs", "1", "--data-dir", trained, "--run", "again"]
    assert call("train", spec, *words, "--weights", "nowhere")[0] == 2
    assert call("train", spec, *words, "--freeze", "nowhere*")[0] == 2
    code, _, err = call("train", spec, *words, "--weights", run, "--freeze", "body1", "--freeze", "dense*")
    assert code == 0
    assert "10 of the network's 10 tensors are those of" in err
    before, after = (specnet.load_run(folder).model.state_dict() for folder in (run, "again"))
    changed = {name for name, value in before.items() if not value.equal(after[name])}
    assert changed == {"fc1.weight", "fc1.bias"}
    assert json.loads(Path("again/config.json").read_text())["options"]["freeze"] == ["body1", "dense*"]


def test_weights_of_another_network(run: Path, trained: Path, call: Call) -> None:
    other = trained / "specs/other.net"
    other.write_text(SPEC.replace("dense 24", "dense 20").replace("epochs 30", "epochs 1"))
    specnet.train(other, {"width": "6"}, run=run.parent / "other", data_dir=trained)
    shutil.copy(run.parent / "other/model.safetensors", run)
    with pytest.raises(BadRun, match=r"weights of another network \(digest [0-9a-f]{12}\) than .*spec.net \(digest"):
        specnet.load_run(run)
    code, out, err = call("evaluate", run)
    assert (code, out) == (1, "")
    assert "changed: dense1.fc1: fc 20 → dense1.fc1: fc 24" in err


def test_a_spec_that_was_changed_afterwards(run: Path, call: Call) -> None:
    (run / "spec.net").write_text(SPEC.replace("dense 24", "dense 32"))
    code, _, err = call("evaluate", run)
    assert code == 1
    assert "dense1.fc1: fc 24 → dense1.fc1: fc 32" in err


@pytest.mark.parametrize(
    ("file", "content", "code", "message"),
    [
        ("spec.net", SPEC.replace("fc 3\n", "cnov 3\n"), 1, "cnov"),
        ("spec.net", SPEC.replace("let width = 4", "let breadth = 4"), 1, "has been changed"),
        ("blocks/one.net", None, 2, "one.net cannot be read"),
        ("model.safetensors", None, 2, "is finished, and its model.safetensors is no longer there"),
        ("model.safetensors", "nonsense", 1, "is damaged or only half there"),
        ("config.json", "{", 1, "is damaged"),
        ("config.json", None, 2, "holds no run"),
        ("summary.json", "{", 1, "summary.json is damaged"),
        ("metrics.jsonl", "{", 1, "metrics.jsonl, line 1, is damaged"),
    ],
)
def test_damage(run: Path, call: Call, file: str, content: str | None, code: int, message: str) -> None:
    (run / file).unlink()
    if content is not None:
        (run / file).write_text(content)
    found, out, err = call("evaluate", run)
    assert (found, out) == (code, "")
    assert message in err


def test_no_such_folder(call: Call) -> None:
    assert call("evaluate", "nowhere")[0] == 2
