"""specnet import: write the spec of a model of another tool, and report how true it is."""

from __future__ import annotations

import argparse
from os.path import realpath
from typing import TYPE_CHECKING

from specnet.cli.options import named_path, output_file, parse_shape
from specnet.cli.output import (
    CommandError,
    print_json,
    print_message,
    print_text,
    refuse_overwriting,
    refuse_unwritable,
    write_file,
)
from specnet.cli.torch_commands import requires_torch

if TYPE_CHECKING:
    from specnet.importers import ImportResult
    from specnet.importers.carrying import Carried

HELP = "write the spec of a model of Caffe, Darknet, ONNX, Keras, Ultralytics or torch, with a fidelity report"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    model = "a model file, told by its content, or package.module:function, which is imported and called"
    parser.add_argument("source", metavar="FILE|MODULE:NAME", help=model)
    spec = "the .net file to write (default: print it)"
    parser.add_argument("-o", dest="output", type=output_file, metavar="OUT", help=spec)
    shape = "the shape of one input, for a model that leaves it open"
    parser.add_argument("--input", metavar="HxWxC", help=shape)
    beside = "read the weights from this file beside the model: .caffemodel, .weights, a state_dict …"
    parser.add_argument("--weights", type=named_path, metavar="F", help=beside)
    weights = "also write the model's weights under the names of the spec, as safetensors"
    parser.add_argument("--weights-out", type=output_file, metavar="F", help=weights)
    partial = "write the spec even if layers that compute something are left out"
    parser.add_argument("--partial", action="store_true", help=partial)
    formats = "format of the report (default: text)"
    parser.add_argument("--format", choices=("text", "json", "sarif"), default="text", help=formats)


def run(options: argparse.Namespace) -> int:
    """Return 1 if the model cannot be read, or a layer that computes something was left out without `--partial`."""
    return requires_torch(_run)(options) if options.weights_out else _run(options)


def _run(options: argparse.Namespace) -> int:
    from specnet.importers import MissingLibrary, UnreadableModel, import_model

    _refuse_targets(options)
    shape = parse_shape(options.input) if options.input else None
    try:
        result = import_model(options.source, shape, options.weights)
        lost = bool(result.imported.lost) and not options.partial
        carried = None if lost else _write(result, options)
    except MissingLibrary as error:
        raise CommandError(*error.args) from None
    except UnreadableModel as error:
        raise CommandError(*error.args, exit_code=1) from None
    _report(result, options, lost, carried)
    return int(lost)


def _refuse_targets(options: argparse.Namespace) -> None:
    for target in filter(None, (options.output, options.weights_out)):
        refuse_unwritable(target)
        refuse_overwriting(target, filter(None, (options.source, options.weights)))
    if options.output and options.weights_out and realpath(options.output) == realpath(options.weights_out):
        raise CommandError(f"{options.output} cannot be both the spec and its weights; name another file")


def _write(result: ImportResult, options: argparse.Namespace) -> Carried | None:
    """Write the spec and the weights, or neither if the weights do not fit; return what was carried."""
    carried = _carry_weights(result) if options.weights_out else None
    if options.output:
        write_file(options.output, result.text.encode())
    if carried:
        write_file(options.weights_out, carried.content)
        print_message(f"wrote {options.weights_out}: {carried.summary}")
    return carried


def _carry_weights(result: ImportResult) -> Carried:
    from specnet.importers.carrying import carry_weights

    return carry_weights(result)


def _report(result: ImportResult, options: argparse.Namespace, lost: bool, carried: Carried | None) -> None:
    """Print the report; without a file to write, the text of the spec goes before it, but not before JSON."""
    from specnet.importers.report import describe_report, format_report, make_sarif

    written = None if lost else options.output
    if options.format == "json":
        weights = carried.describe(str(options.weights_out)) if carried else None
        print_json(describe_report(result, options.source, str(written) if written else None, weights))
    elif options.format == "sarif":
        print_json(make_sarif(result, options.source))
    else:
        if not (lost or options.output):
            print_text(result.text.rstrip("\n"))
        print_message(*format_report(result).split("\n"))
    if written:
        print_message(f"wrote {written}")
    if lost and options.output:
        print_message("error: nothing was written, as layers that compute were left out; --partial writes the rest")
    elif lost:
        print_message("error: layers that compute were left out; --partial gives the rest")
