"""What `import specnet` offers of runs: their folders are read back into networks with weights."""

from __future__ import annotations

import json
import posixpath
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from specnet.analyses.difference import Change, Difference, differences
from specnet.api import SpecError, job_of
from specnet.compiler import Checked, check_source, read_beside
from specnet.elaborate import BadOverride, CannotRead, Read
from specnet.source import Source, Span
from specnet.training import (
    MODEL,
    SPEC,
    BadRun,
    ClassificationMetrics,
    EvaluationOptions,
    Job,
    LoadedRun,
    Prediction,
    RunConfig,
    WeightsFile,
    build_loaded_run,
    read_run_config,
    read_weights,
)
from specnet.training import evaluate as measured
from specnet.training import predict as predicted

SHOWN = 5
"""How many of the layers that differ a message names."""


def load_run(path: str | Path) -> LoadedRun:
    """The network of a run with its weights, in evaluation mode; raises TrainingError, SpecError."""
    begun = read_run_config(Path(path))
    checked, job = again(begun)
    weights = read_weights(begun.folder / MODEL)
    _refuse_another(checked, weights, begun)
    return build_loaded_run(begun, job, weights)


def evaluate(
    run: str | Path | LoadedRun,
    data: str | None = None,
    data_dir: str | Path | None = None,
    device: str = "cpu",
    batch: int | None = None,
) -> ClassificationMetrics:
    """How good a run is on its own test set, or on `data`: a folder of images, or the name of a set.

    Raises TrainingError, SpecError.
    """
    opened = run if isinstance(run, LoadedRun) else load_run(run)
    asked = EvaluationOptions(data, Path(data_dir) if data_dir else None, device, batch)
    return measured(opened, asked, lambda text: None).measures


def predict(
    run: str | Path | LoadedRun, images: Sequence[str | Path], top: int = 5, device: str = "cpu"
) -> list[Prediction]:
    """The `top` likeliest classes of each picture; raises TrainingError, SpecError."""
    opened = run if isinstance(run, LoadedRun) else load_run(run)
    return predicted(opened, [Path(image) for image in images], top, device)


def again(begun: RunConfig) -> tuple[Checked, Job]:
    """The network of a run, with the files that it uses as they were, and its job; raises SpecError if it is spoilt."""
    checked = _check(begun.spec_text, begun.used, begun.options.overrides)
    if not checked.ok:
        raise SpecError(checked)
    return checked, replace(job_of(checked), name=begun.name, training=begun.training)


def _check(text: str, used: Mapping[str, str], overrides: Mapping[str, str]) -> Checked:
    try:
        return check_source(Source(f"<{SPEC}>", text), overrides, _reader(used))
    except BadOverride as error:
        raise BadRun(f"the spec of the run has been changed: {error}") from None


def _reader(used: Mapping[str, str]) -> Read:
    """Reads the files that a run has kept; their paths are relative to the spec."""

    def read(path: str, span: Span) -> Source:
        name = posixpath.normpath(posixpath.join(posixpath.dirname(span.source.name), path))
        if name in used:
            return Source(name, used[name])
        if posixpath.isabs(name):
            return read_beside(path, span)
        raise CannotRead(f"`{path}` is not among the files that the run has kept")

    return read


def _refuse_another(checked: Checked, weights: WeightsFile, begun: RunConfig) -> None:
    """Raises BadRun where the weights are those of another network than the spec's."""
    labels = weights.labels
    try:
        digest, used, overrides = labels["digest"], json.loads(labels["used"]), json.loads(labels["overrides"])
        theirs = _check(labels["spec"], used, overrides)
    except (KeyError, ValueError) as error:
        raise BadRun(f"{begun.folder / MODEL} does not say what network it is of: {error}") from None
    if checked.digest not in (digest, theirs.digest):
        raise BadRun(
            f"{begun.folder / MODEL} has the weights of another network, {_short(digest)}, "
            f"than {begun.folder / SPEC}, {_short(checked.digest)}\n"
            + _told(differences(theirs.network, checked.network))
        )


def _short(digest: str) -> str:
    return f"digest {digest.removeprefix('sha256:')[:12]}"


def _told(found: list[Difference]) -> str:
    """A line for each layer that was added, removed or changed."""
    lines = [_line(difference) for difference in found if difference.change is not Change.AFFECTED]
    more = [f"  and {len(lines) - SHOWN} more"] if len(lines) > SHOWN else []
    return "\n".join([*lines[:SHOWN], *more])


def _line(difference: Difference) -> str:
    sides = [f"{side.name}: {side.text}" if side else "none" for side in (difference.before, difference.after)]
    return f"  {difference.change}: {' → '.join(sides)}"
