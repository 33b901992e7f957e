"""specnet export: write a network for other programs."""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

from specnet.cli.options import add_spec_arguments, collect_overrides, output_file
from specnet.cli.output import (
    CommandError,
    print_diagnostics,
    print_message,
    refuse_folder,
    refuse_overwriting,
    write_file,
)
from specnet.cli.specs import check_file
from specnet.cli.torch_commands import requires_torch

if TYPE_CHECKING:
    from specnet.training.export import Exportable

HELP = "export a network as safetensors, ONNX or pt2"

FORMATS = ("safetensors", "onnx", "pt2")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "source", metavar="RUN|FILE", help="the folder of a run, or a spec, which is exported with its initial weights"
    )
    parser.add_argument(
        "--to",
        choices=FORMATS,
        required=True,
        help="safetensors: the weights; onnx, pt2: the network for batches of any size, with a run's normalisation",
    )
    parser.add_argument(
        "-o",
        dest="output",
        type=output_file,
        metavar="OUT",
        help="output file (default: the source's name, in this folder)",
    )
    add_spec_arguments(parser)


@requires_torch
def run(options: argparse.Namespace) -> int:
    """Return 0, or 1 if a spec has errors."""
    source = Path(options.source)
    target = options.output or Path(f"{Path(os.path.realpath(source)).stem}.{options.to}")
    refuse_folder(target)
    refuse_overwriting(target, source.iterdir() if source.is_dir() else [source])
    from specnet.runs import encode

    exportable = _load_exportable(options)
    if exportable is None:
        return 1
    write_file(target, encode(exportable, options.to))
    print_message(f"wrote {target}; {_describe_use(exportable, options.to)}")
    return 0


def _load_exportable(options: argparse.Namespace) -> Exportable | None:
    """Return the network to export, None if its spec has errors."""
    if not Path(options.source).is_dir():
        return _initialize_spec(options)
    if collect_overrides(options):
        raise CommandError("a run is exported as it was trained; --set and --input are for a spec")
    from specnet.runs import load_run
    from specnet.training.export import export_run

    return export_run(load_run(options.source))


def _initialize_spec(options: argparse.Namespace) -> Exportable | None:
    """Return the network of a spec with its initial weights, None if the spec has errors."""
    checked = check_file(options.source, options)
    if not checked.ok:
        print_diagnostics(checked.shown, checked.omitted)
        return None

    from specnet.backends.torch_module import build_module
    from specnet.jobs import collect_layer_info, collect_used_files
    from specnet.settings import Training
    from specnet.training.export import export_untrained

    network = checked.network
    labels = {
        "spec": checked.source.text,
        "used": json.dumps(collect_used_files(checked)),
        "overrides": json.dumps(collect_overrides(options)),
        "digest": checked.digest,
    }
    shapes = [input.shape for input in network.inputs]
    return export_untrained(
        build_module(network), network.training or Training(), collect_layer_info(network), shapes, labels
    )


def _describe_use(exportable: Exportable, format: str) -> str:
    """Return a sentence about the content of the file and the inputs of the network."""
    if format == "safetensors":
        return "the weights by name; the metadata holds the spec, the classes and the normalisation"
    shapes = ", ".join("×".join(("N", *map(str, example.shape[1:]))) for example in exportable.examples)
    if exportable.module is exportable.network:
        return f"it takes {shapes}, and its weights are not trained"
    if "sixteen_bits" in exportable.metadata:
        return f"it takes pixels of 16 bits as float32 {shapes}: their scale and the normalisation are built in"
    if exportable.takes_floats:
        return f"it takes float32 {shapes} as it was trained on: the normalisation is built in"
    return f"it takes pixels from 0 to 255 as float32 {shapes}: the normalisation is built in"
