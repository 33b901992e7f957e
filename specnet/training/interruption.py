"""Stopping when asked to: the first signal lets the step finish and everything be saved, the second stops at once."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Asked(Exception):
    """A signal has asked to stop."""

    def __init__(self, signal: int) -> None:
        super().__init__(signal)
        self.signal = signal


class Interruption:
    """Within it, SIGINT and SIGTERM are remembered instead of ending the program; only a main thread hears them.

    `note` is told of the first one.
    """

    def __init__(self, note: Callable[[str], None]) -> None:
        self._note = note
        self._signal: int | None = None
        self._before: dict[int, Any] = {}

    def check(self) -> None:
        """Raises Asked if a signal has come: called where stopping leaves nothing half done."""
        if self._signal is not None:
            raise Asked(self._signal)

    def __enter__(self) -> Interruption:
        if threading.current_thread() is threading.main_thread():
            self._before = {number: signal.signal(number, self._hear) for number in SIGNALS}
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _hear(self, number: int, frame: FrameType | None) -> None:
        if self._signal is not None:
            raise KeyboardInterrupt
        self._signal = number
        self._note("stopping after this step, with everything saved; once more stops at once")
