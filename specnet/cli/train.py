"""specnet train: train the network of a spec on its data, or resume a run."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from specnet.cli.options import (
    DATA_DIR,
    FILE,
    SKIP_BAD,
    add_device_arguments,
    add_spec_arguments,
    collect_overrides,
    named_path,
    natural_number,
)
from specnet.cli.output import CommandError, print_diagnostics, print_message, print_text
from specnet.cli.specs import check_network
from specnet.cli.torch_commands import add_processes_arguments, requires_torch, run_in_processes
from specnet.compiler import Checked
from specnet.graph import Network
from specnet.option_names import SHORT_SETTINGS
from specnet.reporters.table import align_rows

if TYPE_CHECKING:
    from specnet.cli.progress import Display
    from specnet.training import Job, Run

HELP = "train the network of a spec on its data, or resume a run"

DEVICE_FLAGS = ("device", "precision", "compile", "deterministic", "sharded", "sync_bn")
START_FLAGS = ("run", "weights", "freeze", "tensorboard", "statistics")
DATA_FLAGS = ("data_dir", "workers", "skip_bad")

NOT_REPEATED = (("--see", "--seed"), ("--ru", "--run"))
"""Flags that another run has of its own: the shortest form that is understood, and the whole one."""

WITHOUT_PARTS = (
    "there is no accuracy on new images, as the data has no test and no validation part; "
    "`split validation=0.1` sets a tenth aside for it"
)

FLAGS = (*DEVICE_FLAGS, *START_FLAGS, *DATA_FLAGS)
"""Flags that are options of the training under the same name."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", nargs="?", metavar="FILE", help=FILE)
    parser.add_argument(
        "--resume", type=named_path, metavar="RUN", help="resume the run in this folder; with --epochs, lengthen it"
    )
    parser.add_argument(
        "--run", type=named_path, metavar="DIR", help="folder of the run (default: runs/NAME-DATE-TIME)"
    )
    add_processes_arguments(parser, add_device_arguments(parser))
    add_setting_arguments(parser)
    add_computing_arguments(parser)
    add_data_arguments(parser)


def add_setting_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags that override settings, and those that say where training starts."""
    for setting in SHORT_SETTINGS:
        parser.add_argument(f"--{setting}", metavar="N", help=f"short for --set {setting}=N")
    add_spec_arguments(parser)
    parser.add_argument(
        "--weights",
        type=named_path,
        metavar="FILE",
        help="start with the weights of this run or file (torch, safetensors, Keras); all but the last layer must fit",
    )
    parser.add_argument(
        "--freeze",
        action="append",
        metavar="PATTERN",
        help="do not train the layers of these names: conv1, 'block*' (can be repeated)",
    )


def add_computing_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags that say how training is computed, and what it records."""
    parser.add_argument(
        "--precision", choices=("auto", "fp32", "bf16", "fp16"), help="auto: bf16 where the hardware supports it"
    )
    parser.add_argument("--compile", choices=("auto", "on", "off"), help="whether to use torch.compile")
    parser.add_argument(
        "--deterministic", action="store_true", default=None, help="get the same bits every time, on a GPU too"
    )
    parser.add_argument("--tensorboard", action="store_true", default=None, help="also write TensorBoard event files")
    parser.add_argument(
        "--statistics",
        action="store_true",
        default=None,
        help="also measure all layers after every epoch, for `specnet show RUN statistics`",
    )


def add_data_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags that say where the data is, and how it is read."""
    parser.add_argument("--data-dir", type=named_path, metavar="DIR", help=DATA_DIR)
    parser.add_argument(
        "--workers",
        type=natural_number,
        metavar="N",
        help="read images with N threads; 0: with the main thread (default: one per CPU)",
    )
    parser.add_argument("--skip-bad", action="store_true", default=None, help=SKIP_BAD)


@run_in_processes
@requires_torch
def run(options: argparse.Namespace) -> int:
    """Return 0, or the exit code of the error or signal that ended the training."""
    from specnet.training import Interrupted
    from specnet.training.distributed import is_first_rank

    try:
        return _resume(options) if options.resume else _start(options)
    except Interrupted as interrupted:
        if is_first_rank():
            print_message(*interrupted.args)
        return interrupted.exit_code


def _start(options: argparse.Namespace) -> int:
    from specnet.training import Options, train

    if options.file is None:
        raise CommandError("name the FILE of a spec, or with --resume the folder of a run")
    options.settings += [f"{name}={value}" for name in SHORT_SETTINGS if (value := getattr(options, name)) is not None]
    checked = check_network(options.file, options)
    _print_diagnostics_once(checked)
    if not checked.ok:
        return 1
    given = {flag: value for flag in FLAGS if (value := getattr(options, flag)) is not None}
    given |= _describe_processes(options)
    spec = None if options.file == "-" else Path(checked.source.name)
    job = _make_job(checked)
    with _make_display() as display:
        finished = train(job, Options(**given, spec=spec, overrides=collect_overrides(options)), display)
    if display:
        _print_result(finished, checked.network)
        again = _format_with_seed(options.command_line, job.training.seed.value + 1)
        print_message(f"to see how much of this is chance: {again}")
    return 0


def _resume(options: argparse.Namespace) -> int:
    from specnet.runs import restore_job
    from specnet.training import read_run_config, resume
    from specnet.training.distributed import join_process_group
    from specnet.training.runs.run_folder import read_summary

    others = {"file", "input", *SHORT_SETTINGS, *FLAGS} - {"epochs", "data_dir", "sharded"}
    if options.settings or any(getattr(options, other) is not None for other in others):
        raise CommandError(
            "--resume continues a run with its own settings; "
            "it takes nothing else but --epochs, --data-dir, --gpus, --nproc and --sharded"
        )
    epochs = None if options.epochs is None else _parse_epochs(options.epochs)
    with join_process_group() as ranks:
        config = ranks.from_first(lambda: read_run_config(options.resume))
    resumed_options = replace(
        config.options,
        data_dir=options.data_dir or config.options.data_dir,
        sharded=options.sharded or config.options.sharded,
        **_describe_processes(options),
    )
    was_finished = bool(read_summary(config.folder))
    checked, job = restore_job(config)
    with _make_display() as display:
        finished = resume(config, job, resumed_options, display, epochs)
    if display:
        _print_result(finished, checked.network)
        if was_finished and epochs is None:
            print_message(f"to train longer: {shlex.join(['specnet', *options.command_line, '--epochs', 'N'])}")
    return 0


def _parse_epochs(text: str) -> float:
    """Return the number of epochs that a run is lengthened to; raises CommandError."""
    try:
        return float(text)
    except ValueError:
        raise CommandError(f"--epochs {text}: write a number of epochs") from None


def _format_with_seed(words: Sequence[str], seed: int) -> str:
    """Return the command of a training with another seed, and not into the same folder if one was named."""
    kept, rest = list[str](), iter(words)
    for word in rest:
        option, equals, _ = word.partition("=")
        if not any(len(option) >= len(shortest) and flag.startswith(option) for shortest, flag in NOT_REPEATED):
            kept.append(word)
        elif not equals:
            next(rest, None)
    return shlex.join(["specnet", *kept, "--seed", str(seed)])


def _describe_processes(options: argparse.Namespace) -> dict[str, Any]:
    """Return `--gpus` or `--nproc` as options of the training."""
    if options.gpus:
        return {"device": "cuda", "processes": options.gpus}
    return {"device": "cpu", "processes": options.nproc} if options.nproc else {}


def _make_display() -> AbstractContextManager[Display | None]:
    """Return the display of the first process, or None in the others."""
    from specnet.cli.progress import Display
    from specnet.training.distributed import is_first_rank

    return Display() if is_first_rank() else nullcontext()


def _print_diagnostics_once(checked: Checked) -> None:
    """Print errors and warnings in the first process."""
    from specnet.training.distributed import is_first_rank

    if is_first_rank():
        print_diagnostics(checked.shown, checked.omitted)


def _make_job(checked: Checked) -> Job:
    """Return the job of a sound spec; raises CommandError if it cannot be trained."""
    from specnet.jobs import UntrainableError, make_job

    try:
        return make_job(checked)
    except UntrainableError as error:
        raise CommandError(*error.args, exit_code=1) from None


def _print_result(finished: Run, network: Network) -> None:
    from specnet.cli.speed import describe_speed
    from specnet.progress_lines import format_named
    from specnet.training.job import read_metric

    summary, metric = finished.summary, read_metric(finished.summary)
    rows = [("best epoch", f"{summary['best_epoch']} of {summary['epochs']}")]
    for part in ("validation", "test"):
        if (score := summary[f"{part}_{metric.name}"]) is not None:
            rows.append((part, format_named(metric, score)))
    if len(rows) == 1:
        print_message(WITHOUT_PARTS)
    rows.append(("speed", describe_speed(network, finished)))
    print_text("\n".join(align_rows([*rows, ("saved in", str(finished.folder))])))
