"""specnet draw: draw the diagram of a network; a broken one is drawn up to the error and around it."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from specnet.cli.drawing_options import add_drawing_arguments, read_drawing_options, refuse_drawing_options
from specnet.cli.graphviz_errors import name_files, reporting_graphviz
from specnet.cli.options import FILE, add_spec_arguments, output_file, parse_format
from specnet.cli.output import CommandError, print_diagnostics, print_message, refuse_folder, write_file
from specnet.cli.specs import check_network, refuse_overwriting_spec

if TYPE_CHECKING:
    from specnet.compiler import Checked

HELP = "draw the network of a spec, sound or broken"

FORMATS = {"layers": ("svg", "png", "pdf", "dot", "html", "mmd"), "volumes": ("svg", "png", "pdf", "tex")}
"""The formats of each style; html is a page with diagram, table and text, and mmd a Mermaid flowchart."""

MANY_LAYERS = 5_000
"""With more layers Graphviz may take minutes, and the user is told."""


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
        default="layers",
        help="layers: one box per layer (default); volumes: boxes in perspective, as in the paper of AlexNet",
    )
    add_drawing_arguments(parser)
    add_spec_arguments(parser)


def run(options: argparse.Namespace) -> int:
    """Return 0, or 1 if the network has errors; it is drawn all the same."""
    target = options.output or Path("network.svg" if options.file == "-" else f"{Path(options.file).stem}.svg")
    refuse_folder(target)
    format = parse_format(target, FORMATS[options.style])
    refuse_drawing_options(options, format)
    checked = check_network(options.file, options)
    refuse_overwriting_spec(target, checked)
    draw = _draw_volumes if options.style == "volumes" else _draw_layers
    write_file(target, draw(checked, options, format, target))
    if not checked.ok:
        print_diagnostics(checked.shown, checked.omitted)
    print_message(f"wrote {target}")
    return 0 if checked.ok else 1


def _draw_layers(checked: Checked, options: argparse.Namespace, format: str, target: Path) -> bytes:
    if format == "html":
        return _make_page(checked, options)
    if format == "dot":
        return _write_dot(checked, options)
    if format == "mmd":
        return _write_flowchart(checked, options)
    if len(checked.network.nodes) > MANY_LAYERS and options.depth is None:
        print_message(f"{len(checked.network.nodes):,} layers take a while; --depth 1 folds the blocks")
    from specnet.backends.diagram.rendering import render

    alternatives = f"{name_files(target, 'html', 'mmd', 'dot')} and `--style volumes` work"
    advice = f"`--depth 1` folds the blocks, and {name_files(target, 'dot')} needs no layout"
    with _reporting_large_picture(target), reporting_graphviz(target, alternatives, advice):
        return render(checked, format, read_drawing_options(options), options.dpi, options.width)


@contextmanager
def _reporting_large_picture(target: Path) -> Iterator[None]:
    """Turn a picture that would take too much memory into a CommandError."""
    from specnet.backends.diagram.rendering import LONGEST_SIDE, MOST_PIXELS, PictureTooLarge

    try:
        yield
    except PictureTooLarge as large:
        raise CommandError(
            f"a picture of {large.width:,}×{large.height:,} pixels is too large: "
            f"a side has at most {LONGEST_SIDE:,} pixels, and the picture {MOST_PIXELS:,}",
            f"choose a smaller --dpi or --width, or {name_files(target, 'svg')}",
        ) from None


def _write_flowchart(checked: Checked, options: argparse.Namespace) -> bytes:
    from specnet.backends.diagram.mermaid import LIMITS, is_drawable, write_flowchart

    flowchart = write_flowchart(checked, options.depth, options.expand)
    if not is_drawable(flowchart):
        print_message(f"this is more than Mermaid draws unless it is told to: {LIMITS}")
    return flowchart.encode()


def _write_dot(checked: Checked, options: argparse.Namespace) -> bytes:
    from specnet.backends.diagram import sketch

    return str(sketch(checked, read_drawing_options(options)).source).encode()


def _make_page(checked: Checked, options: argparse.Namespace) -> bytes:
    from specnet.page.network_page import make_network_page

    return make_network_page(checked, options.depth, options.expand).html.encode()


def _draw_volumes(checked: Checked, options: argparse.Namespace, format: str, target: Path) -> bytes:
    from specnet.backends.volumes import draw_volumes, scene_to_image, scene_to_svg, scene_to_tikz

    scene = draw_volumes(checked, options.theme or "light", options.depth)
    if format in ("svg", "tex"):
        return (scene_to_svg(scene) if format == "svg" else scene_to_tikz(scene)).encode()
    try:
        with _reporting_large_picture(target):
            return scene_to_image(scene, "png" if format == "png" else "pdf", options.dpi, options.width)
    except ModuleNotFoundError as missing:
        raise CommandError(
            f"a .{format} of volumes needs {missing.name}: pip install 'specnet[train]'",
            f"`-o {target.with_suffix('.svg')}` works without it",
        ) from None
