"""specnet compile: write a network as Python source that needs only torch; needs no torch itself.

Layers of plugins are compared with their modules where torch is installed.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from specnet.cli.options import FILE, add_spec_arguments, output_file
from specnet.cli.output import print_diagnostics, print_file, print_message, refuse_folder, write_file
from specnet.cli.specs import check_network, refuse_overwriting_spec
from specnet.graph import Network
from specnet.package import is_own_module

HELP = "write the network of a spec as readable PyTorch source"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help=FILE)
    parser.add_argument(
        "-o", dest="output", type=output_file, metavar="OUT", help="output file (default: standard output)"
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
    from specnet.backends.torch_source import generate_source
    from specnet.elaborate.formulas import find_formulas

    origin = "standard input" if options.file == "-" else Path(options.file).name
    text = generate_source(checked.network, origin, find_formulas(checked.elaborated))
    if options.output:
        write_file(options.output, text.encode())
        print_message(f"wrote {options.output}")
    else:
        print_file(text.encode())
    return 0


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
