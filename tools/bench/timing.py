"""Time whole processes by turns, and compare the times of each turn."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryFile

ENVIRONMENT = {
    **{name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"},
    "OMP_NUM_THREADS": "1",  # further threads of torch would only add to its CPU time
    "KERAS_BACKEND": "torch",
}


@dataclass(frozen=True)
class Program:
    """A command, and the folders that it runs in and keeps its caches in, which its first run fills unmeasured."""

    command: Sequence[str]
    folder: Path
    cache: Path


@dataclass(frozen=True)
class Comparison:
    """Our program and those beside it by name; a text instead of a program says why it cannot run."""

    title: str
    ours: Program
    others: dict[str, Program | str]


def measure(program: Program) -> float:
    """Return the CPU seconds of a process and those it starts, user and system; raises CalledProcessError."""
    environment = ENVIRONMENT | {"XDG_CACHE_HOME": str(program.cache)}
    with TemporaryFile() as messages:
        output = {"stdout": subprocess.DEVNULL, "stderr": messages}
        process = subprocess.Popen(program.command, cwd=program.folder, env=environment, **output)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            messages.seek(0)
            sys.stderr.write(messages.read().decode(errors="replace"))
            raise subprocess.CalledProcessError(process.returncode, program.command)
    return usage.ru_utime + usage.ru_stime


def report(comparison: Comparison, pairs: int) -> Iterator[str]:
    """Yield the seconds of each program, and how often those of ours fit into them."""
    others = {name: other for name, other in comparison.others.items() if isinstance(other, Program)}
    programs = [comparison.ours, *others.values()]
    for program in programs:
        measure(program)
    turns = [[measure(program) for program in programs] for _ in range(pairs)]
    yield f"\n{comparison.title:54}{median(ours for ours, *_ in turns):7.3f} s"
    for place, name in enumerate(others, 1):
        ratio = median(turn[place] / turn[0] for turn in turns)
        times = f"{ratio:.1f} times as long" if ratio > 1 else f"SpecNet takes {1 / ratio:.2f} times as long"
        yield f"  {name:52}{median(turn[place] for turn in turns):7.3f} s  {times}"
    for name, reason in comparison.others.items():
        if isinstance(reason, str):
            yield f"  {name:52}skipped: {reason}"
