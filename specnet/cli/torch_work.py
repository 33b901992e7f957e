"""What the commands that need torch have in common: what goes wrong becomes a message and an exit code."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING

from specnet.cli.failure import Failure

if TYPE_CHECKING:
    from specnet.training import LoadedRun

FORMATS = ("png", "svg", "pdf")
"""The formats of pictures with axes in them."""

Run = Callable[[argparse.Namespace], int]
"""What a command does: options in, exit code out."""


def needing_torch(run: Run) -> Run:
    """The same, with the errors of training as `Failure`; torch is imported only now."""

    @wraps(run)
    def guarded(options: argparse.Namespace) -> int:
        try:
            from specnet.api import SpecError
            from specnet.training import TrainingError
        except ModuleNotFoundError as missing:
            raise Failure(f"`specnet {options.command}` needs {missing.name}: pip install 'specnet[train]'") from None
        try:
            return run(options)
        except TrainingError as error:
            raise Failure(str(error), error.exit_code) from None
        except SpecError as error:
            raise Failure(f"the spec of the run is broken\n{error}", 1) from None

    return guarded


def add_run_argument(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("trained", type=Path, metavar="RUN", help="the folder of a run")


def add_format_argument(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--format", choices=("text", "json"), default="text", help="how to print (default: text)")


def add_device_arguments(parser: argparse.ArgumentParser, doing: str) -> None:
    device = parser.add_mutually_exclusive_group()
    device.add_argument("--gpu", dest="device", action="store_const", const="cuda", help=f"{doing} on the GPU")
    device.add_argument("--device", metavar="D", help="cpu, cuda, cuda:1 … (default: cpu)")


def positive(text: str) -> int:
    """The value of an option that counts something."""
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1")
    return int(text)


def whole(text: str) -> int:
    """The value of an option that counts something that may be absent."""
    return 0 if text == "0" else positive(text)


def picture_format(output: Path | None) -> str:
    """The format that a picture's ending names; raises Failure for another."""
    format = output.suffix.lower().removeprefix(".") if output else FORMATS[0]
    if format not in FORMATS:
        raise Failure(f"{output}: name a file that ends in {', '.join(f'.{each}' for each in FORMATS)}")
    return format


def open_run(folder: Path) -> LoadedRun:
    """The run in a folder; raises TrainingError, SpecError."""
    from specnet.runs import load_run

    return load_run(folder)
