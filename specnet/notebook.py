"""The cell magic `%%specnet`, which checks the text of a cell and shows its network."""

from __future__ import annotations

import shlex
from argparse import ArgumentParser, ArgumentTypeError
from dataclasses import dataclass
from typing import NoReturn

from specnet.api import check
from specnet.page.media import STYLES, NetworkDisplay


@dataclass(frozen=True)
class Refusal:
    """What is wrong with the line of a cell magic, which a notebook shows in place of a network."""

    message: str

    def __repr__(self) -> str:
        return self.message


class _Parser(ArgumentParser):
    """Parses the line of the magic; raises ValueError."""

    def error(self, message: str) -> NoReturn:
        raise ValueError(f"%%specnet: {message}; {self.format_usage().strip()}")


def check_cell(line: str, cell: str) -> NetworkDisplay | Refusal:
    """Check the text of a cell and return what shows it; the line has the options `--depth N` and `--style S`."""
    parser = _Parser(prog="%%specnet", add_help=False, allow_abbrev=False)
    parser.add_argument("--depth", type=_parse_depth, metavar="N")
    parser.add_argument("--style", choices=STYLES, default=STYLES[0])
    try:
        options = parser.parse_args(shlex.split(line))
    except ValueError as error:
        return Refusal(str(error))
    return NetworkDisplay(check(f"{cell}\n"), options.depth, options.style)


def _parse_depth(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise ArgumentTypeError(f"{text!r} is not a whole number from 0")
    return int(text)
