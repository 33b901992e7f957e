"""Starting the ranks of one machine, by what torchrun starts them with."""

from __future__ import annotations

import logging
import os
import signal
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from tempfile import TemporaryDirectory
from uuid import uuid4

from torch.distributed.elastic.multiprocessing import DefaultLogsSpecs, SignalException
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
from torch.distributed.launcher.api import LaunchConfig, elastic_launch

HERE = "127.0.0.1"


@dataclass(frozen=True)
class WorkersEnded:
    """How the ranks have ended; `killed` are those that a signal has, with its name, by their numbers."""

    exit_code: int
    killed: Mapping[int, str] = field(default_factory=dict)


def launch(command: Sequence[str], amount: int) -> WorkersEnded:
    """Run a command in so many processes at once, each of them a rank, until all have ended or one has failed.

    SIGINT and SIGTERM are passed on, and the ranks have half a minute to save.
    """
    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // amount)))
    with TemporaryDirectory() as logs, _silence_logging():
        try:
            elastic_launch(_make_config(amount, logs), command[0])(*command[1:])
        except ChildFailedError as failed:
            return _summarize_exit({number: failure.exitcode for number, failure in failed.failures.items()})
        except SignalException as asked:
            return WorkersEnded(128 + asked.sigval)
    return WorkersEnded(0)


def _make_config(amount: int, logs: str) -> LaunchConfig:
    """So many ranks on this machine alone, none of them started again."""
    return LaunchConfig(
        min_nodes=1,
        max_nodes=1,
        nproc_per_node=amount,
        run_id=uuid4().hex,
        rdzv_backend="c10d",
        rdzv_endpoint=f"{HERE}:0",  # a port that is free
        local_addr=HERE,
        max_restarts=0,
        logs_specs=DefaultLogsSpecs(logs),
    )


def _summarize_exit(codes: Mapping[int, int]) -> WorkersEnded:
    """Ranks that fail agree on an exit code; SIGTERM is what torch ends the others with, once one has failed."""
    killed = {number: signal.Signals(-code).name for number, code in codes.items() if code < 0}
    others = {number: name for number, name in killed.items() if name != "SIGTERM"}
    return WorkersEnded(max(1, *codes.values()), others)


@contextmanager
def _silence_logging() -> Iterator[None]:
    """Within it, torch does not log what the ranks themselves say."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(before)
