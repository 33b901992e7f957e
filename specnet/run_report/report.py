"""The report of a run: what it is and how good, where it is wrong, what it looks at, what it has learned."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from specnet.argument_types import require_path, require_type, require_whole
from specnet.insight.results import RecordedResults, read_results
from specnet.page.network_page import make_page_with_network
from specnet.page.shell import Page, Section, lay_out, stack
from specnet.run_report.gallery import Gallery
from specnet.run_report.insights import choose_images, choose_unexplained, explain_images, show_learned
from specnet.run_report.measurement import measure_subject
from specnet.run_report.mistakes import show_answers, show_confusions, show_predictions
from specnet.run_report.origin import describe_network, describe_origin, format_command
from specnet.run_report.overview import describe_run, show_calibration, show_curves, show_results
from specnet.run_report.subject import Note, Subject, gather
from specnet.runs import DEVICE, RUN, load_run
from specnet.settings import to_record
from specnet.settings.loss import Target
from specnet.training import LoadedRun
from specnet.training.runs.run_folder import SUMMARY


def report(run: str | Path | LoadedRun, data_dir: str | Path | None = None, device: str = "cpu", seed: int = 0) -> Page:
    """Return the report of a run as an HTML page, which has `save(path)` and shows itself in a notebook.

    `seed` chooses the images that are shown. Raises TrainingError and SpecError, and TypeError or ValueError for an
    argument that makes no sense.
    """
    require_type("device", device, str, DEVICE)
    require_whole("seed", seed, 0)
    if data_dir is not None:
        require_path("data_dir", data_dir, "the folder of the data sets")
    if not isinstance(run, LoadedRun):
        require_path("run", run, RUN)
    loaded = run if isinstance(run, LoadedRun) else load_run(run)
    return make_report(loaded, None if data_dir is None else Path(data_dir), device, seed, lambda text: None)


def make_report(run: LoadedRun, data_dir: Path | None, device: str, seed: int, note: Note) -> Page:
    """Return the report of a run; `note` is told of each section before it is made. Raises TrainingError, SpecError."""
    note("reading the run and its data")
    subject = gather(run, data_dir, device, seed, note)
    gallery = Gallery(subject)
    results = read_results(subject.run)
    if results is None:
        if run.summary.get("measured") is not None:
            note(f"{run.folder / SUMMARY} has no usable results")
        results = measure_subject(subject)
    sections = tuple(_make_sections(subject, gallery, results))
    kind, title = "Report of a run", subject.config.name or "network"
    content = lay_out(kind, title, describe_run(subject, results), sections, runs_script=True)
    return make_page_with_network(kind, title, content, _describe(subject, results, gallery))


def _make_sections(subject: Subject, gallery: Gallery, results: RecordedResults | None) -> Iterator[Section]:
    """Yield the sections in the order in which a reader asks, after a note about each."""
    begin = subject.note
    begin("how good it is")
    figures = [show_results(subject, results), *show_calibration(subject, gallery)]
    yield Section("results", "How good it is", stack(figures))
    begin("how it learned")
    yield Section("training", "How it learned", show_curves(subject, gallery))
    if subject.run.job.training.task.target is Target.CLASS:
        begin("where it is wrong")
        confusions = list(show_confusions(subject, gallery, results))
        predictions, wrong, random = show_predictions(subject, gallery)
        yield Section("mistakes", "Where it is wrong", stack([*confusions, *predictions]))
        begin("what it looks at")
        images = choose_images(subject, wrong, random)
        yield Section("attention", "What it looks at", stack(explain_images(subject, gallery, images, wrong)))
    else:
        begin("what it says")
        yield Section("predictions", "What it says", stack(show_answers(subject, gallery)))
        images = choose_unexplained(subject)
    begin("what it has learned")
    if learned := stack(show_learned(gallery, images)):
        yield Section("learned", "What it has learned", learned)
    begin("the network, and how it was made")
    yield Section("network", "The network", stack(describe_network(subject)))
    yield Section("origin", "How it was made", stack(describe_origin(subject)))


def _describe(subject: Subject, results: RecordedResults | None, gallery: Gallery) -> dict[str, Any]:
    """Return the data of the page as JSON values."""
    config = subject.config
    return {
        "run": str(config.folder),
        "network": config.name,
        "description": subject.checked.network.description,
        "digest": config.digest,
        "parameters": config.parameters,
        "macs": config.macs,
        "classes": list(config.classes),
        "results": results.model_dump() if results else None,
        "metrics": list(subject.run.metrics),
        "settings": to_record(config.training),
        "environment": subject.environment,
        "command": format_command(config),
        "views": gallery.records,
    }
