"""specnet draw: draw the diagram of a network; a broken one is drawn up to the error and around it."""

from __future__ import annotations

import argparse
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from specnet.cli.graphviz_errors import name_files, reporting_graphviz
from specnet.cli.options import FILE, add_spec_arguments, natural_number, output_file, parse_format
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
    parser.add_argument(
        "--depth",
        type=natural_number,
        metavar="N",
        help="open blocks and repetitions N levels deep; those below are one box each "
        "(default: as deep as is readable on a page)",
    )
    parser.add_argument(
        "--direction",
        choices=("auto", "tb", "lr"),
        default="auto",
        help="tb: top to bottom; lr: left to right; auto: what fits on a page, in columns if need be (default)",
    )
    parser.add_argument(
        "--expand", action="store_true", help="draw every iteration and call (default: alike neighbours once, with ×N)"
    )
    add_spec_arguments(parser)


def run(options: argparse.Namespace) -> int:
    """Return 0, or 1 if the network has errors; it is drawn all the same."""
    target = options.output or Path("network.svg" if options.file == "-" else f"{Path(options.file).stem}.svg")
    refuse_folder(target)
    format = parse_format(target, FORMATS[options.style])
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
    from specnet.backends.diagram import render

    alternatives = f"{name_files(target, 'html', 'mmd', 'dot')} and `--style volumes` work"
    advice = f"`--depth 1` folds the blocks, and {name_files(target, 'dot')} needs no layout"
    with reporting_graphviz(target, alternatives, advice):
        return render(checked, format, options.depth, options.expand, options.direction)


def _write_flowchart(checked: Checked, options: argparse.Namespace) -> bytes:
    from specnet.backends.diagram.mermaid import LIMITS, is_drawable, write_flowchart

    flowchart = write_flowchart(checked, options.depth, options.expand)
    if not is_drawable(flowchart):
        print_message(f"this is more than Mermaid draws unless it is told to: {LIMITS}")
    return flowchart.encode()


def _write_dot(checked: Checked, options: argparse.Namespace) -> bytes:
    from specnet.backends.diagram.describe import describe_network
    from specnet.backends.diagram.dot import to_dot

    graph = to_dot(describe_network(checked, options.depth, options.expand), options.direction == "lr")
    return str(graph.source).encode()


def _make_page(checked: Checked, options: argparse.Namespace) -> bytes:
    from specnet.page.network_page import make_network_page

    return make_network_page(checked, options.depth, options.expand).html.encode()


def _draw_volumes(checked: Checked, options: argparse.Namespace, format: str, target: Path) -> bytes:
    from specnet.backends.volumes import draw_volumes, scene_to_image, scene_to_svg, scene_to_tikz

    scene = draw_volumes(checked, depth=options.depth)
    if format in ("svg", "tex"):
        return (scene_to_svg(scene) if format == "svg" else scene_to_tikz(scene)).encode()
    try:
        return scene_to_image(scene, "png" if format == "png" else "pdf")
    except ModuleNotFoundError as missing:
        raise CommandError(
            f"a .{format} of volumes needs {missing.name}: pip install 'specnet[train]'",
            f"`-o {target.with_suffix('.svg')}` works without it",
        ) from None
