"""Run Graphviz's program `dot`, which ends with the program that started it."""

from __future__ import annotations

import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from specnet.backends.drawing_errors import GraphvizError, GraphvizMissing, GraphvizTooSlow

ENDING = ("SIGTERM", "SIGHUP")
"""Signals that end a process at once, as far as the system has them; a Ctrl-C is an exception already."""


def run_dot(source: str, *arguments: str, seconds: float | None = None) -> bytes:
    """Return the output of Graphviz's program; raises GraphvizMissing, GraphvizTooSlow and GraphvizError."""
    try:
        process = subprocess.Popen(
            ["dot", *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
    except (FileNotFoundError, PermissionError):
        raise GraphvizMissing from None
    with process, _ending_together(process):
        try:
            output, errors = process.communicate(source.encode(), seconds)
        except subprocess.TimeoutExpired:
            raise GraphvizTooSlow(seconds or 0) from None
    if process.returncode or not output:
        said = errors.decode(errors="replace").strip().partition("\n")[0]
        raise GraphvizError(said or f"it exited with {process.returncode}")
    return output


@contextmanager
def _ending_together(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """End a process after an exception, and before a signal ends this program; only the main thread hears signals."""
    is_main = threading.current_thread() is threading.main_thread()
    numbers = [number for name in ENDING if is_main and (number := getattr(signal, name, None))]
    heard = [number for number in numbers if signal.getsignal(number) is signal.SIG_DFL]

    def end(number: int, frame: FrameType | None) -> None:
        process.kill()
        signal.signal(number, signal.SIG_DFL)
        signal.raise_signal(number)

    for number in heard:
        signal.signal(number, end)
    try:
        yield
    except BaseException:
        process.kill()
        raise
    finally:
        for number in heard:
            signal.signal(number, signal.SIG_DFL)
