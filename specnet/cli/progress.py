"""Show the progress of training on standard error: a live bar on a terminal, a line per epoch elsewhere."""

from __future__ import annotations

import os
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, TextColumn
from rich.progress import Progress as Bars

from specnet.cli.output import print_message
from specnet.printable import escape_commands, escape_unprintable
from specnet.progress_lines import ProgressLines
from specnet.training import Interrupted, Progress

TEXT_WIDTH = 76
"""Columns of the text beside the bar; the bar takes the rest."""


class Display(ProgressLines):
    """A callback that shows the progress while its context is open."""

    def __init__(self) -> None:
        super().__init__()
        self._console = Console(stderr=True, highlight=False, soft_wrap=True)
        self._bars = Bars(
            TextColumn("{task.description}"),
            BarColumn(max(6, min(40, self._console.width - TEXT_WIDTH))),
            TextColumn("{task.fields[text]}"),
            console=self._console,
            transient=True,
            disable=not self._console.is_terminal,
        )
        self._task = self._bars.add_task("", total=None, visible=False, text="")

    def __enter__(self) -> Display:
        if self._console.is_terminal:
            self._bars.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stop_bars()

    def _stop_bars(self) -> None:
        if self._console.is_terminal:
            self._bars.stop()

    def on_note(self, text: str) -> None:
        if self._console.is_terminal:  # above the bar
            self._console.print(escape_unprintable(escape_commands(text)), markup=False)
        else:
            print_message(text)

    def on_progress(self, progress: Progress) -> None:
        self._bars.update(
            self._task,
            description=f"epoch {progress.epoch}/{self._epochs:g}",
            completed=progress.done,
            total=progress.total,
            visible=True,
            text=self.describe_steps(progress),
        )

    def on_interrupt(self, interrupted: Interrupted) -> None:
        """End the process now, as a step takes longer than a user wants to wait."""
        self._stop_bars()
        print_message(*interrupted.args)
        os._exit(interrupted.exit_code)
