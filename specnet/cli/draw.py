"""specnet draw: draw the diagram of a network; a broken one is drawn up to the error and around it."""

from __future__ import annotations

import argparse
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from specnet.cli.drawing_errors import name_files, reporting_drawing_errors
from specnet.cli.drawing_options import add_drawing_arguments, read_drawing_options, refuse_drawing_options
from specnet.cli.options import FILE, add_spec_arguments, output_file, parse_format
from specnet.cli.output import print_diagnostics, print_message, refuse_folder, write_file
from specnet.cli.specs import check_network, refuse_overwriting_spec
from specnet.cli.waiting import explaining_wait
from specnet.drawing import FORMATS, Drawing

if TYPE_CHECKING:
    from specnet.compiler import Checked

HELP = "draw the network of a spec, sound or broken"

RENDERED = ("svg", "png", "pdf")
"""The formats that are laid out for a page."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    formats = ", ".join(f".{each}" for each in dict.fromkeys(chain(*FORMATS.values())))
    parser.add_argument("file", metavar="FILE", help=FILE)
    parser.add_argument(
        "-o",
        dest="output",
        type=output_file,
        metavar="OUT",
        help=f"output file: {formats} (default: FILE's name with .svg)",
    )
    parser.add_argument(
        "--style",
        choices=tuple(FORMATS),
        help="layers: one box per layer (default); volumes: boxes in perspective, as in the paper of AlexNet "
        "(default for .tex)",
    )
    add_drawing_arguments(parser)
    add_spec_arguments(parser)


def run(options: argparse.Namespace) -> int:
    """Return 0, or 1 if the network has errors; it is drawn all the same."""
    target = options.output or Path(f"{Path(options.file.removeprefix('-')).stem or 'network'}.svg")
    refuse_folder(target)
    options.style = options.style or ("volumes" if target.suffix.lower() == ".tex" else "layers")
    format = parse_format(target, FORMATS[options.style])
    refuse_drawing_options(options, format)
    checked = check_network(options.file, options)
    refuse_overwriting_spec(target, checked)
    write_file(target, _draw(checked, options, format, target))
    if not checked.ok:
        print_diagnostics(checked.shown, checked.omitted)
    print_message(f"wrote {target}")
    return 0 if checked.ok else 1


def _draw(checked: Checked, options: argparse.Namespace, format: str, target: Path) -> bytes:
    """Return the content of the file, with a word if that takes long."""
    drawing = Drawing(checked, options.style, read_drawing_options(options))
    alternatives = f"{name_files(target, 'html', 'mmd', 'dot')} and `--style volumes`"
    smaller = "`--depth 1` folds the blocks"
    waiting = explaining_wait(f"{len(checked.network.nodes):,} layers take a while; {smaller}")
    with waiting, reporting_drawing_errors(target, alternatives, smaller):
        content = drawing.render(format, options.dpi, options.width)
    if format == "mmd":
        _report_limits(content)
    elif options.style == "layers" and format in RENDERED:
        _report_small_text(drawing.fit.smallest_text)
    return content


def _report_small_text(size: float) -> None:
    from specnet.backends.diagram.page_fit import READABLE

    if size < READABLE:
        print_message(f"the smallest text is {size:.1f} pt when this is shrunk to a sheet of A4")


def _report_limits(flowchart: bytes) -> None:
    from specnet.backends.diagram.mermaid import LIMITS, is_drawable

    if not is_drawable(flowchart.decode()):
        print_message(f"this is more than Mermaid draws unless it is told to: {LIMITS}")
