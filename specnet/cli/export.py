"""specnet export: a network for other programs."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from specnet.cli.failure import Failure
from specnet.cli.output import write_file
from specnet.cli.spec import add_spec_arguments, check_file, overrides, say
from specnet.cli.torch_work import needing_torch, open_run

if TYPE_CHECKING:
    from specnet.training.export import Exportable

HELP = "write a network for other programs: as safetensors, ONNX or pt2"

FORMATS = ("safetensors", "onnx", "pt2")


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("source", metavar="RUN|FILE", help="a run, or a spec: then with the weights of the beginning")
    parser.add_argument(
        "--to",
        choices=FORMATS,
        required=True,
        help="safetensors: the weights; onnx, pt2: the network for batches of any size, a run's with its normalisation",
    )
    parser.add_argument("-o", dest="output", type=Path, metavar="OUT", help="(default: the source's name, here)")
    add_spec_arguments(parser)


@needing_torch
def run(options: argparse.Namespace) -> int:
    """0, or 1 where a spec is broken."""
    exportable = _exportable(options)
    if exportable is None:
        return 1
    target = options.output or Path(f"{Path(options.source).resolve().stem}.{options.to}")
    write_file(target, _content(exportable, options.to))
    print(f"wrote {target}; {_told(exportable, options.to)}", file=sys.stderr)
    return 0


def _exportable(options: argparse.Namespace) -> Exportable | None:
    """The network to export; None where its spec is broken."""
    if not Path(options.source).is_dir():
        return _of_file(options)
    if overrides(options):
        raise Failure("a run is exported as it was trained; --set and --input are for a spec")
    from specnet.training.export import of_run

    return of_run(open_run(Path(options.source)))


def _of_file(options: argparse.Namespace) -> Exportable | None:
    checked = check_file(options.source, options)
    if not checked.ok:
        say(checked.diagnostics)
        return None

    from specnet.backends.torch_module import build
    from specnet.jobs import collect_parts, collect_used_files
    from specnet.settings import Training
    from specnet.training.export import of_beginning

    network = checked.network
    labels = {
        "spec": checked.source.text,
        "used": json.dumps(collect_used_files(checked)),
        "overrides": json.dumps(overrides(options)),
        "digest": checked.digest,
    }
    shapes = [input.shape for input in network.inputs]
    return of_beginning(build(network), network.training or Training(), collect_parts(network), shapes, labels)


def _content(exportable: Exportable, format: str) -> bytes:
    from specnet.training import export

    if format == "safetensors":
        return export.weights(exportable)
    if format == "pt2":
        return export.program(exportable)
    try:
        from specnet.backends import onnx
    except ModuleNotFoundError as missing:
        raise Failure(f"`--to onnx` needs {missing.name}: pip install 'specnet[export]'") from None
    return onnx.model(exportable.module, exportable.examples, exportable.labels)


def _told(exportable: Exportable, format: str) -> str:
    """What a program that uses the file must know."""
    if format == "safetensors":
        return "the weights by name; spec, classes and normalisation are in the metadata"
    shapes = ", ".join("×".join(("N", *map(str, example.shape[1:]))) for example in exportable.examples)
    if exportable.module is exportable.network:
        return f"it takes {shapes}, and its weights are not trained"
    return f"it takes pixels from 0 to 255 as float32 {shapes}: the normalisation is built in"
