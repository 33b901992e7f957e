"""Show the progress of a sweep on standard error: bars of the running trainings on a terminal, a line as each ends."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, TaskID, TextColumn
from rich.progress import Progress as Bars

from specnet.cli.output import print_message
from specnet.printable import escape_commands, escape_unprintable
from specnet.progress_lines import format_duration
from specnet.sweeps.plan import RunState
from specnet.sweeps.processes import Event, Observer

TEXT_WIDTH = 76
"""Columns of the text beside the bar; the bar takes the rest."""

LONGEST = 40
"""The longest shown name of a run, in characters."""


class SweepDisplay(Observer):
    """An observer that shows the progress while its context is open."""

    def __init__(self) -> None:
        self._console = Console(stderr=True, highlight=False, soft_wrap=True)
        self._bars = Bars(
            TextColumn("{task.description}", markup=False),
            BarColumn(max(6, min(30, self._console.width - TEXT_WIDTH))),
            TextColumn("{task.fields[text]}", markup=False),
            console=self._console,
            transient=True,
            disable=not self._console.is_terminal,
        )
        self._tasks: dict[str, TaskID] = {}
        self._scores: dict[str, str] = {}
        self._total = self._bars.add_task("", total=None, visible=False, text="")
        self._number = self._ended = 0

    def __enter__(self) -> SweepDisplay:
        if self._console.is_terminal:
            self._bars.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._console.is_terminal:
            self._bars.stop()

    def on_note(self, text: str) -> None:
        if self._console.is_terminal:  # above the bars
            self._console.print(escape_unprintable(escape_commands(text)), markup=False)
        else:
            print_message(text)

    def on_runs(self, number: int) -> None:
        self._bars.update(self._total, description="runs", total=number, visible=True, text=f"0 of {number}")
        self._number = number

    def on_begin(self, folder: str) -> None:
        self._tasks[folder] = self._bars.add_task(escape_unprintable(folder)[:LONGEST], total=None, text="starting")

    def on_event(self, folder: str, event: Event) -> None:
        task = self._tasks[folder]
        if event["event"] == "begin":
            self._bars.update(task, total=event["epochs"], text="")
        elif event["event"] == "progress":
            self._bars.update(
                task,
                completed=event["epoch"],
                text=f"{self._score(folder)}  {format_duration(event['seconds_left'])} left",
            )
        elif event["event"] == "epoch":
            self._scores[folder] = event["score"]
            self._bars.update(task, completed=event["epoch"], text=event["score"])

    def _score(self, folder: str) -> str:
        return self._scores.get(folder, "")

    def on_end(self, folder: str, state: RunState, message: str) -> None:
        self._bars.remove_task(self._tasks.pop(folder))
        self._ended += 1
        self._bars.update(self._total, completed=self._ended, text=f"{self._ended} of {self._number}")
        self.on_note(f"{self._ended} of {self._number}  {Path(folder).name}  {state}{message and ': '}{message}")
