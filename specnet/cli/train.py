"""specnet train: train the network of a spec on its data, or go on with a run."""

from __future__ import annotations

import argparse
import sys
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from specnet.cli.failure import Failure
from specnet.cli.processes import add_processes_arguments, in_processes
from specnet.cli.spec import add_spec_arguments, check_file, overrides, say
from specnet.cli.torch_work import needing_torch, whole
from specnet.compiler import Checked

if TYPE_CHECKING:
    from specnet.cli.progress import Display
    from specnet.training import Job, Run

HELP = "train the network of a spec on its data, into a folder of its own"

LINES = ("epochs", "batch", "seed")
"""Lines of the `train` section that have a flag of their own."""

COMPUTING = ("device", "data_dir", "run", "precision", "compile", "deterministic", "weights", "freeze", "tensorboard")

READING = ("workers", "skip_bad")

SHARING = ("sharded", "sync_bn")

FLAGS = (*COMPUTING, *READING, *SHARING)
"""Flags that say how to compute, how to read the data, and what several processes do with it."""


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", nargs="?", metavar="FILE", help="a .net file; - reads standard input")
    parser.add_argument("--resume", type=Path, metavar="RUN", help="go on with the run in this folder, as it was begun")
    device = parser.add_mutually_exclusive_group()
    device.add_argument("--gpu", dest="device", action="store_const", const="cuda", help="train on the GPU")
    device.add_argument("--device", metavar="D", help="cpu, cuda, cuda:1 … (default: cpu)")
    add_processes_arguments(parser, device)
    parser.add_argument("--data-dir", type=Path, metavar="DIR", help="where data sets are looked for first")
    parser.add_argument("--run", type=Path, metavar="DIR", help="the run's folder (default: runs/NAME-DATE-TIME)")
    for line in LINES:
        parser.add_argument(f"--{line}", metavar="N", help=f"the same as --set {line}=N")
    parser.add_argument("--precision", choices=("auto", "fp32", "bf16", "fp16"), help="auto: bf16 where it is native")
    parser.add_argument("--compile", choices=("auto", "on", "off"), help="whether torch.compile is used")
    parser.add_argument(
        "--deterministic", action="store_true", default=None, help="the same bits every time on a GPU too"
    )
    parser.add_argument(
        "--weights", type=Path, metavar="FILE", help="begin with the weights of this file or run, as far as they fit"
    )
    parser.add_argument(
        "--freeze",
        action="append",
        metavar="PATTERN",
        help="do not learn the parts of these names: conv1, 'block*' (may be repeated)",
    )
    parser.add_argument("--tensorboard", action="store_true", default=None, help="write TensorBoard's files, too")
    parser.add_argument(
        "--workers",
        type=whole,
        metavar="N",
        help="threads that read images, 0: none but the main one (default: CPUs)",
    )
    parser.add_argument(
        "--skip-bad", action="store_true", default=None, help="leave out images of a folder that cannot be read"
    )
    add_spec_arguments(parser)


@in_processes
@needing_torch
def run(options: argparse.Namespace) -> int:
    """0, or what the error or the signal that ended it stands for."""
    from specnet.cli.progress import how_to_go_on
    from specnet.training import Interrupted
    from specnet.training.ranks import is_first

    try:
        return _resume(options) if options.resume else _begin(options)
    except Interrupted as interrupted:
        if is_first():
            print(how_to_go_on(interrupted), file=sys.stderr)
        return interrupted.exit_code


def _begin(options: argparse.Namespace) -> int:
    from specnet.training import Options, train

    if options.file is None:
        raise Failure("name the FILE of a spec, or with --resume the folder of a run")
    options.settings += [f"{line}={value}" for line in LINES if (value := getattr(options, line)) is not None]
    checked = check_file(options.file, options)
    if not _is_sound(checked):
        return 1
    given = {flag: value for flag in FLAGS if (value := getattr(options, flag)) is not None}
    given |= _processes(options)
    spec = None if options.file == "-" else Path(checked.source.name)
    job = _job(checked)
    with _display() as display:
        finished = train(job, Options(**given, spec=spec, overrides=overrides(options)), display)
    if display:
        _print_result(finished)
        seed = job.training.seed.value + 1
        print(f"to see how much of it is chance: specnet train {options.file} --seed {seed}", file=sys.stderr)
    return 0


def _resume(options: argparse.Namespace) -> int:
    from specnet.runs import restore_job
    from specnet.training import recorded, resume
    from specnet.training.ranks import joined

    others = {"file", "input", *LINES, *FLAGS} - {"data_dir", "sharded"}
    if options.settings or any(getattr(options, other) is not None for other in others):
        raise Failure(
            "--resume goes on with a run as it was begun; "
            "it takes nothing else but --data-dir, --gpus, --nproc and --sharded"
        )
    with joined() as ranks:
        begun = ranks.from_first(lambda: recorded(options.resume))
    how = replace(
        begun.options,
        data_dir=options.data_dir or begun.options.data_dir,
        sharded=options.sharded or begun.options.sharded,
        **_processes(options),
    )
    _, job = restore_job(begun)
    with _display() as display:
        finished = resume(begun, job, how, display)
    if display:
        _print_result(finished)
    return 0


def _processes(options: argparse.Namespace) -> dict[str, Any]:
    """What --gpus and --nproc say, as options of the training."""
    if options.gpus:
        return {"device": "cuda", "processes": options.gpus}
    return {"device": "cpu", "processes": options.nproc} if options.nproc else {}


def _display() -> AbstractContextManager[Display | None]:
    """The display, if this is the process that has one."""
    from specnet.cli.progress import Display
    from specnet.training.ranks import is_first

    return Display() if is_first() else nullcontext()


def _is_sound(checked: Checked) -> bool:
    """Says all that is to be said of a spec, warnings too."""
    from specnet.training.ranks import is_first

    if is_first():
        say(checked.diagnostics)
    return checked.ok


def _job(checked: Checked) -> Job:
    """What training needs of a sound spec; raises Failure where it is none that can be trained."""
    from specnet.jobs import UntrainableError, make_job

    if checked.network.training is None:
        raise Failure("the spec does not say what to train on: `train { data cifar10 }` is the least", 1)
    try:
        return make_job(checked)
    except UntrainableError as error:
        raise Failure(str(error), 1) from None


def _print_result(finished: Run) -> None:
    """Results on standard output, a line each."""
    summary = finished.summary
    print(f"best epoch  {summary['best_epoch']} of {summary['epochs']}")
    for part in ("validation", "test"):
        if (accuracy := summary[f"{part}_accuracy"]) is not None:
            print(f"{part:<10}  {accuracy:.2%}")
    print(f"kept in     {finished.folder}")
