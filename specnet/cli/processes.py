"""What `specnet train` does to be carried out by several processes as if by one."""

from __future__ import annotations

import argparse
import sys
from functools import wraps

from specnet.cli.failure import Failure
from specnet.cli.torch_work import Run, needing_torch, positive

BUG = 70


def add_processes_arguments(parser: argparse.ArgumentParser, device: argparse._MutuallyExclusiveGroup) -> None:
    """`device` is the group of flags of which one says what to train on."""
    device.add_argument("--gpus", type=positive, metavar="N", help="train on N GPUs, a process on each")
    device.add_argument("--nproc", type=positive, metavar="N", help="train by N processes on the CPU")
    parser.add_argument(
        "--sharded", action="store_true", default=None, help="divide the parameters among the processes (FSDP2)"
    )
    parser.add_argument(
        "--sync-bn", action="store_true", default=None, help="normalise by the whole batch's statistics, on GPUs"
    )


def in_processes(run: Run) -> Run:
    """The same, by as many processes as are asked for: this one starts them, or is one of those that were started."""

    @needing_torch
    @wraps(run)
    def guarded(options: argparse.Namespace) -> int:
        from specnet.training.distributed import are_started

        if are_started():
            return _as_one(run, options)
        amount = _wanted(options)
        return _start(options, amount) if amount > 1 else run(options)

    return guarded


def _wanted(options: argparse.Namespace) -> int:
    """How many processes are to train: what the flags say, or what the run was begun with; one says what is wrong."""
    from specnet.training import TrainingError, read_run_config

    asked: int | None = options.gpus or options.nproc
    if asked or not options.resume:
        return asked or 1
    try:
        return read_run_config(options.resume).options.processes
    except TrainingError:
        return 1


def _start(options: argparse.Namespace, amount: int) -> int:
    """Start the processes and wait for them; what they do not live to say is said here."""
    from specnet.training import read_run_config
    from specnet.training.device import refuse_gpus
    from specnet.training.distributed.launch import launch

    if options.file == "-":
        raise Failure("a spec on standard input is read by one process alone; several need a file")
    begun_on_gpus = (
        options.resume and not options.nproc and read_run_config(options.resume).options.device.startswith("cuda")
    )
    if options.gpus or begun_on_gpus:
        refuse_gpus(amount)
    ended = launch([sys.executable, "-m", "specnet", *options.written], amount)
    for number, signal in ended.killed.items():
        print(f"error: process {number} of {amount} (from 0) was ended by {signal}", file=sys.stderr)
    return ended.exit_code


def _as_one(run: Run, options: argparse.Namespace) -> int:
    """Of the processes that fail, the first one speaks for all, and all exit alike."""
    from specnet.training.distributed import join_process_group

    with join_process_group() as ranks:
        try:
            return run(options)
        except Exception as error:
            speaks, code = ranks.failing(error.code if isinstance(error, Failure) else BUG)
            if speaks:
                raise
            return code
