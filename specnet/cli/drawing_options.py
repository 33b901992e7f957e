"""The options of `specnet draw` about the look of a picture."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from specnet.cli.cost_options import find_device
from specnet.cli.options import natural_number, positive_integer
from specnet.cli.output import CommandError

if TYPE_CHECKING:
    from specnet.analyses.usage import Usage
    from specnet.backends.diagram import DrawingOptions

REFUSED = {"html": ("direction", "theme", "heat"), "mmd": ("direction", "theme", "heat")}
"""The options that say nothing to a page, which draws its diagram in the browser, and to Mermaid, which draws it."""


UNSET = (None, False, "auto")
"""The values of options that ask for nothing."""


def add_drawing_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--depth",
        type=natural_number,
        metavar="N",
        help="open blocks, repetitions and attention N levels deep; those below are one box each "
        "(default: as deep as is readable on a page)",
    )
    parser.add_argument(
        "--expand", action="store_true", help="draw every iteration and call (default: alike neighbours once, with ×N)"
    )
    parser.add_argument(
        "--direction",
        choices=("auto", "tb", "lr"),
        help="tb: top to bottom; lr: left to right; auto: what fits on a page, in columns if need be (default)",
    )
    add_theme_argument(parser)
    parser.add_argument(
        "--heat",
        choices=("parameters", "macs", "memory", "time"),
        help="colour boxes by their share of the parameters, the MACs, the memory of training, or the time of a step",
    )
    parser.add_argument("--device", metavar="NAME", help="predict the time for this device, with --heat time")
    parser.add_argument(
        "--no-title",
        dest="title",
        action="store_false",
        help="leave out title, totals and legend, which a caption in a paper says",
    )
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--dpi", type=positive_integer, metavar="N", help="dots per inch of a .png (default: 144)")
    size.add_argument("--width", type=positive_integer, metavar="N", help="width of a .png in pixels")


def add_theme_argument(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--theme", choices=("light", "dark", "print"), help="colours of a picture (default: light)")


def refuse_drawing_options(options: argparse.Namespace, format: str) -> None:
    """Raise CommandError for options that change nothing."""
    for name in ("dpi", "width"):
        if getattr(options, name) and format != "png":
            raise CommandError(f"--{name} goes with a .png")
    for name in REFUSED.get(format, ()):
        if getattr(options, name) not in UNSET:
            raise CommandError(f"--{name} does not go with a .{format}")
    if not options.title and format in REFUSED:
        raise CommandError(f"--no-title does not go with a .{format}")
    for name in ("direction", "expand", "heat"):
        if getattr(options, name) not in UNSET and options.style != "layers":
            raise CommandError(f"--{name} does not go with --style {options.style}")
    if options.device is not None and options.heat != "time":
        raise CommandError("--device goes with --heat time")


def read_drawing_options(options: argparse.Namespace) -> DrawingOptions:
    """Return how a network is to be drawn; raises CommandError for a device that there is not."""
    from specnet.backends.diagram import DrawingOptions

    return DrawingOptions(
        options.depth,
        options.expand,
        options.direction or "auto",
        options.theme or "light",
        options.heat,
        _read_usage(options),
        options.title,
    )


def _read_usage(options: argparse.Namespace) -> Usage | None:
    if options.heat != "time":
        return None
    from specnet.analyses.usage import Usage

    return Usage(device=find_device(options.device))
