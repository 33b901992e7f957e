"""specnet compile: write a network as Python source for PyTorch, Keras or Flax; needs none of them itself.

Layers of plugins are compared with their modules where torch is installed.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from specnet.cli.options import FILE, add_spec_arguments, output_file
from specnet.cli.output import CommandError, print_diagnostics, print_file, print_message, refuse_folder, write_file
from specnet.cli.specs import check_network, refuse_overwriting_spec
from specnet.graph import Network
from specnet.package import is_own_module

if TYPE_CHECKING:
    from specnet.backends.channels_last.conversion import UnwrittenLayers
    from specnet.compiler import Checked
    from specnet.elaborate.formulas import Formulas

HELP = "write the network of a spec as readable source for PyTorch, Keras or Flax"

LANGUAGES = ("torch", "keras", "flax")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help=FILE)
    parser.add_argument(
        "-o", dest="output", type=output_file, metavar="OUT", help="output file (default: standard output)"
    )
    parser.add_argument(
        "--to",
        choices=LANGUAGES,
        default="torch",
        help="torch: modules (the default); keras: the functional API, channels last; flax: modules of JAX's Flax NNX",
    )
    add_spec_arguments(parser)


def run(options: argparse.Namespace) -> int:
    """Return 0, or 1 if the spec has errors; then nothing is written."""
    if options.output:
        refuse_folder(options.output)
    checked = check_network(options.file, options)
    if options.output:
        refuse_overwriting_spec(options.output, checked)
    if not checked.ok:
        print_diagnostics(checked.shown, checked.omitted)
        return 1

    _verify_layers_of_plugins(checked.network)
    text = _generate(checked, options)
    if options.output:
        write_file(options.output, text.encode())
        print_message(f"wrote {options.output}")
    else:
        print_file(text.encode())
    return 0


def _generate(checked: Checked, options: argparse.Namespace) -> str:
    """Return the source in the language asked for; raises CommandError where that lacks a layer."""
    from specnet.backends.channels_last.conversion import UnwrittenLayers
    from specnet.elaborate.formulas import find_formulas

    origin = "standard input" if options.file == "-" else Path(options.file).name
    generate = _load_generator(options.to)
    try:
        return generate(checked.network, origin, find_formulas(checked.elaborated))
    except UnwrittenLayers as unwritten:
        raise CommandError(*_describe_unwritten(unwritten, checked)) from None


def _load_generator(language: str) -> Callable[[Network, str, Formulas], str]:
    if language == "keras":
        from specnet.backends.keras_source import generate_keras_source

        return generate_keras_source
    if language == "flax":
        from specnet.backends.flax_source import generate_flax_source

        return generate_flax_source
    from specnet.backends.torch_source import generate_source

    return generate_source


def _describe_unwritten(unwritten: UnwrittenLayers, checked: Checked) -> list[str]:
    """Return a line for each layer that the language lacks, with its place, and what to do."""
    places = checked.elaborated.places
    lines = [
        f"{checked.source.name}:{places[each.node.name].element.line}: `{each.node.kind}` cannot be written in "
        f"{unwritten.language}: {each.reason}"
        for each in unwritten.layers
    ]
    return [*dict.fromkeys(lines), "compile it --to torch, or say it in other layers"]


def _verify_layers_of_plugins(network: Network) -> None:
    """Compare them with torch; raises PluginError where a module is not what its layer says."""
    if not any(node.layer and node.layer.own_kind for node in network.nodes):
        return
    try:
        from specnet.backends.meta_device import verify_network
    except ModuleNotFoundError as missing:
        if is_own_module(missing.name):
            raise
        print_message(f"note: layers of plugins are not compared with their modules, as there is no {missing.name}")
        return
    verify_network(network)
