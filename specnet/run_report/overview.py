"""What a run is, how good its network is, and how it learned."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from specnet.analyses.cost import format_count
from specnet.insight.results import RecordedResults
from specnet.insight.view import View
from specnet.page.markup import Html, element, name
from specnet.page.shell import make_bar, make_facts, make_paragraph, make_table, stack
from specnet.printable import format_amount
from specnet.run_report.gallery import Gallery
from specnet.run_report.subject import Subject
from specnet.settings import to_record
from specnet.settings.loss import Target
from specnet.training.plots import plot_curves
from specnet.training.runs.run_folder import STATISTICS

WORST = 20
"""The number of classes that are listed, the worst first."""


def describe_run(subject: Subject, results: RecordedResults | None) -> Html:
    """Return the description of the network, the figures that matter most, and what else identifies the run."""
    description = subject.checked.network.description
    parts = [element("p", description, class_="lead")] if description else []
    return stack([*parts, make_facts(_list_figures(subject, results), "tiles"), make_facts(_list_facts(subject))])


def _list_figures(subject: Subject, results: RecordedResults | None) -> dict[str, str]:
    figures = _list_scores(subject, results)
    config, summary, metrics = subject.config, subject.run.summary, subject.run.metrics
    if results and results.top5_accuracy is not None:
        figures["Top-5 accuracy"] = f"{results.top5_accuracy:.2%}"
    if results and results.loss is not None:
        figures[f"{results.part.capitalize()} loss"] = f"{results.loss:.4g}"
    figures["Parameters"] = shorten_count(config.parameters)
    figures["MACs per image"] = shorten_count(config.macs)
    figures["Epochs"] = f"{len(metrics):,} of {config.training.epochs.count:,.6g}"
    seconds = summary.get("seconds") or (metrics[-1].get("seconds") if metrics else None)
    if isinstance(seconds, int | float):
        figures["Training time"] = format_time(seconds)
    return figures


def _list_scores(subject: Subject, results: RecordedResults | None) -> dict[str, str]:
    """Return the metric on parts that were not trained on, and that of the training where there is none."""
    summary, entry = subject.run.summary, subject.entry
    metric = subject.run.objective.metric
    known = {"test": summary.get(f"test_{metric.name}"), "validation": entry.validation if entry else None}
    if results and results.figures.get(metric.name) is not None:
        known[results.part] = results.figures[metric.name]
    named = ((f"{part.capitalize()} {metric.title}", value) for part, value in known.items())
    shown = {title: metric.format(value) for title, value in named if value is not None}
    if not shown and subject.run.metrics:
        measure = subject.run.objective.measure
        value = subject.run.metrics[-1].get(f"train_{measure.name}")
        shown = {f"Training {measure.title}": measure.format(value)}
    return shown


def shorten_count(count: int | None) -> str:
    """Return a count, of billions in billions: `62,378,344`, `15.47 G`."""
    return f"{count / 1e9:,.2f} G" if count and count >= 1e9 else format_count(count)


def format_time(seconds: float) -> str:
    """Return a time with two units: `3 min 20 s`, `1 h 5 min`."""
    if seconds < 60:
        return f"{seconds:.3g} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def _list_facts(subject: Subject) -> dict[str, str]:
    run, entry, config = subject.run, subject.entry, subject.config
    data = to_record(config.training)["data"]
    facts = {
        "Run": name(str(run.folder)),
        "Data": name(" ".join(str(data[key]) for key in ("choice", "path") if data.get(key))),
        "Classes": f"{len(run.classes):,}",
        "Images": "×".join(map(str, run.input_shape)),
    }
    if entry:
        facts["Begun"] = f"{entry.begun:%Y-%m-%d %H:%M}"
        facts["Status"] = str(entry.status)
        if entry.images_per_second:
            facts["Speed"] = f"{entry.images_per_second:,.0f} images per second"
    if best := run.summary.get("best_epoch"):
        facts["Best epoch"] = str(best)
    return {**facts, "Digest": config.digest.removeprefix("sha256:")[:16]}


def show_results(subject: Subject, results: RecordedResults | None) -> Html:
    """Return the accuracy of each class, or of another task all its figures."""
    if results is None or subject.run.job.training.task.target is Target.CLASS:
        return show_classes(subject, results)
    known = [(key.replace("_", " "), f"{value:.4g}") for key, value in results.figures.items()]
    figures = make_table(f"All figures, on {results.description}", ("figure", "value"), known, numbers={1})
    return stack([figures, *_show_overlaps(results)])


def _show_overlaps(results: RecordedResults) -> Iterable[Html]:
    """Yield the intersection over union of each class of pixels, the worst first, of many only the worst."""
    known = sorted(((share, label) for label, share in results.per_class_iou.items() if share is not None))[:WORST]
    if known:
        rows = [(name(label), f"{share:.1%}", make_bar(share)) for share, label in known]
        yield make_table("Intersection over union by class", ("class", "IoU", "0 to 100%"), rows, numbers={1})


def show_classes(subject: Subject, results: RecordedResults | None) -> Html:
    """Return the accuracy of each class, the worst first, of many only the worst."""
    if results is None:
        return make_paragraph(explain_absence(subject))
    known = [(label, share) for label, share in results.per_class_accuracy.items() if share is not None]
    worst = sorted(known, key=lambda pair: pair[1])[:WORST]
    if not worst:
        return make_paragraph("The run has not recorded the accuracy of each class.")
    some = f"of the {len(worst)} worst of {format_amount(len(known), 'class')}"
    which = some if len(worst) < len(known) else "by class"
    rows = [(name(label), f"{share:.1%}", make_bar(share)) for label, share in worst]
    heads = ("class", "accuracy", "0 to 100%")
    return make_table(f"Accuracy {which}, on {results.description}", heads, rows, numbers={1})


def show_calibration(subject: Subject, gallery: Gallery) -> Iterable[Html]:
    """Yield how far the probabilities can be trusted, where the network tells classes apart and there are images."""
    if subject.unseen and subject.config.training.task.target is Target.CLASS:
        yield gallery.show("calibration")


def explain_absence(subject: Subject) -> str:
    """Return a sentence that says why there are no images that the network was not trained on."""
    if subject.parts is None:
        return f"The images are not there: {subject.absence}."
    return "The data have neither a test part nor a validation part, and so it is not known how good the network is."


def show_curves(subject: Subject, gallery: Gallery) -> Html:
    """Return the curves of loss and accuracy, and those of the layers where the run has recorded them."""
    history = subject.run.metrics
    if not history:
        return make_paragraph("No epoch is recorded in metrics.jsonl.")
    view = View(
        "curves",
        "Loss and accuracy",
        "Loss and accuracy by epoch; those of the training part are measured while the weights change and, where the "
        "settings say so, on augmented images.",
        (),
        {"epochs": len(history)},
        partial(plot_curves, "", subject.run.objective.metric, history),
    )
    curves = [gallery.draw(view)]
    if (subject.run.folder / STATISTICS).exists():
        curves.append(gallery.show("statistics", is_wide=True))
    return stack(curves)
