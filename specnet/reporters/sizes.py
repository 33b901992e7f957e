"""Report the sizes that a network takes, in sentences."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

from specnet.analyses.sizes.axis import AxisSizes
from specnet.analyses.sizes.judge import Verdict
from specnet.analyses.sizes.size_set import SizeSet
from specnet.analyses.sizes.survey import InputSizes, Survey
from specnet.attributes import LARGEST
from specnet.diagnostics import find_errors
from specnet.elaborate import Elaborated
from specnet.layers.base import Shape, format_shape
from specnet.reporters.table import align_rows

EXAMPLES = 3
"""The members of an endless set that are shown."""

MOST_RUNS = 12
"""The runs of sizes that are written out."""

ALL = "every valid size"

UNKNOWN_PAIRS = "height and width depend on each other, so that the smallest and the nearest shapes are not known"


def format_survey(elaborated: Elaborated, survey: Survey, near: Sequence[Shape | None]) -> str:
    """Return what holds of the shapes in force, and the sizes of all inputs."""
    verdict = survey.verdict
    inputs = " and ".join(format_shape(given.shape) for given in elaborated.network.inputs)
    verb = "is" if len(elaborated.network.inputs) == 1 else "are"
    title = f"{elaborated.network.name}: {inputs} {verb} {_describe_verdict(verdict, elaborated)}"
    sections = [format_sizes(*pair, verdict.is_valid) for pair in zip(survey.inputs, near, strict=True)]
    return "\n".join([title, *(line for lines in sections for line in lines)])


def _describe_verdict(verdict: Verdict, elaborated: Elaborated) -> str:
    if not verdict.is_valid:
        message = next(iter(find_errors(elaborated.diagnostics))).message
        return f"not valid: {message}"
    return f"valid, not exact: `{verdict.rounds}` rounds" if verdict.rounds else "exact"


def format_sizes(sizes: InputSizes, near: Shape | None, knows_weights: bool) -> list[str]:
    """Return the lines on some inputs: the rules of each axis, and a table of the smallest and the nearest shapes."""
    lines = list[str]()
    for title, axis in _list_sections(sizes):
        lines += ["", title, *(f"  {line}" for line in align_rows(_format_axis(axis, knows_weights)))]
    return [*lines, "", *(align_rows(_list_shapes(sizes, near)) if sizes.are_pairs_known else [UNKNOWN_PAIRS])]


def _list_sections(sizes: InputSizes) -> list[tuple[str, AxisSizes]]:
    """Return what is said once of several axes, or of each by itself, with its title."""
    first, *others = sizes.axes
    of = "" if len(sizes.names) == 1 else f" of {' and '.join(sizes.names)} together"
    if not others:
        return [(f"length{of}", first)]
    if sizes.are_independent and _rules(first) == _rules(others[0]):
        return [(f"height and width{of}, each by itself", first)]
    if sizes.are_independent:
        return [(f"{axis.name}{of}", axis) for axis in sizes.axes]
    square = [("squares", sizes.square)] if sizes.square else []
    pairs = zip(sizes.axes, ("width", "height"), reversed(sizes.shape[:2]), strict=True)
    return [*((f"{axis.name}{of}, with a {other} of {size}", axis) for axis, other, size in pairs), *square]


def _rules(axis: AxisSizes) -> tuple[object, ...]:
    return axis.valid, axis.exact, axis.fitting


def _format_axis(axis: AxisSizes, knows_weights: bool) -> list[tuple[str, str]]:
    rows = [("valid", format_set(axis.valid)), ("exact", ALL if axis.exact == axis.valid else format_set(axis.exact))]
    if axis.fitting and knows_weights:
        rows.append(
            ("weights", f"fit {format_set(axis.fitting)} only, as those of `{axis.resized}` grow with the input")
        )
    elif knows_weights:
        rows.append(("weights", f"fit {ALL}"))
    if axis.untried:
        rows.append(("untried", _format_untried(axis.untried)))
    return rows


def _format_untried(sizes: range) -> str:
    is_open = sizes.stop > LARGEST
    return f"all sizes from {sizes.start:,} on" if is_open else f"{sizes.start:,} to {sizes.stop - 1:,}"


def format_set(sizes: SizeSet) -> str:
    """Format a set of sizes: `67, 99, 131, … (n ≡ 3 mod 32)`, `every size from 7 on`, `223 to 225`."""
    few = _format_runs(sizes.others)
    if not sizes.residues:
        return few or "none"
    return f"{few}; {_format_rule(sizes)}" if few else _format_rule(sizes)


def _format_rule(sizes: SizeSet) -> str:
    first = next(sizes.list_from(sizes.start))
    if sizes.modulus == 1:
        return f"every size from {first} on" if first > 1 else "every size"
    if len(sizes.residues) == 1:
        examples = ", ".join(map(str, islice(sizes.list_from(sizes.start), EXAMPLES)))
        return f"{examples}, … (n ≡ {sizes.residues[0]} mod {sizes.modulus})"
    return f"n mod {sizes.modulus} = {_format_runs(sizes.residues, 'or')}, from {first} on"


def _format_runs(numbers: Sequence[int], word: str = "and") -> str:
    """Format numbers, those in a row as `213 to 216`."""
    runs = list[list[int]]()
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    if len(runs) > MOST_RUNS:
        return f"{', '.join(str(run[0]) for run in runs[:EXAMPLES])}, … {runs[-1][-1]}"
    texts = [part for run in runs for part in (map(str, run) if len(run) < 3 else [f"{run[0]} to {run[-1]}"])]
    return f" {word} ".join(filter(None, (", ".join(texts[:-1]), *texts[-1:])))


def _list_shapes(sizes: InputSizes, near: Shape | None) -> list[tuple[str, ...]]:
    """Return the rows of the smallest valid and exact shapes, and of those nearest to a given one."""
    rows = [("", "valid", "exact"), ("smallest", *map(_format_shape, sizes.find_smallest()))]
    nearest = [(f"nearest to {format_shape(near)}", *map(_format_shape, sizes.find_nearest(near)))] if near else []
    return [*rows, *nearest]


def _format_shape(shape: Shape | None) -> str:
    return format_shape(shape) if shape else "none"
