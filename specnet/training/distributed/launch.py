"""Start the ranks of one machine, as torchrun does."""

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

LOCALHOST = "127.0.0.1"


@dataclass(frozen=True)
class LaunchResult:
    """The exit code of the ranks, and the names of the signals that have killed some of them, by rank."""

    exit_code: int
    killed: Mapping[int, str] = field(default_factory=dict)


def launch(command: Sequence[str], processes: int) -> LaunchResult:
    """Run a command in several processes at once, each of them a rank, until all have ended or one has failed.

    SIGINT and SIGTERM are passed on, and the ranks have half a minute to save.
    """
    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // processes)))
    with TemporaryDirectory() as logs, _silence_logging():
        try:
            elastic_launch(_make_config(processes, logs), command[0])(*command[1:])
        except ChildFailedError as failed:
            return _summarize_exit({number: failure.exitcode for number, failure in failed.failures.items()})
        except SignalException as received:
            return LaunchResult(128 + received.sigval)
    return LaunchResult(0)


def _make_config(processes: int, logs: str) -> LaunchConfig:
    """Configure ranks on this machine alone, without restarts."""
    return LaunchConfig(
        min_nodes=1,
        max_nodes=1,
        nproc_per_node=processes,
        run_id=uuid4().hex,
        rdzv_backend="c10d",
        rdzv_endpoint=f"{LOCALHOST}:0",  # any free port
        local_addr=LOCALHOST,
        max_restarts=0,
        logs_specs=DefaultLogsSpecs(logs),
    )


def _summarize_exit(codes: Mapping[int, int]) -> LaunchResult:
    """Failing ranks agree on an exit code; once one has failed, torch ends the others with SIGTERM."""
    killed = {number: signal.Signals(-code).name for number, code in codes.items() if code < 0}
    others = {number: name for number, name in killed.items() if name != "SIGTERM"}
    return LaunchResult(max(1, *codes.values()), others)


@contextmanager
def _silence_logging() -> Iterator[None]:
    """Silence torch's logging within the context, as the ranks report the same events themselves."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(before)
