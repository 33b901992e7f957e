"""specnet sizes: which inputs a network takes, at which no layer rounds, and which its weights fit."""

from __future__ import annotations

import argparse
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from specnet.cli.options import FILE, add_format_argument, add_spec_arguments
from specnet.cli.output import CommandError, print_diagnostics, print_json, print_message, print_text
from specnet.cli.specs import check_text, make_elaborate, read_spec
from specnet.layers.base import Shape, format_shape
from specnet.reporters.sizes import format_survey
from specnet.reporters.sizes_json import describe_survey

if TYPE_CHECKING:
    from specnet.analyses.sizes.survey import InputSizes, Survey
    from specnet.compiler import Checked
    from specnet.elaborate import Elaborated
    from specnet.source import Source

HELP = "the input sizes of a network: valid ones, those at which no layer rounds, and those that its weights fit"

NEAR = "also the sizes nearest to this one (default: that of the spec, if it is not exact)"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help=FILE)
    parser.add_argument("--near", metavar="HxW", help=NEAR)
    add_format_argument(parser)
    add_spec_arguments(parser)


def run(options: argparse.Namespace) -> int:
    """Return 0 if some size is valid, 1 if the spec has errors that no size mends."""
    numbers = _parse_near(options.near) if options.near else ()
    source = read_spec(options.file)
    found = _survey(source, options)
    if not found:
        return _report_errors(check_text(source, options), options)
    elaborated, survey = found
    near = [_find_near(sizes, numbers, options) or _find_own(sizes, elaborated, survey) for sizes in survey.inputs]
    if options.format == "json":
        print_json(describe_survey(source.name, elaborated, survey, near))
    else:
        print_text(format_survey(elaborated, survey, near))
    return 0


def _survey(source: Source, options: argparse.Namespace) -> tuple[Elaborated, Survey] | None:
    """Return the network and the sizes of its inputs; None if the spec has no network, or errors at all sizes."""
    from specnet.analyses.sizes.survey import survey_sizes
    from specnet.compiler import collect_garbage_later

    elaborate_with = make_elaborate(source, options)
    if not elaborate_with:
        return None

    def elaborate_at(shapes: Mapping[str, Shape]) -> Elaborated:
        return elaborate_with({f"input.{name}": "x".join(map(str, shape)) for name, shape in shapes.items()})

    with collect_garbage_later():
        elaborated = elaborate_at({})
        survey = survey_sizes(elaborated, elaborate_at) if elaborated.network.nodes else None
    return (elaborated, survey) if survey else None


def _report_errors(checked: Checked, options: argparse.Namespace) -> int:
    """Print what is wrong with a spec at every size; raises CommandError for one without a network."""
    if checked.ok:
        raise CommandError(f"{options.file} holds blocks alone, and no network", exit_code=1)
    print_diagnostics(checked.shown, checked.omitted)
    print_message("no other size of its input mends the spec")
    return 1


def _parse_near(text: str) -> tuple[int, ...]:
    numbers = re.split("[x×]", text)
    if len(numbers) > 3 or not all(re.fullmatch("0*[1-9][0-9]{0,8}", number) for number in numbers):
        raise CommandError(f"--near {text}: write HxW, such as 224x224")
    return tuple(map(int, numbers))


def _find_near(sizes: InputSizes, numbers: tuple[int, ...], options: argparse.Namespace) -> Shape | None:
    """Return the shape that --near means for some inputs, a square for one number; raises CommandError."""
    if not numbers:
        return None
    axes, channels = len(sizes.axes), sizes.shape[len(sizes.axes) :]
    given = numbers * axes if len(numbers) == 1 else numbers[:axes]
    if len(given) != axes or numbers[axes:] not in ((), channels):
        raise CommandError(f"--near {options.near}: the input of {options.file} is {format_shape(sizes.shape)}")
    return (*given, *channels)


def _find_own(sizes: InputSizes, elaborated: Elaborated, survey: Survey) -> Shape | None:
    """Return the shape in force, if it is not exact."""
    return None if survey.verdict.is_exact else elaborated.network.shapes[sizes.names[0]]
