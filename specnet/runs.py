"""The functions of `import specnet` for runs: load_run, evaluate, predict."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from pydantic import TypeAdapter

from specnet.analyses.difference import Change, Difference, find_differences
from specnet.api import SpecError
from specnet.compiler import Checked, check_source, read_beside
from specnet.elaborate import CannotRead, OverrideError, Read
from specnet.jobs import make_job
from specnet.source import Source, Span
from specnet.training import (
    MODEL,
    SPEC,
    BadRun,
    CannotRun,
    ClassificationMetrics,
    EvaluationOptions,
    Job,
    LoadedRun,
    Prediction,
    RunConfig,
    Weights,
    build_loaded_run,
    read_run_config,
    read_weights,
)
from specnet.training import evaluate as evaluate_run
from specnet.training import predict as predict_images

MOST_DIFFERENCES = 5
"""The largest number of differing layers in one message."""


def load_run(path: str | Path) -> LoadedRun:
    """Load the network of a run with its weights, in evaluation mode; raises TrainingError, SpecError."""
    config = read_run_config(Path(path))
    checked, job = restore_job(config)
    if not (config.folder / MODEL).exists():
        how = f"`specnet train --resume {config.folder}` continues it"
        raise CannotRun(f"the run has no {MODEL} yet: it stopped before the end of its first epoch; {how}")
    weights = read_weights(config.folder / MODEL)
    _check_same_network(checked, weights, config)
    return build_loaded_run(config, job, weights)


def evaluate(
    run: str | Path | LoadedRun,
    data: str | None = None,
    data_dir: str | Path | None = None,
    device: str = "cpu",
    batch: int | None = None,
) -> ClassificationMetrics:
    """Measure a run on its own test set, or on `data`: a folder of images, or the name of a data set.

    Raises TrainingError and SpecError, and ValueError for a batch that is not positive.
    """
    _refuse_below_one("batch", batch)
    loaded = run if isinstance(run, LoadedRun) else load_run(run)
    asked = EvaluationOptions(data, Path(data_dir) if data_dir else None, device, batch)
    return evaluate_run(loaded, asked, lambda text: None).metrics


def predict(
    run: str | Path | LoadedRun, images: str | Path | Sequence[str | Path], top: int = 5, device: str = "cpu"
) -> list[Prediction]:
    """Return the `top` likeliest classes of each image: of a file, of several, or of all in a folder.

    Raises TrainingError and SpecError, and ValueError for a `top` that is not positive.
    """
    _refuse_below_one("top", top)
    loaded = run if isinstance(run, LoadedRun) else load_run(run)
    several = [images] if isinstance(images, str | Path) else images
    return predict_images(loaded, [Path(image) for image in several], top, device)


def _refuse_below_one(name: str, number: int | None) -> None:
    if number is not None and number < 1:
        raise ValueError(f"{name} is a whole number from 1, not {number}")


def restore_job(config: RunConfig) -> tuple[Checked, Job]:
    """Return the network and the job of a run, from the spec and the used files in its folder; raises SpecError."""
    checked = _check(config.spec_text, config.used, config.options.overrides)
    if not checked.ok:
        raise SpecError(checked)
    return checked, replace(make_job(checked), name=config.name, training=config.training)


def _check(text: str, used: Mapping[str, str], overrides: Mapping[str, str]) -> Checked:
    try:
        return check_source(Source(f"<{SPEC}>", text), overrides, _make_reader(used))
    except OverrideError as error:
        raise BadRun(f"the spec of the run has been changed: {error}") from None


def _make_reader(used: Mapping[str, str]) -> Read:
    """Return a reader of the files in a run's folder, whose paths are relative to the spec."""

    def read(path: str, span: Span) -> Source:
        name = posixpath.normpath(posixpath.join(posixpath.dirname(span.source.name), path))
        for file in (name, posixpath.normpath(path)):  # beside the file with the `use`, or in the zoo
            if file in used:
                return Source(file, used[file])
        if posixpath.isabs(name):
            return read_beside(path, span)
        raise CannotRead(f"`{path}` is not among the files that the run has kept")

    return read


def _check_same_network(checked: Checked, weights: Weights, config: RunConfig) -> None:
    """Raise BadRun if the weights belong to a network other than the spec's."""
    labels, model = weights.metadata, config.folder / MODEL
    try:
        digest, used, overrides = labels["digest"], *(_parse_texts(labels[name]) for name in ("used", "overrides"))
        theirs = _check(labels["spec"], used, overrides)
    except (KeyError, ValueError) as error:
        raise BadRun(f"{model} does not say which network it belongs to: {error}") from None
    if checked.digest not in (digest, theirs.digest):
        raise BadRun(
            f"{model} has the weights of another network ({_short_digest(digest)}) "
            f"than {config.folder / SPEC} ({_short_digest(checked.digest)})",
            *_format_differences(find_differences(theirs.network, checked.network)),
        )


def _parse_texts(text: str) -> dict[str, str]:
    """Return texts by name from JSON; raises ValueError."""
    return TypeAdapter(dict[str, str]).validate_json(text)


def _short_digest(digest: str) -> str:
    return f"digest {digest.removeprefix('sha256:')[:12]}"


def _format_differences(found: list[Difference]) -> list[str]:
    """Return a line for each layer that was added, removed or changed."""
    lines = [_format_difference(difference) for difference in found if difference.change is not Change.AFFECTED]
    more = [f"  and {len(lines) - MOST_DIFFERENCES} more"] if len(lines) > MOST_DIFFERENCES else []
    return [*lines[:MOST_DIFFERENCES], *more]


def _format_difference(difference: Difference) -> str:
    sides = [f"{side.name}: {side.text}" if side else "none" for side in (difference.before, difference.after)]
    return f"  {difference.change}: {' → '.join(sides)}"
