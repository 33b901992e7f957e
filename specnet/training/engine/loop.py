"""The training loop: take steps, and decide when to report, evaluate, save and stop. It prints and draws nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from time import perf_counter
from typing import Any

import torch

from specnet.settings.stop import Stop
from specnet.settings.task import Metric
from specnet.training.engine.checkpoint_writer import CheckpointWriter
from specnet.training.engine.evaluator import Evaluator
from specnet.training.engine.interruption import Interruption, StopRequested
from specnet.training.engine.state import Best, State
from specnet.training.engine.statistics import StatisticsRecorder
from specnet.training.engine.step import Stepper
from specnet.training.errors import DataProblem, Interrupted
from specnet.training.job import Callback, Metrics, Progress
from specnet.training.runs.run_folder import RunFolder
from specnet.training.tasks.objective import Fitted
from specnet.training.tasks.results import Results

EPOCH_SAVE_INTERVAL = 2.0
"""The age in seconds of the last checkpoint from which the end of an epoch is saved."""

STEP_SAVE_INTERVAL = 60.0
"""The age in seconds of the last checkpoint from which the middle of an epoch is saved."""

DRAW_INTERVAL = 60.0
"""Seconds between two drawings of the curves, each of which takes a fraction of one."""

SLOW_STEP = 1.0
"""Seconds from which a step may be too long to wait for on an interruption."""

REPORT_INTERVAL = 0.1
"""Seconds between two reports, each of which waits for the device."""


@dataclass
class Loop:
    """A run in progress; `measured_parts` are the parts of the data that are evaluated after every epoch."""

    state: State
    stepper: Stepper
    evaluator: Evaluator
    final: Evaluator
    """Evaluates the best weights, at the end."""
    measured_parts: tuple[str, ...]
    stop: Stop | None
    folder: RunFolder
    writer: CheckpointWriter
    timer: Timer
    callback: Callback
    interruption: Interruption
    draw_curves: Callable[[Sequence[Metrics]], None]
    statistics: StatisticsRecorder | None = None
    """Measures all layers after every epoch, on request and on one rank."""
    is_slow: bool = False
    """Whether the last step was slow, so that the next one may be too long to wait for."""
    drawn_at: float = field(default_factory=perf_counter)

    @property
    def metric(self) -> Metric:
        """The figure of the validation part by which the best epoch is chosen."""
        return self.evaluator.objective.metric

    def run(self) -> None:
        """Train to the end; on a signal, save and raise StopRequested. NotFinite leaves the last good weights.

        Where images can no longer be read, or a metric of the user's fails, save and raise DataProblem.
        """
        try:
            if self.state.step == 0:
                self._record_statistics()
            while not self._is_over():
                self.train_until(self.stepper.end(len(self.state.history) + 1))
                self._conclude_epoch()
        except StopRequested:
            self.timer.lap()
            self.writer.save()
            raise
        except DataProblem:
            if self.state.ranks.is_single:  # other ranks are in the middle of a step, and cannot save with this one
                self.timer.lap()
                self.writer.save()
            raise
        self.writer.save()

    def measure(self, part: str, evaluator: Evaluator) -> Results:
        """Return the results of the present weights on a part; raises StopRequested on a signal."""
        self.state.module.eval()
        self.state.ranks.sync_buffers(self.state.module)
        return evaluator.measure(part, partial(self._on_evaluated_batch, part))

    def fit_outputs(self, part: str) -> Fitted:
        """Fit what the task fits to the outputs of the present weights, for the final evaluation, and return it."""
        self.state.module.eval()
        fitted = self.final.fit(part)
        self.final = replace(self.final, objective=self.final.objective.add_fitted(fitted))
        return fitted

    def _on_evaluated_batch(self, part: str, done: int, total: int) -> None:
        self.interruption.check()
        if self.timer.is_due(part):
            self.timer.report(part, done, total)

    def _is_over(self) -> bool:
        is_patience_over = self.stop is not None and self.state.epochs_since_best >= self.stop.patience
        return is_patience_over or len(self.state.history) >= self.stepper.epochs

    def train_until(self, end: int) -> None:
        """Take the remaining steps of an epoch, until `end` steps of the run are done."""
        self.state.train_mode()
        try:
            while self.state.step < end:
                self._take_step()
                if self.timer.is_due("training"):
                    self._report(end)
                self.interruption.check()
            self._refuse_nan()
        finally:
            self.timer.lap(trained=True)

    def _take_step(self) -> None:
        """Take a step; before one that may be slow, take a snapshot that an interruption can save."""
        if self.is_slow:
            self.writer.take_snapshot()
        began = perf_counter()
        self.stepper.take(self.state)
        self.is_slow = perf_counter() - began > SLOW_STEP

    def on_overdue(self, resume: str, signal: int) -> None:
        """Report an interruption whose step takes too long to wait for; called in another thread."""
        self.callback.on_interrupt(Interrupted(self.folder.path, signal, resume, self.writer.save_snapshot()))

    def _report(self, end: int) -> None:
        """Check the loss, report the progress, and save if it is time."""
        self._refuse_nan()
        self.timer.lap(trained=True)
        done = self.state.running.steps
        self.timer.report("training", done, done + end - self.state.step)
        self.writer.save_if_older(STEP_SAVE_INTERVAL)

    def _refuse_nan(self) -> None:
        """Raise NotFinite for the first step whose loss is not finite."""
        state = self.state
        if (finite := int(state.totals().finite.item())) < state.running.steps:
            step = state.step - state.running.steps + finite + 1
            self.writer.give_up(f"the loss at step {step}, in epoch {len(state.history) + 1}, is not finite")

    def _conclude_epoch(self) -> None:
        """Evaluate the epoch, choose the best, and write the metrics; only then the epoch counts as done."""
        state = self.state
        if self.measured_parts:
            self.writer.take_snapshot()
        with state.use_averages():
            metrics = self._measure()
            state.history.append(metrics)
            state.running = state.running.restart()
            score = metrics.get(f"validation_{self.metric.name}")
            if "validation" in self.measured_parts and score is None:
                self.callback.on_note(
                    f"warning: {self.metric.title} is not defined on the validation part after epoch "
                    f"{len(state.history)}, so that this epoch cannot be the best"
                )
            if "validation" not in self.measured_parts or self._is_best(score):
                self.writer.keep_weights()
                state.best = Best(len(state.history), score)
        if state.ranks.is_first:
            self._record()
        self._record_statistics()
        self.callback.on_epoch_end(metrics)
        self.writer.save_if_older(EPOCH_SAVE_INTERVAL)

    def _is_best(self, score: float | None) -> bool:
        """Whether a validation is better than all before, or the first one."""
        return self.state.best is None or self.metric.is_better(score, self.state.best.score)

    def _record(self) -> None:
        """Write the metrics of all epochs, and draw them from time to time."""
        self.folder.write_metrics(self.state.history)
        if perf_counter() - self.drawn_at > DRAW_INTERVAL:
            self.draw()

    def _record_statistics(self) -> None:
        if self.statistics:
            self.statistics.record(self.state)
            self.timer.lap()

    def draw(self) -> None:
        """Draw the curves so far."""
        self.draw_curves(self.state.history)
        self.drawn_at = perf_counter()

    def _measure(self) -> dict[str, Any]:
        """Return a line of metrics.jsonl; `seconds` is the time of the run so far."""
        state, totals = self.state, self.state.totals()
        rates = self.stepper.learning_rates(state, state.step - 1)
        metrics: dict[str, Any] = {
            "epoch": len(state.history) + 1,
            "train_loss": totals.mean_loss(),
            f"train_{self.evaluator.objective.measure.name}": totals.mean_measure(),
            "learning_rate": rates.base,
        }
        if by_group := rates.by_group:
            metrics["learning_rates"] = by_group
        for part in self.measured_parts:
            results = self.measure(part, self.evaluator)
            metrics |= {f"{part}_{name}": value for name, value in {"loss": results.loss, **results.scores}.items()}
        self.timer.lap()
        return metrics | {"images_per_second": state.images_per_second, "seconds": state.seconds}


class Timer:
    """Measures the time of a run, and reports its progress to a callback."""

    def __init__(self, state: State, stepper: Stepper, callback: Callback) -> None:
        self._state, self._stepper, self._callback = state, stepper, callback
        self._lapped, self._reported = perf_counter(), 0.0

    def lap(self, trained: bool = False) -> None:
        """Add the time since the last lap to the run's, and to that of its steps."""
        now = perf_counter()
        self._state.seconds += now - self._lapped
        self._state.trained_seconds += (now - self._lapped) * trained
        self._lapped = now

    def is_due(self, stage: str) -> bool:
        """Whether to report after a batch of a stage: ten times a second at most."""
        if not self._state.ranks.is_time(self._reported, REPORT_INTERVAL, stage):
            return False
        self._reported = perf_counter()
        return True

    def report(self, stage: str, done: int, total: int) -> None:
        """Report to the callback that `done` of `total` batches of a stage are done."""
        state, totals, place = self._state, self._state.totals(), self._state.running.loss.device
        rates = self._stepper.learning_rates(state, state.step - 1)
        progress = Progress(
            stage=stage,
            epoch=min(len(state.history) + 1, self._stepper.epochs),
            done=done,
            total=total,
            loss=totals.mean_loss(),
            measure=totals.mean_measure(),
            learning_rate=rates.base,
            learning_rates=rates.by_group,
            images_per_second=state.images_per_second,
            seconds_left=state.seconds / state.step * (self._stepper.total - state.step),
            gpu_memory=torch.cuda.max_memory_allocated(place) if place.type == "cuda" else None,
        )
        self._callback.on_progress(progress)
