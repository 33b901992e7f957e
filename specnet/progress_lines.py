"""Say how a training goes in lines of text: what it has found, its warnings, and one line for each epoch."""

from __future__ import annotations

import sys
from contextlib import suppress

from specnet.printable import escape_unprintable, format_amount
from specnet.settings.task import Metric
from specnet.settings.tasks.classify import Classify
from specnet.training import Callback, Metrics, Plan, Progress

PARTS = ("train", "validation", "test")


class ProgressLines(Callback):
    """A callback that turns the events of a run into lines, each of which is a note."""

    def __init__(self) -> None:
        self._epochs, self._metric, self._measure = 0.0, Classify.metric, Classify.metric

    def on_train_begin(self, plan: Plan) -> None:
        self._epochs, self._metric, self._measure = plan.epochs, plan.metric, plan.measure
        self.on_note(f"{format_amount(plan.steps, 'step')} in {format_amount(plan.epochs, 'epoch')}")
        if plan.processes > 1:
            share = f"{plan.processes} processes share each batch of {plan.batch}"
            self.on_note(f"{share}; the learning rate stays {plan.learning_rate:g}")
        self.on_note(f"on {plan.device} in {plan.precision}, saved in {plan.folder}")

    def on_epoch_end(self, metrics: Metrics) -> None:
        scores = "  ".join(filter(None, (self._format_scores(part, metrics) for part in PARTS)))
        left = metrics["seconds"] / metrics["epoch"] * max(0.0, self._epochs - metrics["epoch"])
        self.on_note(
            f"epoch {metrics['epoch']}/{self._epochs:g}  loss {metrics['train_loss']:.4f}  {scores}  "
            f"lr {_format_rates(metrics)}  {metrics['images_per_second']:,.0f} images/s  "
            f"{format_duration(left)} left"
        )

    def describe_steps(self, progress: Progress) -> str:
        """Return the figures of an epoch so far, or what else is being done."""
        if progress.stage != "training":
            return progress.stage
        trained = (
            f"loss {progress.loss:.4f}  train {format_named(self._measure, progress.measure)}  "
            f"lr {_format_range(progress)}  {progress.images_per_second:,.0f} img/s  "
            f"{format_duration(progress.seconds_left)} left"
        )
        return trained if progress.gpu_memory is None else f"{trained}  {progress.gpu_memory / 2**30:.1f} GiB"

    def _format_scores(self, part: str, metrics: Metrics) -> str:
        """Return `validation 71.20% (top-5 90.10%)`, or `validation mIoU 91.20%`; "" for a part without figures."""
        metric = self._measure if part == "train" else self._metric
        if (name := f"{part}_{metric.name}") not in metrics:
            return ""
        top5 = metrics.get(f"{part}_top5_accuracy")
        beside = "" if top5 is None else f" (top-5 {top5:.2%})"
        return f"{part} {format_named(metric, metrics[name])}{beside}"


class WrittenLines(ProgressLines):
    """Writes the lines to standard error: what a program hears of a training without a callback of its own."""

    def on_note(self, text: str) -> None:
        with suppress(OSError, AttributeError):  # nobody reads it, or there is no such stream
            sys.stderr.write(f"{escape_unprintable(text)}\n")
            sys.stderr.flush()


def format_named(metric: Metric, value: float | None) -> str:
    """Return `71.20%` of an accuracy, and `mIoU 71.20%` of another figure."""
    return metric.format(value) if metric == Classify.metric else f"{metric.title} {metric.format(value)}"


def _format_range(progress: Progress) -> str:
    """Return `0.1`, or `0.05–0.1` where groups of parameters have other rates."""
    rates = progress.learning_rates.values() or [progress.learning_rate]
    low, high = f"{min(rates):.3g}", f"{max(rates):.3g}"
    return low if low == high else f"{low}–{high}"


def _format_rates(metrics: Metrics) -> str:
    """Return `0.1`, or `0.1 (fc 0.05)` where groups of parameters have other rates."""
    groups = ", ".join(f"{name} {rate:.3g}" for name, rate in metrics.get("learning_rates", {}).items())
    return f"{metrics['learning_rate']:.3g}" + (f" ({groups})" if groups else "")


def format_duration(seconds: float) -> str:
    """Return `1:23:45`, or `23:45` below an hour."""
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
