"""The training loop: steps, epochs, and when to look, to save and to stop. It prints and draws nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from time import perf_counter
from typing import Any

import torch

from specnet.settings.stop import Stop
from specnet.training.engine.checkpoint_writer import CheckpointWriter
from specnet.training.engine.evaluator import ClassificationMetrics, Evaluator, Score, compute_metrics
from specnet.training.engine.interruption import Interruption, StopRequested
from specnet.training.engine.state import Best, RunningMetrics, State
from specnet.training.engine.step import Stepper
from specnet.training.errors import Interrupted
from specnet.training.job import Metrics, Progress, Watcher
from specnet.training.runs.run_folder import RunFolder

SAVED_AT_EPOCH = 2.0
"""An epoch's end is saved if the last checkpoint is older than so many seconds …"""

SAVED_WITHIN = 60.0
"""… and so is the middle of an epoch if it is older than so many."""

DRAWN_EVERY = 60.0
"""Seconds from one picture of the curves to the next: drawing takes a part of one."""

SLOW = 1.0
"""Seconds; a step that takes more may be too long for who wants to stop."""


@dataclass
class Loop:
    """A run in progress; `watched` are the parts that are measured after every epoch."""

    state: State
    stepper: Stepper
    evaluator: Evaluator
    final: Evaluator
    """Measures the weights that count, at the end."""
    watched: tuple[str, ...]
    stop: Stop | None
    folder: RunFolder
    keeper: CheckpointWriter
    pace: Timer
    watcher: Watcher
    interruption: Interruption
    draw_curves: Callable[[Sequence[Metrics]], None]
    is_slow: bool = False
    """Whether the last step took so long that the next one may be too long to wait for."""
    drawn_at: float = field(default_factory=perf_counter)

    def run(self) -> None:
        """Train to the end; where a signal has come, saves and raises Asked; NotFinite leaves the last good weights."""
        try:
            while not self._is_over():
                self.train_until(self.stepper.end(len(self.state.history) + 1))
                self._conclude_epoch()
        except StopRequested:
            self.pace.lap()
            self.keeper.save()
            raise
        self.keeper.save()

    def score(self, part: str) -> Score:
        """How good the weights of this moment are on a part; raises Asked where a signal has come."""
        self._prepare_to_measure()
        return self.evaluator.score(part, partial(self._ticked, part))

    def measure(self, part: str, classes: tuple[str, ...]) -> ClassificationMetrics:
        """The same, class by class."""
        self._prepare_to_measure()
        return compute_metrics(self.final.outputs(part, partial(self._ticked, part)), self.final.loss, classes)

    def _prepare_to_measure(self) -> None:
        self.state.module.eval()
        self.state.ranks.same_buffers(self.state.module)

    def _ticked(self, part: str, done: int, total: int) -> None:
        self.interruption.check()
        if self.pace.is_time_to_look(part):
            self.pace.report(part, done, total)

    def _is_over(self) -> bool:
        is_patience_over = self.stop is not None and self.state.waited >= self.stop.patience
        return is_patience_over or len(self.state.history) >= self.stepper.epochs

    def train_until(self, end: int) -> None:
        """The steps of an epoch that are lacking until `end` of the run's are done."""
        self.state.train_mode()
        try:
            while self.state.step < end:
                self._step()
                if self.pace.is_time_to_look("training"):
                    self._look(end)
                self.interruption.check()
            self._refuse_nan()
        finally:
            self.pace.lap(trained=True)

    def _step(self) -> None:
        """One step; a slow one can be undone, should a signal come that has no time for it."""
        if self.is_slow:
            self.keeper.remember()
        began = perf_counter()
        self.stepper.take(self.state)
        self.is_slow = perf_counter() - began > SLOW

    def leave(self, signal: int) -> None:
        """What is in progress takes too long to wait for; called in another thread."""
        self.watcher.leave(Interrupted(self.folder.path, signal, self.keeper.save_remembered()))

    def _look(self, end: int) -> None:
        """Is the loss a number, how far are we, is it time to save?"""
        self._refuse_nan()
        self.pace.lap(trained=True)
        done = self.state.sums.steps
        self.pace.report("training", done, done + end - self.state.step)
        self.keeper.save_if_older(SAVED_WITHIN)

    def _refuse_nan(self) -> None:
        """Raises NotFinite with the step at which it began."""
        state = self.state
        if (finite := int(state.totals().finite.item())) < state.sums.steps:
            step = state.step - state.sums.steps + finite + 1
            self.keeper.give_up(f"the loss at step {step}, in epoch {len(state.history) + 1},")

    def _conclude_epoch(self) -> None:
        """Measure, choose, write down; an epoch counts as done only when all of this is."""
        state = self.state
        if self.watched:
            self.keeper.remember()
        with state.counting():
            metrics = self._measure()
            state.history.append(metrics)
            state.sums = RunningMetrics.zero(state.sums.loss.device)
            score = metrics.get("validation_accuracy")
            if score is None or state.best is None or score > state.best.score:
                self.keeper.keep()
                state.best = Best(len(state.history), score)
        if state.ranks.is_first:
            self._record()
        self.watcher.epoch(metrics)
        self.keeper.save_if_older(SAVED_AT_EPOCH)

    def _record(self) -> None:
        """Write down the epochs so far, and from time to time draw them."""
        self.folder.write_metrics(self.state.history)
        if perf_counter() - self.drawn_at > DRAWN_EVERY:
            self.draw()

    def draw(self) -> None:
        """The curves so far."""
        self.draw_curves(self.state.history)
        self.drawn_at = perf_counter()

    def _measure(self) -> dict[str, Any]:
        """A line of metrics.jsonl; `seconds` are those of the run so far."""
        state, sums = self.state, self.state.totals()
        rates = self.stepper.learning_rates(state, state.step - 1)
        metrics: dict[str, Any] = {
            "epoch": len(state.history) + 1,
            "train_loss": sums.mean_loss(),
            "train_accuracy": sums.accuracy(),
            "learning_rate": rates.base,
        }
        if by_group := rates.by_group:
            metrics["learning_rates"] = by_group
        for part in self.watched:
            score = self.score(part)
            metrics |= {f"{part}_loss": score.loss, f"{part}_accuracy": score.accuracy}
            metrics |= {} if score.top5 is None else {f"{part}_top5_accuracy": score.top5}
        self.pace.lap()
        return metrics | {"images_per_second": state.images_per_second, "seconds": state.seconds}


TICK = 0.1
"""Seconds between two looks at what is on the device, each of which waits for it."""


class Timer:
    """A stopwatch that adds to the state's times."""

    def __init__(self, state: State, stepper: Stepper, watcher: Watcher) -> None:
        self._state, self._stepper, self._watcher = state, stepper, watcher
        self._lapped, self._looked = perf_counter(), 0.0

    def lap(self, trained: bool = False) -> None:
        """Add the time since the last lap to the run's, and to that of its steps."""
        now = perf_counter()
        self._state.seconds += now - self._lapped
        self._state.trained_seconds += (now - self._lapped) * trained
        self._lapped = now

    def is_time_to_look(self, stage: str) -> bool:
        """True ten times a second at most, after a batch of a stage."""
        if not self._state.ranks.is_time(self._looked, TICK, stage):
            return False
        self._looked = perf_counter()
        return True

    def report(self, stage: str, done: int, total: int) -> None:
        """Tell the watcher that `done` of `total` batches of a stage are behind."""
        state, sums, place = self._state, self._state.totals(), self._state.sums.loss.device
        rates = self._stepper.learning_rates(state, state.step - 1)
        progress = Progress(
            stage=stage,
            epoch=min(len(state.history) + 1, self._stepper.epochs),
            done=done,
            total=total,
            loss=sums.mean_loss(),
            accuracy=sums.accuracy(),
            learning_rate=rates.base,
            learning_rates=rates.by_group,
            images_per_second=state.images_per_second,
            seconds_left=state.seconds / state.step * (self._stepper.total - state.step),
            gpu_memory=torch.cuda.max_memory_allocated(place) if place.type == "cuda" else None,
        )
        self._watcher.progress(progress)
