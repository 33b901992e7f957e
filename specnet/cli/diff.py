"""specnet diff: compare two networks rather than two texts."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from specnet.analyses.difference import Difference, Side, find_differences
from specnet.analyses.isomorphism import match_networks
from specnet.cli.drawing_errors import name_files, reporting_drawing_errors
from specnet.cli.drawing_options import add_theme_argument
from specnet.cli.options import (
    FILE,
    add_format_argument,
    add_spec_arguments,
    collect_overrides,
    naming_settings,
    output_file,
    parse_format,
)
from specnet.cli.output import (
    CommandError,
    print_diagnostics,
    print_json,
    print_message,
    print_text,
    refuse_folder,
    uses_colour,
    write_file,
)
from specnet.cli.specs import check_network, refuse_overwriting_spec
from specnet.compiler import Checked
from specnet.printable import escape_unprintable
from specnet.reporters.difference import COUNTS, SIZES, format_differences

FORMATS = ("svg", "png", "pdf", "dot", "mmd")

if TYPE_CHECKING:
    from specnet.backends.diagram.options import ThemeName

HELP = "compare two networks: layers added, removed or changed, with shapes and costs"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("before", metavar="A", help=FILE)
    after = "the spec to compare it with (default: A, with --set-left or --set-right)"
    parser.add_argument("after", metavar="B", nargs="?", help=after)
    for side in ("left", "right"):
        parser.add_argument(
            f"--set-{side}",
            action="append",
            default=[],
            metavar="NAME=VALUE",
            help=f"override a let or a setting of the {'first' if side == 'left' else 'second'} network only",
        )
    formats = ", ".join(f".{each}" for each in FORMATS)
    parser.add_argument(
        "-o", dest="output", type=output_file, metavar="OUT", help=f"also draw the difference as {formats}"
    )
    add_theme_argument(parser)
    add_format_argument(parser)
    add_spec_arguments(parser)


def run(options: argparse.Namespace) -> int:
    """Return 0 if the networks are the same, 1 if they differ or one has errors."""
    if options.after is None and not (options.set_left or options.set_right):
        raise CommandError("diff compares two specs, or one with --set-left or --set-right")
    format = _parse_target(options.output)
    if options.theme and format in ("", "mmd"):
        raise CommandError("--theme goes with -o and a picture or .dot")
    before = _check_side(options.before, "--set-left", options.set_left, options)
    after = _check_side(options.after or options.before, "--set-right", options.set_right, options)
    for checked in (before, after):
        if not checked.ok:
            print_diagnostics(checked.shown, checked.omitted)
    if not before.ok or not after.ok:
        return 1
    found = find_differences(before.network, after.network)
    if options.output:
        _draw(before, after, options.output, format, options.theme or "light")
    if options.format == "json":
        print_json(_describe_differences(before, after, found, options))
    elif found:
        print_text(format_differences(before, after, found, uses_colour(sys.stdout)))
        if match_networks(before.network, after.network):
            print_text("\nthe same graph, apart from names and ways of writing")
    else:
        first, second = _name(before, options.set_left), _name(after, options.set_right)
        print_text(escape_unprintable(f"{first} and {second} are the same network"))
    return 1 if found else 0


def _parse_target(target: Path | None) -> str:
    """Return the format of a picture, if one is asked for; raises CommandError."""
    if target is None:
        return ""
    refuse_folder(target)
    return parse_format(target, FORMATS)


def _draw(before: Checked, after: Checked, target: Path, format: str, theme: ThemeName) -> None:
    for checked in (before, after):
        refuse_overwriting_spec(target, checked)
    from specnet.backends.diagram.difference import render_difference

    with reporting_drawing_errors(target, name_files(target, "mmd", "dot"), "compare smaller networks"):
        content = render_difference(before, after, format, theme)
    write_file(target, content)
    print_message(f"wrote {target}")


def _check_side(file: str, option: str, settings: list[str], options: argparse.Namespace) -> Checked:
    """Check one of the networks with the settings of both, and then its own."""
    names = [setting.partition("=")[0].strip() for setting in settings]
    with naming_settings(option, names):
        return check_network(file, _choose_side(options, settings))


def _choose_side(options: argparse.Namespace, settings: list[str]) -> argparse.Namespace:
    """Return the options for one of the networks, whose own settings come after those of both."""
    return argparse.Namespace(**vars(options) | {"settings": [*options.settings, *settings]})


def _name(checked: Checked, settings: list[str]) -> str:
    return " with ".join((checked.source.name, *([", ".join(settings)] if settings else [])))


def _describe_differences(
    before: Checked, after: Checked, found: list[Difference], options: argparse.Namespace
) -> dict[str, Any]:
    """Return the JSON values of the differences."""
    return {
        "schema": 1,
        "same": not found,
        "same_graph": match_networks(before.network, after.network) is not None,
        "differences": [
            {
                "change": str(difference.change),
                "before": difference.before and _describe_side(difference.before),
                "after": difference.after and _describe_side(difference.after),
            }
            for difference in found
        ],
        "before": _describe_network(before, _choose_side(options, options.set_left)),
        "after": _describe_network(after, _choose_side(options, options.set_right)),
    }


def _describe_side(side: Side) -> dict[str, Any]:
    return {
        "name": side.name,
        "layer": side.text,
        "inputs": list(side.inputs),
        "output": list(side.output) if side.output else None,
        "parameters": side.cost.parameters,
        "macs": side.cost.macs,
    }


def _describe_network(checked: Checked, options: argparse.Namespace) -> dict[str, Any]:
    return {
        "file": checked.source.name,
        "settings": collect_overrides(options),
        "network": checked.network.name,
        "digest": checked.digest,
        "totals": {name: getattr(checked.totals, name) for name in (*COUNTS, *SIZES)},
    }
