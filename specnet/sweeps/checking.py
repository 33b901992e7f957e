"""Check all variants of a sweep before its first run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch

from specnet.compiler import Checked, check_source, read_beside
from specnet.errors import SpecNetError
from specnet.fixes import add_fixes
from specnet.jobs import UntrainableError, make_job
from specnet.printable import format_amount
from specnet.reporters.terminal import format_diagnostic
from specnet.source import Source
from specnet.sweeps.grid import Settings, format_settings
from specnet.training import Job, Options, TrainingError
from specnet.training.engine.initialization import freeze_layers
from specnet.training.engine.setup import refuse_job
from specnet.training.engine.starting_weights import find_starting_weights

MOST_SHOWN = 5
"""The largest number of different errors in one message."""


class VariantsError(SpecNetError, ValueError):
    """Some variants of a sweep have errors; the message holds those of each."""


def check_variants(source: Source, variants: Sequence[Settings], fixed: Settings, options: Options) -> list[Checked]:
    """Check the spec with the settings of each variant and the `fixed` ones of all.

    Raises VariantsError, and OverrideError for a name that the spec does not have.
    """
    results = [check_source(source, {**fixed, **variant}) for variant in variants]
    problems: dict[str, list[Settings]] = {}
    for variant, checked in zip(variants, results, strict=True):
        if problem := _find_problem(checked, {**fixed, **variant}, options):
            problems.setdefault(problem, []).append(variant)
    if problems:
        raise VariantsError(*_format_problems(problems, len(variants)))
    return results


def _find_problem(checked: Checked, settings: Settings, options: Options) -> str:
    """Return why a variant cannot be trained, as far as the spec and its settings alone say so; "" if it can."""
    if not checked.ok:
        fixed = add_fixes(checked, settings, read_beside)
        return "\n".join(map(format_diagnostic, fixed.errors))
    try:
        with torch.device("meta"):  # so that no weights take memory or time
            _refuse_job(make_job(checked), options)
    except (TrainingError, UntrainableError) as error:
        return "\n".join(map(str, error.args))
    return ""


def _refuse_job(job: Job, options: Options) -> None:
    """Raise TrainingError for a job that cannot be trained with these options; it needs no data."""
    if options.weights:
        find_starting_weights(job, options.weights, options.freeze, lambda text: None)
    freeze_layers(job.module, options.freeze)
    refuse_job(job)


def _format_problems(problems: Mapping[str, Sequence[Settings]], total: int) -> list[str]:
    """Return the lines of a message: each problem below the variants that have it."""
    wrong = sum(map(len, problems.values()))
    is_one = total == 1
    lines = [
        "the spec cannot be trained" if is_one else f"{wrong} of {format_amount(total, 'variant')} cannot be trained"
    ]
    for problem, variants in [*problems.items()][:MOST_SHOWN]:
        more = f" and {len(variants) - 1} more" if len(variants) > 1 else ""
        lines += [] if is_one else [f"with {format_settings(variants[0], ', ')}{more}:"]
        lines += problem.split("\n")
    left = len(problems) - MOST_SHOWN
    return [*lines, f"{format_amount(left, 'more error')} of other variants"] if left > 0 else lines
