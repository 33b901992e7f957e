"""The processes of a sweep, played by a script: how they end, that all stop together, and that none is left."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from specnet.sweeps import processes
from specnet.sweeps.plan import RunState
from specnet.sweeps.processes import Event, Observer, Pool

PLAYER = """
import json, os, pathlib, sys, time
folder = pathlib.Path(sys.argv[1]) / sys.argv[2]
def finish():
    (folder / "summary.json").write_text('{"validation_accuracy": 0.5}')
match sys.argv[2].split("-")[1]:
    case "fine":
        print("noise of a library", flush=True)
        print(json.dumps({"event": "begin", "epochs": 3.0, "threads": os.environ["OMP_NUM_THREADS"]}), flush=True)
        finish()
    case "error":
        print(json.dumps({"event": "error", "lines": ["no such data", "look there"]}), flush=True)
        sys.exit(2)
    case "killed":
        os.kill(os.getpid(), 9)
    case "broken":
        sys.exit("a traceback")
    case "stopped":
        sys.exit(143)
    case "waits":
        (folder / "config.json").touch()
        print(json.dumps({"event": "begin", "epochs": 3.0}), flush=True)
        sys.stdin.read()
        (folder / "saved").touch()
        sys.exit(143)
    case "hangs":
        print(json.dumps({"event": "begin", "epochs": 3.0}), flush=True)
        time.sleep(60)
"""


class Witness(Observer):
    """Records the events, and sends this process signals at the beginning of runs."""

    def __init__(self, signals: int = 0, begun: int = 1) -> None:
        self.ends: dict[str, tuple[RunState, str]] = {}
        self.notes: list[str] = []
        self.events: list[tuple[str, Event]] = []
        self._signals, self._begun = signals, begun

    def on_note(self, text: str) -> None:
        self.notes.append(text)

    def on_event(self, folder: str, event: Event) -> None:
        self.events.append((folder, event))
        if len(self.events) == self._begun:
            for _ in range(self._signals):
                signal.raise_signal(signal.SIGINT)

    def on_end(self, folder: str, state: RunState, message: str) -> None:
        self.ends[folder] = state, message


@pytest.fixture
def sweep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    player = tmp_path / "player.py"
    player.write_text(PLAYER)
    monkeypatch.setattr(processes, "make_python_command", lambda module: [sys.executable, str(player)])
    (tmp_path / "sweep").mkdir()
    return tmp_path / "sweep"


def test_each_way_to_end(sweep: Path) -> None:
    witness = Witness()
    pool = Pool(sweep, 2, 3, witness)
    pool.run(["1-fine", "2-error", "3-killed", "4-broken", "5-stopped"])
    assert pool.signal is None
    assert witness.events == [("1-fine", {"event": "begin", "epochs": 3.0, "threads": "3"})]
    assert witness.ends == {
        "1-fine": (RunState.FINISHED, "validation 50.00%"),
        "2-error": (RunState.FAILED, "no such data\nlook there"),
        "3-killed": (
            RunState.FAILED,
            "the process was killed by SIGKILL, perhaps by the system for want of memory; "
            f"see {sweep / '3-killed/log.txt'}",
        ),
        "4-broken": (RunState.FAILED, f"the process has ended with the exit code 1; see {sweep / '4-broken/log.txt'}"),
        "5-stopped": (RunState.WAITING, ""),
    }
    assert (sweep / "4-broken/log.txt").read_text() == "a traceback\n"
    assert json.loads((sweep / "2-error/failure.json").read_text()) == {"error": "no such data\nlook there"}


def test_the_first_run_reads_the_data_before_others_start(sweep: Path) -> None:
    witness = Witness()
    Pool(sweep, 3, 1, witness).run(["1-error", "2-fine", "3-fine"])
    assert [*witness.ends] == ["1-error", "2-fine", "3-fine"]
    assert witness.notes == []


def test_if_two_runs_fail_alike_before_training_no_other_is_started(sweep: Path) -> None:
    witness = Witness()
    Pool(sweep, 3, 1, witness).run(["1-error", "2-broken", "3-error", "4-fine"])
    assert [*witness.ends] == ["1-error", "2-broken", "3-error"]
    assert witness.notes == ["two runs have failed alike before training began: no other is started"]
    assert not (sweep / "4-fine").exists()


def test_a_failure_is_forgotten_when_a_run_is_tried_again(sweep: Path) -> None:
    (sweep / "1-fine").mkdir()
    (sweep / "1-fine/failure.json").write_text("{}")
    witness = Witness()
    Pool(sweep, 1, 1, witness).run(["1-fine"])
    assert witness.ends["1-fine"][0] is RunState.FINISHED
    assert not (sweep / "1-fine/failure.json").exists()


def test_a_damaged_summary_ends_no_sweep(sweep: Path) -> None:
    (sweep / "1-stopped").mkdir()
    (sweep / "1-stopped/summary.json").write_text("{")
    witness = Witness()
    Pool(sweep, 1, 1, witness).run(["1-stopped", "2-fine"])
    assert witness.ends["1-stopped"] == (RunState.FAILED, "")
    assert witness.ends["2-fine"] == (RunState.FINISHED, "validation 50.00%")


def test_a_signal_lets_all_runs_save_and_starts_no_other(sweep: Path) -> None:
    witness = Witness(signals=1, begun=2)
    pool = Pool(sweep, 2, 1, witness)
    pool.run(["1-waits", "2-waits", "3-fine"])
    assert pool.signal == signal.SIGINT
    assert witness.notes == ["stopping: the runs are saved; once more stops at once"]
    assert witness.ends == dict.fromkeys(("1-waits", "2-waits"), (RunState.INTERRUPTED, ""))
    assert (sweep / "1-waits/saved").exists()
    assert not (sweep / "3-fine").exists()


def test_a_second_signal_stops_at_once(sweep: Path) -> None:
    witness = Witness(signals=2)
    Pool(sweep, 1, 1, witness).run(["1-hangs"])
    assert witness.ends == {"1-hangs": (RunState.WAITING, "")}


def test_runs_save_themselves_when_the_sweep_is_killed(sweep: Path) -> None:
    program = f"""
    import sys
    from pathlib import Path
    from specnet.sweeps import processes
    processes.make_python_command = lambda module: {processes.make_python_command("")!r}
    processes.Pool(Path({str(sweep)!r}), 2, 1, processes.Observer()).run(["1-waits", "2-waits"])
    """
    process = subprocess.Popen([sys.executable, "-c", textwrap.dedent(program)])
    wait_for(sweep / "1-waits/config.json", sweep / "2-waits/config.json")
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    wait_for(sweep / "1-waits/saved", sweep / "2-waits/saved")


def wait_for(*paths: Path) -> None:
    end = time.monotonic() + 60
    while not all(path.exists() for path in paths):
        assert time.monotonic() < end
        time.sleep(0.02)
