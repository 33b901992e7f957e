"""specnet show: pictures of what a trained network has learned."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from specnet.cli.options import (
    DATA_DIR,
    PLOT_FORMATS,
    add_device_arguments,
    add_format_argument,
    add_run_argument,
    named_path,
    natural_number,
    output_file,
    parse_format,
    positive_integer,
)
from specnet.cli.output import print_json, print_message, print_text, refuse_overwriting, refuse_unwritable, write_file
from specnet.cli.torch_commands import requires_torch
from specnet.insight.registry import VIEWS, Default
from specnet.insight.request import PARAMETERS
from specnet.printable import escape_unprintable
from specnet.reporters.table import align_rows

HELP = "show what a trained network has learned: a picture with its numbers"

FOLDER = "show"
"""The folder in a run for pictures that no file was named for."""

LONGEST = 60
"""The most letters of an image's or a layer's name in that of a picture."""

FLAGS = {"class_name": "--class"}
"""The flags of parameters that have another name in Python, where `class` is a keyword."""

TYPES: Mapping[int | None, Callable[[str], Any]] = {None: str, 0: natural_number, 1: positive_integer}
"""The types of parameters by the least value that they may have."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_run_argument(parser)
    views = parser.add_subparsers(dest="view", title="views", metavar="VIEW", required=False)
    for name, info in VIEWS.items():
        view = views.add_parser(name, help=info.sentence, description=f"Show {info.sentence}.")
        for each in (*info.needs, *info.allows):
            kind, amount = named_path if each == "image" else str, "?" if each in info.allows else None
            meaning, metavar = PARAMETERS[each].meaning, PARAMETERS[each].metavar
            view.add_argument(each, type=kind, nargs=amount, metavar=metavar, help=meaning)
        for each, default in info.options.items():
            _add_option(view, each, default)
        _add_common_arguments(view)
        view.set_defaults(usage=view.format_usage())


def _add_option(view: argparse.ArgumentParser, name: str, default: Default) -> None:
    parameter, flag = PARAMETERS[name], FLAGS.get(name, f"--{name}")
    if isinstance(default, bool):
        view.add_argument(flag, dest=name, action="store_true", default=None, help=parameter.meaning)
        return
    kind, choices = TYPES[parameter.least], parameter.choices or None
    shown = f"{parameter.meaning}: {', '.join(choices)}" if choices else parameter.meaning
    shown += "" if default is None else f" (default: {default})"
    view.add_argument(flag, dest=name, type=kind, choices=choices, metavar=parameter.metavar, help=shown)


def _add_common_arguments(view: argparse.ArgumentParser) -> None:
    view.add_argument("--data-dir", type=named_path, metavar="DIR", help=DATA_DIR)
    view.add_argument(
        "-o",
        dest="output",
        type=output_file,
        metavar="OUT",
        help="write the picture into this file: .png, .svg, .pdf (default: RUN/show/VIEW-IMAGE-LAYER.png)",
    )
    add_device_arguments(view)
    add_format_argument(view)


def run(options: argparse.Namespace) -> int:
    """Return 0; an image that cannot be read ends with 1, an image, a layer or a class that is not there with 2."""
    if options.view:
        return _show(options)
    print_text("\n".join(align_rows([(name, info.sentence) for name, info in VIEWS.items()])))
    return 0


@requires_torch
def _show(options: argparse.Namespace) -> int:
    from specnet.insight.request import make_request
    from specnet.insight.show import compute_view
    from specnet.runs import load_run

    taken = {name: getattr(options, name) for name in VIEWS[options.view].takes}
    target = options.output or options.run_folder / FOLDER / f"{_name_picture(options.view, taken)}.png"
    format = parse_format(target, PLOT_FORMATS)
    if "image" in taken:
        refuse_overwriting(target, [taken["image"]])
    request = make_request(options.view, taken, options.data_dir, print_message)
    loaded = load_run(options.run_folder)
    if not options.output:
        target.parent.mkdir(exist_ok=True)
    refuse_unwritable(target)
    view = compute_view(loaded, options.view, request, options.device or "cpu")
    write_file(target, view.render(format))
    if options.format == "json":
        print_json(describe(options.run_folder, view.record()))
    else:
        print_text("\n".join(escape_unprintable(line) for line in (view.title, *view.summary)))
    print_message(f"wrote {target}")
    return 0


def _name_picture(view: str, taken: Mapping[str, Any]) -> str:
    """Return a name that differs from picture to picture of a view: `occlusion-test-17`, `maximise-conv3`."""
    about = [Path(taken["image"]).stem if taken.get("image") else "", taken.get("layer") or ""]
    words = [re.sub(r"[^\w.-]+", "-", word)[-LONGEST:] for word in about if word]
    return "-".join([view, *words, *(["wrong"] if taken.get("wrong") else [])])


def describe(run: Path, record: Mapping[str, Any]) -> dict[str, Any]:
    """Return the JSON values of a view of a run."""
    return {"schema": 1, "run": str(run), **record}
