"""Many picture files, decoded by several threads: Pillow's decoders let other threads run meanwhile."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import TypeVar

import torch
from torch import Tensor

from specnet.training.data.pictures import Form, Unreadable, is_coloured, read, strict
from specnet.training.errors import DataProblem

Result = TypeVar("Result")

PENDING = 4
"""Pictures that are decoded ahead for each thread."""

EVERY = 5.0
"""Seconds between two notes of how far a long decoding is."""

SHOWN = 5
"""How many unreadable files a message names."""


@dataclass(frozen=True)
class Bad:
    """A file that cannot be read, and why."""

    name: str
    why: str


def processors() -> int:
    """How many of them this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def any_coloured(paths: Sequence[Path], workers: int) -> bool:
    """Whether any picture has colours; what cannot be read is left to `decode`."""
    with closing(_each(is_coloured, paths, workers)) as answers:
        return any(answer is True for answer in answers)


def decode(paths: Sequence[Path], form: Form, workers: int, note: Callable[[str], None]) -> Iterator[Tensor | Bad]:
    """Pictures as uint8 H×W×C in the files' order; `note` is told how far a long decoding is."""
    began = told = perf_counter()
    for done, result in enumerate(_each(lambda path: read(path, form), paths, workers), 1):
        yield result
        if (now := perf_counter()) - told > EVERY:
            told = now
            note(f"decoded {done:,} of {len(paths):,} images, {done / (now - began):,.0f} a second")


def decoded(paths: Sequence[Path], form: Form) -> Tensor:
    """uint8 N×H×W×C in memory; raises DataProblem that names the files that cannot be read."""
    results = list(decode(paths, form, processors(), lambda text: None))
    if bad := [result for result in results if isinstance(result, Bad)]:
        raise DataProblem(unreadable(bad, len(paths)))
    return torch.stack([result for result in results if isinstance(result, Tensor)])


def unreadable(bad: Sequence[Bad], files: int) -> str:
    """What is said of files that cannot be read."""
    named = ", ".join(f"{each.name} ({each.why})" for each in bad[:SHOWN])
    return f"{len(bad):,} of {files:,} files cannot be read: {named}" + _more(len(bad) - SHOWN)


def _more(rest: int) -> str:
    return f" and {rest:,} more" if rest > 0 else ""


def _each(work: Callable[[Path], Result], paths: Iterable[Path], workers: int) -> Generator[Result | Bad]:
    """The work on every file, in the files' order; few results wait, however many files there are."""

    def attempt(path: Path) -> Result | Bad:
        try:
            return work(path)
        except Unreadable as error:
            return Bad(str(path), str(error))

    with strict():
        if workers:
            yield from _by_threads(attempt, paths, workers)
        else:
            yield from map(attempt, paths)


def _by_threads(attempt: Callable[[Path], Result], paths: Iterable[Path], workers: int) -> Iterator[Result]:
    pending: deque[Future[Result]] = deque()
    with ThreadPoolExecutor(workers, "decode") as threads:
        for path in paths:
            pending.append(threads.submit(attempt, path))
            if len(pending) > PENDING * workers:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
