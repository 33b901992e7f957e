"""Run the processes of a sweep: several at a time, stopped together, and none that outlives the sweep."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from queue import SimpleQueue
from typing import IO, Any

from specnet.package import make_python_command
from specnet.plugin_loading.importing import FOLDERS
from specnet.sweeps.plan import RunState, find_state
from specnet.training.errors import TrainingError
from specnet.training.files import write_json
from specnet.training.job import describe_scores
from specnet.training.runs.run_folder import FAILURE, read_summary

LOG = "log.txt"
"""What a run has noted, and what else its process has written."""

SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")

SAVED = (0, 130, 143)
"""The exit codes of a run that is finished, or that a signal has stopped after it was saved."""

WORKER = "specnet.sweeps.worker"
"""Trains one run; its arguments are the folder of the sweep, the name of the run's folder in it, and plugins."""

Event = Mapping[str, Any]


class Observer:
    """Receives the events of a sweep; a subclass overrides the methods for those that it handles."""

    def on_note(self, text: str) -> None:
        """Something worth knowing has happened."""

    def on_runs(self, number: int) -> None:
        """So many runs are to be trained."""

    def on_begin(self, folder: str) -> None:
        """The process of a run is started."""

    def on_event(self, folder: str, event: Event) -> None:
        """A run reports `begin` with its `epochs`, `progress` with a fraction as `epoch`, or `epoch` with a `score`."""

    def on_end(self, folder: str, state: RunState, message: str) -> None:
        """The process of a run has ended; the message is its result, or an error."""


@dataclass
class Worker:
    """The process of a run, and the error that it has reported."""

    folder: str
    process: subprocess.Popen[bytes]
    error: list[str] = field(default_factory=list)

    def stop(self) -> None:
        """Ask the process to save and to end."""
        with suppress(OSError):
            assert self.process.stdin
            self.process.stdin.close()


Message = tuple[str, Event | None] | int
"""An event of a run, None when its process has ended, or a signal."""


class Pool:
    """Runs a process for each of several runs, `jobs` of them at a time with `threads` each."""

    def __init__(self, sweep: Path, jobs: int, threads: int, observer: Observer, plugins: Sequence[str] = ()) -> None:
        self._sweep, self._jobs, self._threads, self._observer = sweep, jobs, threads, observer
        self._plugins = plugins
        self._workers: dict[str, Worker] = {}
        self._messages: SimpleQueue[Message] = SimpleQueue()
        self._has_begun = False
        self._failures: list[str] = []
        self.signal: int | None = None
        """The signal that has stopped the sweep."""

    def run(self, folders: Sequence[str]) -> None:
        """Train the runs in these folders, until all have ended or a signal stops them."""
        waiting = deque(folders)
        self._observer.on_runs(len(folders))
        with self._receive_signals():
            try:
                while self._workers or (waiting and not self._is_stopped):
                    while waiting and not self._is_stopped and len(self._workers) < self._places:
                        self._start(waiting.popleft())
                    self._handle(self._wait())
            finally:
                for worker in self._workers.values():
                    worker.process.kill()

    @property
    def _is_stopped(self) -> bool:
        """Whether no other run is started: after a signal, or if two runs have failed alike before training began."""
        return self.signal is not None or (not self._has_begun and len(self._failures) > len({*self._failures}))

    @property
    def _places(self) -> int:
        """The number of processes at a time; one until a run has read the data, which is downloaded or decoded once."""
        return self._jobs if self._has_begun else 1

    def _wait(self) -> Message:
        """Return the next message; a Ctrl-C that no handler receives, as in a notebook's thread, is one, too."""
        try:
            return self._messages.get()
        except KeyboardInterrupt:
            return int(signal.SIGINT)

    @contextmanager
    def _receive_signals(self) -> Iterator[None]:
        """Turn signals into messages, in the main thread."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        numbers = [getattr(signal, name) for name in SIGNALS if hasattr(signal, name)]
        before = {number: signal.signal(number, lambda got, frame: self._messages.put(got)) for number in numbers}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _start(self, folder: str) -> None:
        """Start the process of a run in a session of its own, so that a Ctrl-C reaches the sweep alone."""
        place = self._sweep / folder
        place.mkdir(exist_ok=True)
        (place / FAILURE).unlink(missing_ok=True)  # it is tried again
        threads = str(self._threads)
        with (place / LOG).open("ab") as log:
            process = subprocess.Popen(
                [*make_python_command(WORKER), str(self._sweep), folder, *self._plugins],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                start_new_session=True,
                env={
                    **os.environ,
                    "OMP_NUM_THREADS": threads,
                    "MKL_NUM_THREADS": threads,
                    "PYTHONPATH": os.pathsep.join([*FOLDERS, *filter(None, [os.environ.get("PYTHONPATH")])]),
                },
            )
        self._workers[folder] = Worker(folder, process)
        assert process.stdout
        threading.Thread(target=self._read, args=(folder, process.stdout), daemon=True).start()
        self._observer.on_begin(folder)

    def _read(self, folder: str, stream: IO[bytes]) -> None:
        """Pass on what a process writes, in a thread."""
        with stream:
            for line in stream:
                with suppress(ValueError):  # a library has written something else
                    self._messages.put((folder, json.loads(line)))
        self._messages.put((folder, None))

    def _handle(self, message: Message) -> None:
        if isinstance(message, int):
            self._stop(message)
            return
        folder, event = message
        if event is None:
            self._conclude(self._workers.pop(folder))
        elif event["event"] == "error":
            self._workers[folder].error = event["lines"]
        else:
            self._has_begun = True
            self._observer.on_event(folder, event)

    def _stop(self, number: int) -> None:
        """Stop all runs: at the first signal when they have saved, at the second at once."""
        if self.signal is None:
            self.signal = number
            self._observer.on_note("stopping: the runs are saved; once more stops at once")
            for worker in self._workers.values():
                worker.stop()
        else:
            for worker in self._workers.values():
                worker.process.kill()

    def _conclude(self, worker: Worker) -> None:
        """Find out how a run has ended, and record a failure that its process did not."""
        code, place = worker.process.wait(), self._sweep / worker.folder
        worker.stop()
        if not worker.error and (code in SAVED or self.signal is not None):
            self._observer.on_end(worker.folder, find_state(place), _describe_result(place))
            return
        reason = "\n".join(worker.error) or _describe_exit(code)
        message = reason if worker.error else f"{reason}; see {place / LOG}"
        write_json(place / FAILURE, {"error": message})
        self._observer.on_end(worker.folder, RunState.FAILED, message)
        self._failures.append(reason)
        if self.signal is None and self._is_stopped:
            self._observer.on_note("two runs have failed alike before training began: no other is started")


def _describe_result(place: Path) -> str:
    """Return the results of a run; "" where there are none, or where they cannot be read."""
    with suppress(TrainingError):
        return describe_scores(read_summary(place)).removeprefix(",").strip()
    return ""


def _describe_exit(code: int) -> str:
    if code >= 0:
        return f"the process has ended with the exit code {code}"
    name = signal.Signals(-code).name
    reason = ", perhaps by the system for want of memory" if name == "SIGKILL" else ""
    return f"the process was killed by {name}{reason}"
