"""Arguments that several commands take, and the types of their values."""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from specnet.cli.output import CommandError

PLOT_FORMATS = ("png", "svg", "pdf")
"""The formats of plots."""

FILE = "a .net file, or - for standard input"
DEVICE = "cpu, cuda, cuda:1 … (default: cpu)"
DATA_DIR = "look for data sets in this folder first"
SKIP_BAD = "leave out images that cannot be read, and classes without images"


def add_spec_arguments(parser: argparse.ArgumentParser) -> None:
    """Add `--set` and `--input`, which mean the same to every command."""
    parser.add_argument(
        "--set",
        dest="settings",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="override a top-level let, or with a dot a setting of the train section (can be repeated)",
    )
    parser.add_argument("--input", metavar="HxWxC", help="use this input shape instead of the spec's")


def add_run_argument(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run_folder", type=named_path, metavar="RUN", help="the folder of a run")


def add_format_argument(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--format", choices=("text", "json"), default="text", help="output format (default: text)")


def add_device_arguments(parser: argparse.ArgumentParser) -> argparse._MutuallyExclusiveGroup:
    """Add `--gpu` and `--device`; return their group, to which other flags of this kind may be added."""
    group = parser.add_mutually_exclusive_group()
    group.add_argument("--gpu", dest="device", action="store_const", const="cuda", help="run on the GPU")
    group.add_argument("--device", metavar="D", help=DEVICE)
    return group


def collect_overrides(options: argparse.Namespace) -> dict[str, str]:
    """Return the values of `--set` and `--input` by name; raises CommandError."""
    overrides = {"input": options.input} if options.input else {}
    for setting in options.settings:
        name, equals, value = setting.partition("=")
        if not equals or not name.strip() or not value.strip():
            raise CommandError(f"--set {setting}: write NAME=VALUE")
        overrides[name.strip()] = value.strip()
    return overrides


@contextmanager
def naming_settings(option: str, names: Collection[str]) -> Iterator[None]:
    """Say the name of another option than `--set` in an error about one of its settings."""
    try:
        yield
    except CommandError as error:
        first, *others = error.args
        said, _, rest = first.partition(" ")
        about = re.split("[:=]", rest, maxsplit=1)[0].strip()
        if said != "--set" or about not in names:
            raise
        raise CommandError(f"{option} {rest}", *others, exit_code=error.exit_code) from None


def named_path(text: str) -> Path:
    """Convert the name of a file or a folder; raises CommandError for "", the current folder to pathlib."""
    if not text:
        raise CommandError("an empty name names neither a file nor a folder")
    return Path(text)


def output_file(text: str) -> Path:
    """Convert the value of an option that names a file to be written; raises CommandError for "" and `folder/`."""
    if not text:
        raise CommandError("an empty name names no file to write")
    if text == "-":
        raise CommandError("- is no file to write; ./- is one of that name")
    if text.replace(os.sep, "/").rpartition("/")[2] in ("", ".", ".."):
        raise CommandError(f"{text} is a directory; name a file")
    return Path(text)


def positive_integer(text: str) -> int:
    """Convert the value of an option that is a whole number from 1."""
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1")
    return int(text)


def natural_number(text: str) -> int:
    """Convert the value of an option that is a whole number from 0."""
    if not text.isascii() or not text.isdigit():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 0")
    return int(text)


def parse_format(output: Path, formats: tuple[str, ...]) -> str:
    """Return the format that the suffix of a file names, such as `png`; raises CommandError for any other."""
    format = output.suffix.lower().removeprefix(".")
    if format not in formats:
        raise CommandError(f"{output}: name a file that ends in {', '.join(f'.{each}' for each in formats)}")
    return format


def parse_shape(text: str) -> tuple[int, ...]:
    """Return the sizes of `224x224x3`, `128x64` or `784`; raises CommandError."""
    if not re.fullmatch(r"[1-9]\d{0,8}([x×][1-9]\d{0,8}){0,2}", text, re.ASCII):
        raise CommandError(f"--input {text} is no shape; write it as height x width x channels: --input 224x224x3")
    return tuple(map(int, re.split("[x×]", text)))
