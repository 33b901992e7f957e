"""`specnet sweep`: what it refuses before the first run, and sweeps of small networks."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

import pytest
from safetensors.torch import load_file
from small_runs import Call

from specnet.sweeps import worker
from specnet.sweeps.plan import RunState
from specnet.sweeps.processes import Pool

SPEC = """net Tiny
let width = 2
input 8x8x1
conv K=width F=3 P=1 -> relu -> pool max F=4 -> fc 10
train {
  data digits
  split validation=0.2
  optimizer sgd lr=0.1
  batch 64
  epochs 2
}
"""


@pytest.fixture(autouse=True)
def _spec(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    Path("tiny.net").write_text(SPEC)


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ([], 2, "name the FILE of a spec, or with --resume the folder of a sweep"),
        (["tiny.net"], 2, "name what is varied, as --vary width=32,64, or a number of --seeds"),
        (["nowhere.net", "--seeds", "2"], 2, "there is no file nowhere.net"),
        (["tiny.net", "--vary", "width"], 2, "--vary width: write NAME=A,B"),
        (["tiny.net", "--vary", "=1,2"], 2, "--vary =1,2: write NAME=A,B"),
        (["tiny.net", "--vary", "width=1,1"], 2, "--vary width=1,1: the value 1 stands there twice"),
        (["tiny.net", "--vary", "optimizer.lr=0.1,.10"], 2, "the value 0.1, also as .10, stands there twice"),
        (["tiny.net", "--vary", "width=1", "--vary", "width=2"], 2, "--vary width: it is varied already"),
        (["tiny.net", "--vary", "width=1", "--set", "width=2"], 2, "--vary width: it is set already"),
        (["tiny.net", "--vary", "epochs=1,2", "--epochs", "2"], 2, "--vary epochs: it is set already"),
        (["tiny.net", "--vary", "seed=1,2", "--seeds", "2"], 2, "--seeds: the seed is varied already"),
        (["tiny.net", "--vary", "widht=1,2"], 2, "--vary widht: the spec has no `let widht`; did you mean `width`?"),
        (
            ["tiny.net", "--vary", "width=log(1,8)"],
            2,
            "width has a range, of which a sample has to be drawn: `--sample N`",
        ),
        (["tiny.net", "--vary", "width=1,2", "--sample-seed", "3"], 2, "--sample-seed goes with --sample"),
        (["tiny.net", "--vary", "width=1,2", "--seeds", "501"], 2, "1,002 runs are more than the 1,000"),
        (["tiny.net", "--vary", "width=1,2", "--device", "cuda:99"], 2, "there is no device `cuda:99`"),
        (["tiny.net", "--vary", "width=1,2", "--retry-failed"], 2, "--retry-failed goes with --resume"),
        (["tiny.net", "--vary", "width=0,2"], 1, "1 of 2 variants cannot be trained\nwith width=0:\nerror[E112]"),
        (["tiny.net", "--vary", "optimizer.lr=x,2"], 1, "with optimizer.lr=x:\n"),
        (["tiny.net", "--vary", "width=1,2", "--run", "tiny.net"], 2, "tiny.net is a file, and a sweep needs a folder"),
        (["--resume", "nowhere"], 2, "there is no sweep nowhere"),
        (["--resume", "."], 2, ". holds no sweep: there is no sweep.json"),
        (["--resume", ".", "--vary", "a=1"], 2, "it takes nothing but --jobs, --retry-failed"),
        (["--resume", ".", "--epochs", "3"], 2, "it takes nothing but --jobs, --retry-failed"),
    ],
)
def test_refusals(call: Call, words: list[str], code: int, said: str) -> None:
    got, out, err = call("sweep", *words)
    assert (got, out) == (code, "")
    assert said in err
    assert err.startswith("error: ")
    assert [path.name for path in Path().iterdir() if path.name != "cache"] == ["tiny.net"]


def test_damaged_plans(call: Call) -> None:
    Path("sweep").mkdir()
    for text in ("{", '{"schema": 1}', "[]"):
        Path("sweep/sweep.json").write_text(text)
        code, _, err = call("sweep", "--resume", "sweep")
        assert code == 1
        assert "sweep/sweep.json is damaged or from another version" in err


class HerePool(Pool):
    """Trains the runs in this process, where torch is imported already."""

    def run(self, folders: Sequence[str]) -> None:
        self._observer.on_runs(len(folders))
        for folder in folders:
            self._observer.on_begin(folder)
            (self._sweep / folder / "failure.json").unlink(missing_ok=True)
            with redirect_stdout(StringIO()) as said:
                code = worker.main([str(self._sweep), folder])
            for event in map(json.loads, said.getvalue().splitlines()):
                if event["event"] != "error":
                    self._observer.on_event(folder, event)
                else:
                    (self._sweep / folder).mkdir(exist_ok=True)
                    (self._sweep / folder / "failure.json").write_text(json.dumps({"error": "\n".join(event["lines"])}))
            self._observer.on_end(folder, RunState.FAILED if code else RunState.FINISHED, "")


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("specnet.sweeps.sweep.Pool", HerePool)


@pytest.mark.usefixtures("here")
def test_a_sweep_its_files_and_a_second_look(call: Call) -> None:
    words = ("--vary", "optimizer.lr=0.1,1e-9", "--jobs", "2", "--run", "sweep")
    code, out, err = call("sweep", "tiny.net", *words)
    assert code == 0
    rows = [re.split(r"\s{2,}", line.strip()) for line in out.splitlines()]
    assert rows[0] == ["optimizer.lr", "runs", "validation", "test", "parameters", "MACs", "seconds"]
    assert [row[0] for row in rows[2:]] == ["0.1", "1e-9"]
    assert "2 variants: 2 runs, 2 at a time, 1 thread each\n" in err
    assert "2 of 2  " in err
    assert "saved in sweep, with results.csv, results.json and results.png" in err
    names = {path.name for path in Path("sweep").iterdir()}
    assert names >= {
        "1-optimizer.lr=0.1",
        "2-optimizer.lr=1e-9",
        "results.csv",
        "results.png",
        "sweep.json",
        "spec.net",
    }
    results = json.loads(Path("sweep/results.json").read_text())
    assert [each["settings"] for each in results["variants"]] == [{"optimizer.lr": "0.1"}, {"optimizer.lr": "1e-9"}]
    assert len(Path("sweep/results.csv").read_text().splitlines()) == 3
    assert call("sweep", "tiny.net", *words)[0] == 2
    code, again, err = call("sweep", "--resume", "sweep")
    assert (code, again) == (0, out)
    assert "sweep: of 2 runs, 2 finished" in err
    code, latex, _ = call("sweep", "--resume", "sweep", "--format", "latex")
    assert (code, latex.count("\\\\")) == (0, 3)
    assert json.loads(call("sweep", "--resume", "sweep", "--format", "json")[1]) == results
    assert call("runs", "--where", "optimizer.lr>1e-5", "--columns", "run", "--format", "csv", "sweep")[1] == (
        "run\nsweep/1-optimizer.lr=0.1\n"
    )


@pytest.mark.usefixtures("here")
def test_it_goes_on_with_the_spec_that_it_was_started_with(call: Call) -> None:
    Path("specs").mkdir()
    Path("shared.net").write_text("block body(K) { conv K F=3 P=1 -> relu }\n")
    spec = SPEC.replace("net Tiny", 'net Tiny\nuse "../shared.net"').replace("conv K=width F=3 P=1", "body K=width")
    Path("specs/tiny.net").write_text(spec.replace("epochs 2", "epochs 1"))
    assert call("sweep", "specs/tiny.net", "--vary", "width=2,4", "--run", "sweep")[0] == 0
    for path in ("specs/tiny.net", "shared.net", "sweep/2-width=4/summary.json"):
        Path(path).unlink()
    code, out, err = call("sweep", "--resume", "sweep")
    assert (code, "of 2 runs, 1 finished, 1 interrupted" in err) == (0, True)
    assert len(out.splitlines()) == 4


@pytest.mark.usefixtures("here")
def test_a_run_whose_summary_is_damaged_counts_as_failed(call: Call) -> None:
    assert call("sweep", "tiny.net", "--vary", "width=2,4", "--epochs", "1", "--run", "sweep")[0] == 0
    Path("sweep/2-width=4/summary.json").write_text("{")
    code, _, err = call("sweep", "--resume", "sweep")
    assert code == 1
    assert "of 2 runs, 1 finished, 1 failed" in err
    code, out, _ = call("sweep", "--resume", "sweep", "--retry-failed")
    assert (code, len(out.splitlines())) == (0, 4)


@pytest.mark.usefixtures("here")
def test_failed_runs_are_kept_apart_and_tried_again_when_asked(call: Call) -> None:
    Path("tiny.net").write_text(SPEC.replace("digits", 'folder "images"').replace("8x8x1", "8x8x3"))
    words = ("tiny.net", "--vary", "width=2", "--set", "epochs=1", "--run", "sweep")
    code, out, err = call("sweep", *words)
    assert (code, out) == (1, "")
    assert "failed: 1-width=2: " in err
    assert "images" in json.loads(Path("sweep/1-width=2/failure.json").read_text())["error"]
    code, _, err = call("sweep", "--resume", "sweep")
    assert code == 1
    assert "of 1 run, 1 failed; `--retry-failed` tries the failed ones again" in err
    paint_images(Path("images"))
    assert call("sweep", "--resume", "sweep", "--retry-failed")[0] == 0


def paint_images(folder: Path) -> None:
    from small_runs import COLOURS, paint_set

    paint_set(folder, COLOURS, 10)


def train(*words: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "specnet", "sweep", *words]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def wait_for_epoch(*folders: Path) -> None:
    end = time.monotonic() + 120
    while not all((folder / "metrics.jsonl").exists() for folder in folders):
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_stopped_or_killed_in_the_middle_it_ends_as_single_runs_do(call: Call, number: int) -> None:
    process = train(
        "tiny.net", "--vary", "width=2,4", "--seeds", "2", "--epochs", "60", "--jobs", "2", "--run", "sweep"
    )
    first = [Path("sweep/1-width=2,seed=0"), Path("sweep/2-width=2,seed=1")]
    wait_for_epoch(*first)
    os.kill(process.pid, number)
    _, err = process.communicate()
    if number == signal.SIGKILL:
        assert process.returncode == -number
    else:
        assert process.returncode == 128 + number
        assert err.decode().endswith("everything is saved in sweep\nto resume: specnet sweep --resume sweep\n")
    assert call("sweep", "--resume", "sweep", "--jobs", "2")[0] == 0
    for folder, width, seed in ((first[1], "2", "1"), (Path("sweep/3-width=4,seed=0"), "4", "0")):
        single = f"single{width}{seed}"
        words = ("--set", f"width={width}", "--seed", seed, "--epochs", "60", "--run", single)
        command = [sys.executable, "-m", "specnet", "train", "tiny.net", *words]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        ours, theirs = (load_file(each / "model.safetensors") for each in (folder, Path(single)))
        assert all(ours[name].equal(theirs[name]) for name in theirs)
