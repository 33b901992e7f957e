"""Show the progress of training on standard error: a live bar on a terminal, a line per epoch elsewhere."""

from __future__ import annotations

import os
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, TextColumn
from rich.progress import Progress as Bars

from specnet.cli.output import print_message
from specnet.printable import escape_commands, escape_unprintable, format_amount
from specnet.settings.task import Metric
from specnet.settings.tasks.classify import Classify
from specnet.training import Callback, Interrupted, Metrics, Plan, Progress

PARTS = ("train", "validation", "test")

TEXT_WIDTH = 76
"""Columns of the text beside the bar; the bar takes the rest."""


class Display(Callback):
    """A callback that shows the progress while its context is open."""

    def __init__(self) -> None:
        self._console = Console(stderr=True, highlight=False, soft_wrap=True)
        self._bars = Bars(
            TextColumn("{task.description}"),
            BarColumn(max(6, min(40, self._console.width - TEXT_WIDTH))),
            TextColumn("{task.fields[text]}"),
            console=self._console,
            transient=True,
            disable=not self._console.is_terminal,
        )
        self._epochs, self._metric, self._measure = 0.0, Classify.metric, Classify.metric
        self._task = self._bars.add_task("", total=None, visible=False, text="")

    def __enter__(self) -> Display:
        if self._console.is_terminal:
            self._bars.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stop_bars()

    def _stop_bars(self) -> None:
        if self._console.is_terminal:
            self._bars.stop()

    def on_note(self, text: str) -> None:
        if self._console.is_terminal:  # above the bar
            self._console.print(escape_unprintable(escape_commands(text)), markup=False)
        else:
            print_message(text)

    def on_train_begin(self, plan: Plan) -> None:
        self._epochs, self._metric, self._measure = plan.epochs, plan.metric, plan.measure
        self.on_note(f"{format_amount(plan.steps, 'step')} in {format_amount(plan.epochs, 'epoch')}")
        if plan.processes > 1:
            share = f"{plan.processes} processes share each batch of {plan.batch}"
            self.on_note(f"{share}; the learning rate stays {plan.learning_rate:g}")
        self.on_note(f"on {plan.device} in {plan.precision}, saved in {plan.folder}")

    def on_progress(self, progress: Progress) -> None:
        measure = format_named(self._measure, progress.measure)
        trained = (
            f"loss {progress.loss:.4f}  train {measure}  lr {_format_range(progress)}  "
            f"{progress.images_per_second:,.0f} img/s  {format_duration(progress.seconds_left)} left"
        )
        if progress.gpu_memory is not None:
            trained += f"  {progress.gpu_memory / 2**30:.1f} GiB"
        self._bars.update(
            self._task,
            description=f"epoch {progress.epoch}/{self._epochs:g}",
            completed=progress.done,
            total=progress.total,
            visible=True,
            text=trained if progress.stage == "training" else progress.stage,
        )

    def on_epoch_end(self, metrics: Metrics) -> None:
        scores = "  ".join(filter(None, (self._format_scores(part, metrics) for part in PARTS)))
        left = metrics["seconds"] / metrics["epoch"] * max(0.0, self._epochs - metrics["epoch"])
        self.on_note(
            f"epoch {metrics['epoch']}/{self._epochs:g}  loss {metrics['train_loss']:.4f}  {scores}  "
            f"lr {_format_rates(metrics)}  {metrics['images_per_second']:,.0f} images/s  "
            f"{format_duration(left)} left"
        )

    def _format_scores(self, part: str, metrics: Metrics) -> str:
        """Return `validation 71.20% (top-5 90.10%)`, or `validation mIoU 91.20%`; "" for a part without figures."""
        metric = self._measure if part == "train" else self._metric
        if (name := f"{part}_{metric.name}") not in metrics:
            return ""
        top5 = metrics.get(f"{part}_top5_accuracy")
        beside = "" if top5 is None else f" (top-5 {top5:.2%})"
        return f"{part} {format_named(metric, metrics[name])}{beside}"

    def on_interrupt(self, interrupted: Interrupted) -> None:
        """End the process now, as a step takes longer than a user wants to wait."""
        self._stop_bars()
        print_message(*format_interruption(interrupted))
        os._exit(interrupted.exit_code)


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


def format_interruption(interrupted: Interrupted) -> tuple[str, str]:
    """Return the lines of the message of an interruption, with the command that resumes the run."""
    return str(interrupted), f"to resume: specnet train --resume {interrupted.folder}"


def format_duration(seconds: float) -> str:
    """Return `1:23:45`, or `23:45` below an hour."""
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
