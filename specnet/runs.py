"""The functions of `import specnet` for runs: load_run, resume, evaluate, predict, show, export."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from specnet.analyses.difference import Change, Difference, find_differences
from specnet.api import SpecError
from specnet.argument_types import describe_value, require_path, require_type, require_whole
from specnet.atomic_write import write_user_file
from specnet.compiler import Checked, check_source, read_beside
from specnet.elaborate import CannotRead, OverrideError, Read
from specnet.errors import PluginError, ProjectError
from specnet.exports.exportable import Exportable, export_run
from specnet.exports.registry import find_format, list_endings
from specnet.exports.writer import Request
from specnet.exports.writing import name_files, write_export
from specnet.fixes import add_fixes
from specnet.insight.request import make_request
from specnet.insight.show import compute_view
from specnet.insight.view import View
from specnet.jobs import UntrainableError, gather_data, gather_metric, make_job
from specnet.plugin_loading.discovery import Plugin
from specnet.plugin_loading.needed import load_for_run
from specnet.progress_lines import WrittenLines
from specnet.source import Source, Span
from specnet.training import (
    MODEL,
    SPEC,
    BadRun,
    Callback,
    CannotRun,
    EvaluationOptions,
    GivenData,
    Job,
    LoadedRun,
    Prediction,
    Results,
    Run,
    RunConfig,
    Weights,
    build_loaded_run,
    read_run_config,
    read_weights,
)
from specnet.training import evaluate as evaluate_run
from specnet.training import predict as predict_images
from specnet.training import resume as resume_run
from specnet.training.evaluate import read_data
from specnet.training.runs.run_folder import read_summary

RUN = "the folder of a run, or what `specnet.load_run` returns"

DEVICE = 'the name of a device, such as "cpu" or "cuda:1"'

IMAGES = "the path of an image or of a folder of images, or a list of them"

PATH = f"the path of a file that ends in {', '.join(list_endings()[:-1])} or {list_endings()[-1]}"

MOST_DIFFERENCES = 5
"""The largest number of differing layers in one message."""


def load_run(path: str | Path) -> LoadedRun:
    """Load a run with its network and best weights, in evaluation mode; raises TrainingError, SpecError.

    Its `model` reads images that its `normalization` has been applied to; `specnet.export` builds that in.
    """
    require_path("path", path, "the folder of a run")
    config = read_run_config(Path(path))
    checked, job = restore_job(config)
    if not (config.folder / MODEL).exists():
        how = f"`specnet train --resume {config.folder}` continues it"
        if read_summary(config.folder):
            raise CannotRun(
                f"{config.folder} is finished, and its {MODEL} is no longer there; put it back, or train anew"
            )
        raise CannotRun(f"the run has no {MODEL} yet: it stopped before the end of its first epoch; {how}")
    weights = read_weights(config.folder / MODEL)
    _check_same_network(checked, weights, config)
    return build_loaded_run(config, job, weights)


def resume(
    run: str | Path,
    epochs: float | None = None,
    callback: Callback | None = None,
    data_dir: str | Path | None = None,
    *,
    data: Any = None,
    validation: Any = None,
    test: Any = None,
    metric: Any = None,
) -> Run:
    """Go on with a run as `specnet train --resume` does; with `epochs`, more than are planned, it is lengthened.

    A run on data or by a metric that was handed over takes the same `data`, `validation`, `test` and `metric` again;
    others are refused. The `callback` is that of `specnet.train`. Raises TrainingError and SpecError, and TypeError or
    ValueError for an argument that makes no sense.
    """
    require_path("run", run, "the folder of a run")
    if epochs is not None:
        require_type("epochs", epochs, (int, float), "a number of epochs")
    if callback is not None:
        require_type("callback", callback, Callback, "an object of a subclass of `specnet.Callback`")
    if data_dir is not None:
        require_path("data_dir", data_dir, "the folder of the data sets")
    given, own_metric = gather_data(data, validation, test), gather_metric(metric)
    config = read_run_config(Path(run))
    options = config.options if data_dir is None else replace(config.options, data_dir=Path(data_dir))
    job = restore_job(config, given)[1]
    job = replace(job, own_metric=own_metric or job.own_metric)
    return resume_run(config, job, options, callback or WrittenLines(), epochs)


def _display(run: LoadedRun) -> dict[str, Any]:
    from specnet.training.plots import display_curves

    return display_curves(repr(run), run.objective.metric, run.metrics)


LoadedRun.display = _display


def evaluate(
    run: str | Path | LoadedRun,
    data: Any = None,
    data_dir: str | Path | None = None,
    device: str = "cpu",
    batch: int | None = None,
    skip_bad: bool = False,
    metric: Any = None,
    calibrate: bool = False,
) -> Results:
    """Measure a run on its own test set, or on all images of `data`.

    `data` is the path of a folder or file of images, the name of a data set, or a torch Dataset or pair of arrays as
    `train` takes it. `metric` is one of your own, as for `train`. With `skip_bad`, images that cannot be read and
    classes without images are left out. With `calibrate`, a temperature is fitted to the validation part first, and
    kept for `predict`. Raises TrainingError and SpecError, and TypeError or ValueError for an argument that makes no
    sense.
    """
    is_path = isinstance(data, str | os.PathLike)
    if is_path:
        require_path("data", data, "a folder or file of images, or the name of a data set")
    given, own_metric = None if is_path else gather_data(data), gather_metric(metric)
    if data_dir is not None:
        require_path("data_dir", data_dir, "the folder of the data sets")
    if batch is not None:
        require_whole("batch", batch, 1)
    require_type("skip_bad", skip_bad, bool, "True or False")
    require_type("calibrate", calibrate, bool, "True or False")
    require_type("device", device, str, DEVICE)
    loaded = _find_run(run)
    folder = None if data_dir is None else Path(data_dir)
    asked = EvaluationOptions(
        str(data) if is_path else None, folder, device, batch, skip_bad, given, own_metric, calibrate
    )
    return evaluate_run(loaded, asked, lambda text: None).results


def predict(
    run: str | Path | LoadedRun,
    images: str | Path | Sequence[str | Path],
    top: int = 5,
    device: str = "cpu",
    calibrated: bool = False,
) -> list[Prediction]:
    """Return the answer to each image, of classes the `top` likeliest: of a file, of several, or of all in a folder.

    With `calibrated`, probabilities are by the temperature that `evaluate` has fitted. Raises TrainingError and
    SpecError, and TypeError or ValueError for an argument that makes no sense.
    """
    require_whole("top", top, 1)
    require_type("calibrated", calibrated, bool, "True or False")
    require_type("device", device, str, DEVICE)
    several = [images] if isinstance(images, str | os.PathLike) else images
    if not isinstance(several, Iterable):
        _refuse_arrays(several)
    require_type("images", several, Iterable, IMAGES)
    several = list(several)
    for image in several:
        _refuse_arrays(image)
        require_path("images", image, IMAGES)
    loaded = _find_run(run).calibrated() if calibrated else _find_run(run)
    return predict_images(loaded, [Path(image) for image in several], top, device)


def _refuse_arrays(images: object) -> None:
    """Raise TypeError for an array, a tensor or a Dataset, with the call that computes outputs."""
    if not isinstance(images, str | os.PathLike) and hasattr(images, "__getitem__"):
        raise TypeError(
            f"`images` is {IMAGES}, not {describe_value(images)}; of a tensor of pixels N×H×W×C, "
            "`specnet.load_run(run).compute_outputs(pixels)` returns the outputs"
        )


def show(
    run: str | Path | LoadedRun,
    view: str,
    data_dir: str | Path | None = None,
    device: str = "cpu",
    data: Any = None,
    **parameters: Any,
) -> View:
    """Return a view of what a run has learned, as `specnet show` does: `show(run, "occlusion", image="cat.png")`.

    `data` is a torch Dataset or pair of arrays as `evaluate` takes it, in the place of the run's own parts: its first
    image is `test:0`, and `train:0`. In a notebook the view shows itself; it has `figure()`, `save(path)` and
    `record()`. Raises TrainingError and SpecError, and TypeError or ValueError for an argument that makes no sense,
    such as a view that there is not.
    """
    require_type("view", view, str, "the name of a view")
    require_type("device", device, str, DEVICE)
    if data_dir is not None:
        require_path("data_dir", data_dir, "the folder of the data sets")
    folder, given = None if data_dir is None else Path(data_dir), gather_data(data)
    request, loaded = make_request(view, parameters, folder, lambda text: None), _find_run(run)
    if given:
        images = read_data(loaded, EvaluationOptions(given=given), request.note).train
        request = replace(request, parts={"train": images, "test": images})
    return compute_view(loaded, view, request, device)


def export(run: str | Path | LoadedRun, path: str | Path) -> Path:
    """Write the trained network to a file for other programs, as `specnet export` does, and return its path.

    The ending of `path` says the format: in `.onnx` and `.pt2`, which `torch.export.load` reads, the run's
    normalisation is built in, so that the network takes images as the run was trained on, such as pixels from 0 to
    255, as float32 N×C×H×W with any N. `.safetensors` are the weights alone, with the normalisation in the metadata.
    `.int8.onnx` computes in whole numbers of 8 bits, `.prototxt` and `.cfg` are for Caffe and Darknet, with the weights
    in a file beside them. What is written has been run and compared with the network. Raises ExportError where it
    computes something else or a layer cannot be expressed, TrainingError and SpecError, OSError where the file cannot
    be written, and TypeError or ValueError for an argument that makes no sense, such as another ending.
    """
    require_path("path", path, PATH)
    target = Path(path)
    if (format := find_format(target.name)) is None:
        raise ValueError(f"`path` is {PATH}, not {str(path)!r}")
    loaded = _find_run(run)
    if target.exists() and any(target.samefile(file) for file in loaded.folder.iterdir()):
        raise ValueError(f"{path} is a file of the run, and would be overwritten; name another")
    written = write_export(open_export(loaded), format, Request())
    for place, content in name_files(target, format, written.files).items():
        write_user_file(place, content)
    return target


def open_export(run: LoadedRun) -> Exportable:
    """Return the network of a run, to be exported; raises SpecError, BadRun."""
    config = read_run_config(run.folder)
    return export_run(run, check_snapshot(config.spec_text, config.used, config.options.overrides))


def _find_run(run: str | Path | LoadedRun) -> LoadedRun:
    """Return a run, loaded if it is given as its folder."""
    if isinstance(run, LoadedRun):
        return run
    require_path("run", run, RUN)
    return load_run(run)


def restore_job(config: RunConfig, given: GivenData | None = None) -> tuple[Checked, Job]:
    """Return the network and the job of a run, from the spec and the used files in its folder; raises SpecError.

    `given` is the data that a program hands over again.
    """
    load_plugins(config.plugins, config.folder)
    checked = check_snapshot(config.spec_text, config.used, config.options.overrides)
    try:
        return checked, replace(make_job(checked, config.training), name=config.name, given=given)
    except UntrainableError as error:
        raise BadRun(f"the spec of the run has been changed: {error}") from None


def load_plugins(needed: Sequence[Plugin], folder: Path) -> None:
    """Import the plugins that a run needs, which a program has to do itself; raises CannotRun."""
    try:
        load_for_run(needed, folder)
    except (PluginError, ProjectError) as error:
        raise CannotRun(*error.args) from None


def check_snapshot(text: str, used: Mapping[str, str], overrides: Mapping[str, str]) -> Checked:
    """Check a spec with the files that were kept with it; raises SpecError, and BadRun for an unknown override."""
    checked = _check(text, used, overrides)
    if not checked.ok:
        raise SpecError(add_fixes(checked, overrides, _make_reader(used)))
    return checked


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
