"""Stop on a signal: the first lets the step finish and everything be saved, the second stops at once.

A step may take minutes, and Python handles signals only between calls into torch. So a thread waits for them, and
calls `overdue` where the step goes on for too long after the first.
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
"""Seconds that a step may take after the first signal; two more are left to save."""


class StopRequested(Exception):
    """A signal has requested to stop."""

    def __init__(self, signal: int) -> None:
        super().__init__(signal)
        self.signal = signal


class Interruption:
    """A context in which SIGINT and SIGTERM are remembered instead of ending the program; for main threads alone.

    `note` reports the first signal. If no `check` follows in time, `overdue` is called with it in another thread. All
    ranks stop after the same step, whichever of them has received the signal.
    """

    def __init__(self, note: Callable[[str], None], ranks: Ranks = SINGLE_PROCESS) -> None:
        self._ranks = ranks
        self.overdue: Callable[[int], None] = lambda signal: None
        self._note = note
        self._signal: int | None = None
        self._before: dict[int, Any] = {}
        self._answered, self._answering = threading.Event(), threading.Lock()

    def check(self) -> None:
        """Raise StopRequested if a signal was received; to be called where stopping leaves nothing half done."""
        if (signal := self._ranks.agree_on_signal(self._signal)) is not None:
            with self._answering:
                self._answered.set()
            raise StopRequested(signal)

    def __enter__(self) -> Interruption:
        if threading.current_thread() is threading.main_thread():
            self._before = {number: signal.signal(number, self._handle) for number in SIGNALS}
            receiver, self._sender = socket.socketpair()
            self._sender.setblocking(False)
            self._woken_before = signal.set_wakeup_fd(self._sender.fileno(), warn_on_full_buffer=False)
            threading.Thread(target=self._wait, args=(receiver,), daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._before:
            signal.set_wakeup_fd(self._woken_before)
            with self._answering:
                self._answered.set()
            self._sender.close()
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self._signal is not None:
            raise KeyboardInterrupt
        self._signal = number
        saved = ", with everything saved; once more stops at once" if self._ranks.is_single else ""
        self._note(f"stopping after this step{saved}")

    def _wait(self, receiver: socket.socket) -> None:
        """Wait for a signal in a thread, which ends when the other end of the socket is closed."""
        with receiver:
            while (received := receiver.recv(1)) and received[0] not in SIGNALS:
                pass
            if received and not self._answered.wait(PATIENCE):
                with self._answering:
                    if not self._answered.is_set():
                        self.overdue(received[0])
            while receiver.recv(16):  # a second signal is written here, too
                pass
