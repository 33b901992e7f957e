"""specnet draw: the network as a picture, up to the error and around it where it is broken."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from specnet.cli.failure import Failure
from specnet.cli.output import write_file
from specnet.cli.spec import add_spec_arguments, check_file, say

if TYPE_CHECKING:
    import graphviz

HELP = "draw the network of a spec, also of one that is broken"

FORMATS = ("svg", "png", "pdf", "dot")

MANY_LAYERS = 5_000
"""From here on Graphviz may take minutes, and the user is told."""

NO_DOT = """\
Graphviz's program `dot` is not installed; it is found as
  Debian, Ubuntu  sudo apt install graphviz
  macOS           brew install graphviz
  Windows         choco install graphviz
  conda           conda install -c conda-forge graphviz
`-o {file}` works without it"""


def arguments(parser: argparse.ArgumentParser) -> None:
    formats = ", ".join(f".{each}" for each in FORMATS)
    parser.add_argument("file", metavar="FILE", help="a .net file; - reads standard input")
    parser.add_argument(
        "-o", dest="output", type=Path, metavar="OUT", help=f"the picture: {formats} (default: FILE's name with .svg)"
    )
    parser.add_argument("--style", choices=("layers",), default="layers", help="layers: a box a layer (default)")
    parser.add_argument(
        "--depth", type=_depth, metavar="N", help="open blocks and repetitions N deep; those below are one box each"
    )
    add_spec_arguments(parser)


def run(options: argparse.Namespace) -> int:
    """0, or 1 if the network is broken; it is drawn all the same."""
    target = options.output or Path("network.svg" if options.file == "-" else f"{Path(options.file).stem}.svg")
    if target.is_dir():
        raise Failure(f"{target} is a directory; name a file")
    if target.suffix.lower().removeprefix(".") not in FORMATS:
        raise Failure(f"{target}: name a file that ends in {', '.join(f'.{each}' for each in FORMATS)}")
    checked = check_file(options.file, options)
    if len(checked.network.nodes) > MANY_LAYERS and options.depth is None:
        print(f"{len(checked.network.nodes):,} layers take a while; --depth 1 folds the blocks", file=sys.stderr)

    from specnet.backends.diagram import draw

    write_file(target, _rendered(draw(checked, options.depth), target))
    if not checked.ok:
        say(checked.diagnostics)
    print(f"wrote {target}", file=sys.stderr)
    return 0 if checked.ok else 1


def _rendered(graph: graphviz.Digraph, target: Path) -> bytes:
    """The picture in the format that the file's ending names."""
    from graphviz import CalledProcessError, ExecutableNotFound

    format = target.suffix.lower().removeprefix(".")
    if format == "dot":
        return str(graph.source).encode()
    try:
        return bytes(graph.pipe(format))
    except ExecutableNotFound:
        raise Failure(NO_DOT.format(file=target.with_suffix(".dot"))) from None
    except CalledProcessError as error:
        reason = (error.stderr or b"").decode(errors="replace").strip().partition("\n")[0]
        advice = f"`--depth 1` folds the blocks, and `-o {target.with_suffix('.dot')}` needs no layout"
        raise Failure(
            f"Graphviz could not draw this: {reason or f'it ended with {error.returncode}'}; {advice}"
        ) from None


def _depth(text: str) -> int:
    if not text.isascii() or not text.isdigit():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 0")
    return int(text)
