"""specnet predict: what a trained network says of images."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from specnet.cli.options import (
    PLOT_FORMATS,
    add_device_arguments,
    add_run_argument,
    named_path,
    output_file,
    parse_format,
    positive_integer,
)
from specnet.cli.output import (
    CommandError,
    print_data,
    print_message,
    print_text,
    refuse_overwriting,
    refuse_unwritable,
    write_file,
)
from specnet.cli.torch_commands import requires_torch
from specnet.printable import format_amount
from specnet.settings.loss import Target
from specnet.suggest import did_you_mean, find_closest_word

if TYPE_CHECKING:
    from specnet.cli.prediction_formats import Format, Stream
    from specnet.training import LoadedRun

HELP = "classify images with a trained network, or whatever its task is"

DATA_FORMATS = ("csv", "json")
"""The endings of a file that holds the predictions themselves."""

FOLDER = "folder"
"""Stands for the ending of a folder that the pictures are written into."""

MOST_NAMED = 20
"""Files that cannot be read, and are named."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_run_argument(parser)
    parser.add_argument(
        "images",
        nargs="+",
        type=named_path,
        metavar="IMAGE|FOLDER",
        help="an image file (PNG, JPEG, WebP …) or a folder of images, any number of them",
    )
    parser.add_argument("--top", type=positive_integer, default=5, metavar="K", help="show K classes (default: 5)")
    parser.add_argument(
        "--class",
        dest="submission",
        metavar="NAME",
        help="write a submission file, CSV with the columns id and label: the names of the files without their "
        "endings, and the probability of this class",
    )
    parser.add_argument(
        "-o",
        dest="output",
        type=output_file,
        metavar="OUT",
        help="write the predictions into this file: .csv, .json; or plot the images with bars: .png, .svg, .pdf; "
        "of a task whose answers are pictures, write a PNG for each image into this folder",
    )
    parser.add_argument(
        "--calibrated",
        action="store_true",
        help="give probabilities by the temperature that `specnet evaluate RUN --calibrate` has fitted",
    )
    parser.add_argument("--skip-bad", action="store_true", help="leave out images that cannot be read")
    add_device_arguments(parser)
    parser.add_argument("--format", choices=("text", "json", "csv"), help="output format (default: text)")


@requires_torch
def run(options: argparse.Namespace) -> int:
    """Return 0; an image that cannot be read ends with 1 after the predictions of the others, a missing one with 2."""
    from specnet.cli.picture_folder import prepare_folder, write_pictures
    from specnet.cli.prediction_formats import FORMATS, Stream
    from specnet.runs import load_run
    from specnet.training import stream_predictions

    loaded, device = load_run(options.run_folder), options.device or "cpu"
    if options.calibrated:
        loaded = loaded.calibrated()
    ending = _find_ending(options, loaded) if options.output else ""
    format = _choose_format(options, ending)
    if options.submission is not None:
        _refuse_unknown(options.submission, loaded)
    if ending == FOLDER:
        prepare_folder(options.output, options.images)
    elif options.output:
        refuse_unwritable(options.output)
        refuse_overwriting(options.output, options.images)
    top = loaded.job.output_shape[0] if options.submission else options.top
    results = stream_predictions(loaded, options.images, top, device, print_message)
    if ending == FOLDER:
        results = write_pictures(results, options.output, loaded.image_format)
    stream = Stream(loaded, results)
    if ending in DATA_FORMATS:
        _write_data(format(stream), options.output)
    else:
        print_part = print_data if format is FORMATS["json"] else print_text
        for text in format(stream):
            print_part(text)
    if ending in PLOT_FORMATS:
        _plot(stream, options.output, ending)
    _report(stream, options)
    return 0


def _find_ending(options: argparse.Namespace, loaded: LoadedRun) -> str:
    """Return the ending of the output, or FOLDER; raises CommandError for one that the run's answers cannot have."""
    pictures, output = loaded.objective.picture, options.output
    if pictures and (output.is_dir() or not output.suffix):
        return FOLDER
    if not pictures:
        return parse_format(output, (*DATA_FORMATS, *PLOT_FORMATS))
    if output.suffix.lower().removeprefix(".") not in DATA_FORMATS:
        raise CommandError(f"{output}: name a folder for the {pictures}, or a file that ends in .csv or .json")
    return parse_format(output, DATA_FORMATS)


def _choose_format(options: argparse.Namespace, ending: str) -> Format:
    """Return the format that the options name; raises CommandError where they name several."""
    from specnet.cli.prediction_formats import FORMATS, format_submission

    named = options.format or (ending if ending in DATA_FORMATS else None)
    if ending in DATA_FORMATS and named != ending:
        raise CommandError(f"-o {options.output} says {ending}, and --format {named}; leave one of them out")
    if options.submission is None:
        return FORMATS[named or "text"]
    if named not in (None, "csv") or ending in (*PLOT_FORMATS, FOLDER):
        raise CommandError(f"--class writes a submission file, which is CSV; {options.output or named} is not")
    return format_submission(options.submission)


def _refuse_unknown(name: str, loaded: LoadedRun) -> None:
    """Raise CommandError if the run has no class of that name, or tells no classes."""
    if loaded.job.training.task.target not in (Target.CLASS, Target.CLASSES):
        raise CommandError("--class writes the probability of a class, and the task of this run names none")
    if name not in loaded.classes:
        hint = did_you_mean(find_closest_word(name, loaded.classes))
        listed = ", ".join(loaded.classes[:MOST_NAMED])
        raise CommandError(f"the run has no class `{name}`{hint or f'; it has {listed}'}")


def _write_data(parts: Iterable[str], output: Path) -> None:
    """Write the parts of a text into a file, as a whole or not at all."""
    content = BytesIO()
    for part in parts:
        content.write(f"{part}\n".encode(errors="backslashreplace"))
    write_file(output, content.getvalue())
    print_message(f"wrote {output}")


def _plot(stream: Stream, output: Path, format: str) -> None:
    from specnet.training import plots

    if not stream.first:
        return
    refuse_overwriting(output, [prediction.image for prediction in stream.first])
    write_file(output, plots.draw_predictions(stream.first, format, print_message))
    rest = stream.images - len(stream.first)
    print_message(f"wrote {output}" + f"; it shows the first {len(stream.first)} images" * (rest > 0))


def _report(stream: Stream, options: argparse.Namespace) -> None:
    """Name the files that could not be read; raises CommandError for them, unless they are skipped."""
    if not stream.bad:
        return
    files = format_amount(stream.images + len(stream.bad), "file")
    first = f"{len(stream.bad):,} of {files} cannot be read"
    lines = [f"  {each.name}: {each.reason}" for each in stream.bad[:MOST_NAMED]]
    rest = len(stream.bad) - MOST_NAMED
    lines += [f"  and {rest:,} more"] if rest > 0 else []
    if not options.skip_bad:
        raise CommandError(f"{first}:", *lines, exit_code=1)
    print_message(f"{first}, and {'was' if len(stream.bad) == 1 else 'were'} left out:", *lines)
