"""Start from the weights of a file or of another run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from torch import Tensor

from specnet.option_names import name_option
from specnet.settings.normalize import CHOICES
from specnet.training.engine.initialization import find_layers
from specnet.training.errors import BadRun, CannotRun, Unsuitable
from specnet.training.job import Job
from specnet.training.runs.run_folder import MODEL
from specnet.weights import Match, MissingReader, UnfitWeights, UnreadableWeights, match_weights, read_weights_file
from specnet.weights.expectations import find_expectations
from specnet.weights.formats import explain_access

SHOWN = 6
"""The largest number of layers that a note lists."""


def find_starting_weights(
    job: Job, source: Path, freeze: Sequence[str], note: Callable[[str], None]
) -> dict[str, Tensor]:
    """Return the weights of a file, or of a run, for the job's network; `note` reports what is matched, and how.

    Raises TrainingError, also if any layer but the last has no weights there, or if the last has none and is frozen.
    """
    path = source / MODEL if source.is_dir() else source
    try:
        match = match_weights(read_weights_file(path), job.module)
        tensors = match.convert(job.module, job.input_shape)
    except UnreadableWeights as error:
        raise BadRun(*error.args) from None
    except UnfitWeights as error:
        raise Unsuitable(*error.args) from None
    except MissingReader as error:
        raise CannotRun(*error.args) from None
    except OSError as error:
        raise CannotRun(explain_access(path, error)) from None
    _refuse_frozen(match, job, freeze)
    _describe_match(match, note)
    _describe_expectations(match, job, note)
    return tensors


def _refuse_frozen(match: Match, job: Job, patterns: Sequence[str]) -> None:
    """Raise CannotRun if the layer that is drawn anew could not learn."""
    if not match.anew:
        return
    drawn = job.module.get_submodule(match.anew.name)
    for pattern in patterns:
        if any(drawn is part for whole in find_layers(job.module, pattern) for part in whole.modules()):
            raise CannotRun(
                f"{name_option('freeze')} with `{pattern}` would leave random weights as they are: "
                f"{match.weights.path} has none for {match.describe_anew()}"
            )


def _describe_match(match: Match, note: Callable[[str], None]) -> None:
    """Report how many tensors are those of the file, what is left, and the first and last pairs of other names."""
    by_name, by_order, anew = match.count_tensors()
    ways = [f"{count} by {way}" for count, way in ((by_name, "name"), (by_order, "order and shape")) if count]
    total = by_name + by_order + anew
    note(
        f"{by_name + by_order} of the network's {total} tensors are those of {match.weights.path}, {', '.join(ways)}"
        + (f"; drawn anew: {match.describe_anew()}" if match.anew else "")
        + _list("not used", [layer.name for layer in match.unused])
        + _list("left out, as `normalize` prepares the images", match.weights.set_aside)
    )
    if by_order:
        for line in match.format_ends():
            note(line)


def _list(what: str, names: Sequence[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return f"; {what}: {', '.join(names[:SHOWN])}{more}" if names else ""


def _describe_expectations(match: Match, job: Job, note: Callable[[str], None]) -> None:
    """Report where the weights were probably trained with another normalisation, or another eps of bn."""
    expected = find_expectations(match, job.module)
    setting = job.training.normalize
    if expected.normalize and not isinstance(setting, CHOICES[expected.normalize]):
        here = next(word for word, kind in CHOICES.items() if isinstance(setting, kind))
        note(f"warning: {expected.reason} `normalize {expected.normalize}`, and the spec says `normalize {here}`")
    if expected.eps:
        note(f"warning: {expected.eps}")
