"""Run commands that need torch, in one process or several, and turn their exceptions into exit codes."""

from __future__ import annotations

import argparse
from functools import wraps
from pathlib import Path

from specnet.cli.options import positive_integer
from specnet.cli.output import BUG, Command, CommandError, print_message, reporting_paths
from specnet.package import is_own_module, make_python_command


def requires_torch(run: Command) -> Command:
    """Decorate a command that needs torch, which is imported only now; its exceptions become CommandError."""

    @wraps(run)
    def run_with_torch(options: argparse.Namespace) -> int:
        try:
            from specnet.api import SpecError
            from specnet.training import TrainingError
        except ModuleNotFoundError as missing:
            if is_own_module(missing.name):
                raise
            message = f"`specnet {options.command}` needs {missing.name}: pip install 'specnet[train]'"
            raise CommandError(message) from None
        try:
            return run(options)
        except TrainingError as error:
            raise CommandError(*error.args, exit_code=error.exit_code) from None
        except SpecError as error:
            raise CommandError("the spec of the run has errors", *error.args, exit_code=1) from None

    return run_with_torch


def add_processes_arguments(parser: argparse.ArgumentParser, device: argparse._MutuallyExclusiveGroup) -> None:
    """Add the flags of distributed training; `device` is the group of flags that name the device."""
    device.add_argument("--gpus", type=positive_integer, metavar="N", help="train on N GPUs, one process on each")
    device.add_argument("--nproc", type=positive_integer, metavar="N", help="train on the CPU with N processes")
    parser.add_argument(
        "--sharded", action="store_true", default=None, help="shard the parameters across the processes (FSDP2)"
    )
    parser.add_argument(
        "--sync-bn", action="store_true", default=None, help="compute bn over the whole batch of all GPUs"
    )


def run_in_processes(run: Command) -> Command:
    """Decorate a command that may run in several processes: this process starts them, or is one of them."""

    @requires_torch
    @wraps(run)
    def run_or_launch(options: argparse.Namespace) -> int:
        from specnet.training.distributed import is_distributed

        if is_distributed():
            return _run_as_rank(run, options)
        count = _count_processes(options)
        return _launch(options, count) if count > 1 else run(options)

    return run_or_launch


def _count_processes(options: argparse.Namespace) -> int:
    """Return the number of processes, from the flags or the resumed run; 1 if the run cannot be read."""
    from specnet.training import TrainingError, read_run_config

    asked: int | None = options.gpus or options.nproc
    if asked or not options.resume:
        return asked or 1
    try:
        return read_run_config(options.resume).options.processes
    except TrainingError:
        return 1


def _launch(options: argparse.Namespace, count: int) -> int:
    """Start the processes, wait for them, and report those that were killed."""
    from specnet.training.device import refuse_gpus
    from specnet.training.distributed.launch import launch

    if options.file == "-":
        raise CommandError("only one process can read a spec from standard input; several need a file")
    if options.gpus or (not options.nproc and _was_on_gpus(options.resume)):
        refuse_gpus(count)
    ended = launch([*make_python_command("specnet"), *options.command_line], count)
    for rank, signal in ended.killed.items():
        print_message(f"error: process {rank} of {count} (from 0) was killed by {signal}")
    return ended.exit_code


def _was_on_gpus(folder: Path | None) -> bool:
    """Return whether the run to be resumed, if there is one, was started on GPUs."""
    from specnet.training import read_run_config

    return folder is not None and read_run_config(folder).options.device.startswith("cuda")


def _run_as_rank(run: Command, options: argparse.Namespace) -> int:
    """Run the command; of the processes that fail, the first reports the error, and all exit with the same code."""
    from specnet.training.distributed import join_process_group

    with join_process_group() as ranks:
        try:
            with reporting_paths():
                return run(options)
        except Exception as error:
            reports, code = ranks.agree_on_failure(error.exit_code if isinstance(error, CommandError) else BUG)
            if reports:
                raise
            return code
