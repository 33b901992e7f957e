"""Stopping when asked to: the first signal lets the step finish and everything be saved, the second stops at once.

A step may take minutes, and Python hears signals only between the calls into torch. So a thread of its own waits for
them, and where the step goes on for too long after the first, it says so to whom it may concern.
"""

from __future__ import annotations

import signal
import socket
import threading
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any

from specnet.training.distributed import SINGLE_PROCESS, Ranks

SIGNALS = (signal.SIGINT, signal.SIGTERM)

PATIENCE = 3.0
"""Seconds that a step may go on after the first signal; two more are there to save."""


class StopRequested(Exception):
    """A signal has asked to stop."""

    def __init__(self, signal: int) -> None:
        super().__init__(signal)
        self.signal = signal


class Interruption:
    """Within it, SIGINT and SIGTERM are remembered instead of ending the program; only a main thread hears them.

    `note` is told of the first one. `overdue` is called with it, in another thread, where no `check` follows in time.
    Of several ranks all stop after the same step, whichever has heard the signal.
    """

    def __init__(self, note: Callable[[str], None], ranks: Ranks = SINGLE_PROCESS) -> None:
        self._ranks = ranks
        self.overdue: Callable[[int], None] = lambda signal: None
        self._note = note
        self._signal: int | None = None
        self._before: dict[int, Any] = {}
        self._answered, self._answering = threading.Event(), threading.Lock()

    def check(self) -> None:
        """Raises Asked if a signal has come: called where stopping leaves nothing half done."""
        if (signal := self._ranks.asked(self._signal)) is not None:
            with self._answering:
                self._answered.set()
            raise StopRequested(signal)

    def __enter__(self) -> Interruption:
        if threading.current_thread() is threading.main_thread():
            self._before = {number: signal.signal(number, self._hear) for number in SIGNALS}
            ear, self._mouth = socket.socketpair()
            self._mouth.setblocking(False)
            self._woken_before = signal.set_wakeup_fd(self._mouth.fileno(), warn_on_full_buffer=False)
            threading.Thread(target=self._wait, args=(ear,), daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._before:
            signal.set_wakeup_fd(self._woken_before)
            with self._answering:
                self._answered.set()
            self._mouth.close()
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _hear(self, number: int, frame: FrameType | None) -> None:
        if self._signal is not None:
            raise KeyboardInterrupt
        self._signal = number
        saved = ", with everything saved; once more stops at once" if self._ranks.is_alone else ""
        self._note(f"stopping after this step{saved}")

    def _wait(self, ear: socket.socket) -> None:
        """The thread that waits for a signal; it ends when nobody can be asked any more."""
        with ear:
            while (heard := ear.recv(1)) and heard[0] not in SIGNALS:
                pass
            if heard and not self._answered.wait(PATIENCE):
                with self._answering:
                    if not self._answered.is_set():
                        self.overdue(heard[0])
            while ear.recv(16):  # a second signal is written here, too
                pass
