"""specnet draw: draw the diagram of a network; a broken one is drawn up to the error and around it."""

from __future__ import annotations

import argparse
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from specnet.cli.options import FILE, add_spec_arguments, natural_number, output_file, parse_format
from specnet.cli.output import CommandError, print_diagnostics, print_message, refuse_folder, write_file
from specnet.cli.specs import check_network, refuse_overwriting_spec

if TYPE_CHECKING:
    import graphviz

    from specnet.compiler import Checked

HELP = "draw the network of a spec, sound or broken"

FORMATS = {"layers": ("svg", "png", "pdf", "dot", "html"), "volumes": ("svg", "png", "pdf", "tex")}
"""The formats of each style; html is a page with the diagram, the table of layers and the text of the spec."""

MANY_LAYERS = 5_000
"""With more layers Graphviz may take minutes, and the user is told."""

NO_DOT = (
    "Graphviz's program `dot` is not installed; get it with",
    "  Debian, Ubuntu  sudo apt install graphviz",
    "  macOS           brew install graphviz",
    "  Windows         choco install graphviz",
    "  conda           conda install -c conda-forge graphviz",
)


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
        help="open blocks and repetitions N levels deep; those below are one box each (default: all)",
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
    write_file(target, draw(checked, options.depth, format, target))
    if not checked.ok:
        print_diagnostics(checked.shown, checked.omitted)
    print_message(f"wrote {target}")
    return 0 if checked.ok else 1


def _draw_layers(checked: Checked, depth: int | None, format: str, target: Path) -> bytes:
    if format == "html":
        return _make_page(checked, depth)
    if len(checked.network.nodes) > MANY_LAYERS and depth is None:
        print_message(f"{len(checked.network.nodes):,} layers take a while; --depth 1 folds the blocks")
    from specnet.backends.diagram import draw

    return _render(draw(checked, depth), format, target)


def _make_page(checked: Checked, depth: int | None) -> bytes:
    from specnet.page.network_page import make_network_page

    return make_network_page(checked, depth).html.encode()


def _draw_volumes(checked: Checked, depth: int | None, format: str, target: Path) -> bytes:
    from specnet.backends.volumes import draw_volumes, scene_to_image, scene_to_svg, scene_to_tikz

    scene = draw_volumes(checked, depth=depth)
    if format in ("svg", "tex"):
        return (scene_to_svg(scene) if format == "svg" else scene_to_tikz(scene)).encode()
    try:
        return scene_to_image(scene, "png" if format == "png" else "pdf")
    except ModuleNotFoundError as missing:
        raise CommandError(
            f"a .{format} of volumes needs {missing.name}: pip install 'specnet[train]'",
            f"`-o {target.with_suffix('.svg')}` works without it",
        ) from None


def _render(graph: graphviz.Digraph, format: str, target: Path) -> bytes:
    """Return the content of the file; raises CommandError where Graphviz is missing or fails."""
    from graphviz import CalledProcessError, ExecutableNotFound

    if format == "dot":
        return str(graph.source).encode()
    try:
        return bytes(graph.pipe(format))
    except ExecutableNotFound:
        raise CommandError(*NO_DOT, f"`-o {target.with_suffix('.dot')}` works without it") from None
    except CalledProcessError as error:
        reason = (error.stderr or b"").decode(errors="replace").strip().partition("\n")[0]
        advice = f"`--depth 1` folds the blocks, and `-o {target.with_suffix('.dot')}` needs no layout"
        raise CommandError(
            f"Graphviz could not draw this: {reason or f'it exited with {error.returncode}'}; {advice}"
        ) from None
