"""The cell magic `%%specnet` of notebooks, which checks the text of a cell and shows its network."""

from __future__ import annotations

import shlex
from dataclasses import dataclass

from specnet.api import check
from specnet.cli.dispatch import Parser
from specnet.cli.options import natural_number
from specnet.cli.output import CommandError
from specnet.page.media import STYLES, NetworkDisplay


@dataclass(frozen=True)
class Refusal:
    """What is wrong with the line of the magic, which a notebook shows in place of a network."""

    message: str

    def __repr__(self) -> str:
        return self.message


def check_cell(line: str, cell: str) -> NetworkDisplay | Refusal:
    """Check the text of a cell and return what shows it; the line has the options `--depth N` and `--style S`."""
    parser = Parser(prog="%%specnet", add_help=False)
    parser.add_argument("--depth", type=natural_number, metavar="N")
    parser.add_argument("--style", choices=STYLES, default=STYLES[0])
    try:
        options = parser.parse_args(shlex.split(line))
    except (CommandError, ValueError) as error:
        return Refusal("\n".join(map(str, error.args)))
    return NetworkDisplay(check(f"{cell}\n"), options.depth, options.style)
