"""The training loop: steps, epochs, and when to look, to save and to stop. It prints and draws nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from specnet.settings.stop import Stop
from specnet.training.evaluation import Evaluator, Score
from specnet.training.interruption import Asked, Interruption
from specnet.training.job import Watcher
from specnet.training.keeper import Keeper
from specnet.training.pace import Pace
from specnet.training.run_folder import RunFolder
from specnet.training.state import Best, State
from specnet.training.step import Stepper
from specnet.training.sums import Sums

SAVED_AT_EPOCH = 2.0
"""An epoch's end is saved if the last checkpoint is older than so many seconds …"""

SAVED_WITHIN = 60.0
"""… and so is the middle of an epoch if it is older than so many."""


@dataclass
class Loop:
    """A run in progress; `watched` are the parts that are measured after every epoch."""

    state: State
    stepper: Stepper
    evaluator: Evaluator
    watched: tuple[str, ...]
    stop: Stop | None
    folder: RunFolder
    keeper: Keeper
    pace: Pace
    watcher: Watcher
    interruption: Interruption

    def run(self) -> None:
        """Train to the end; where a signal has come, saves and raises Asked; NotFinite leaves the last good weights."""
        try:
            while not self._is_over():
                self._train_epoch()
                self._conclude_epoch()
        except Asked:
            self.pace.lap()
            self.keeper.save()
            raise
        self.keeper.save()

    def score(self, part: str) -> Score:
        """How good the weights of this moment are on a part; raises Asked where a signal has come."""

        def ticked(done: int, total: int) -> None:
            self.interruption.check()
            if self.pace.is_time_to_look():
                self.pace.report(part, done, total)

        self.state.module.eval()
        return self.evaluator.score(part, ticked)

    def _is_over(self) -> bool:
        is_patience_over = self.stop is not None and self.state.waited >= self.stop.patience
        return is_patience_over or len(self.state.history) >= self.stepper.epochs

    def _train_epoch(self) -> None:
        """The steps that this epoch still lacks."""
        self.state.module.train()
        end = self.stepper.end(len(self.state.history) + 1)
        try:
            while self.state.step < end:
                self.stepper.take(self.state)
                if self.pace.is_time_to_look():
                    self._look(end)
                self.interruption.check()
            self._refuse_nan()
        finally:
            self.pace.lap(trained=True)

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
        if (finite := int(state.sums.finite.item())) < state.sums.steps:
            step = state.step - state.sums.steps + finite + 1
            self.keeper.give_up(f"the loss at step {step}, in epoch {len(state.history) + 1},")

    def _conclude_epoch(self) -> None:
        """Measure, choose, write down; an epoch counts as done only when all of this is."""
        state = self.state
        metrics = self._measure()
        state.history.append(metrics)
        state.sums = Sums.zero(state.sums.loss.device)
        score = metrics.get("validation_accuracy")
        if score is None or state.best is None or score > state.best.score:
            self.keeper.keep()
            state.best = Best(len(state.history), score)
        self.folder.write_metrics(state.history)
        self.watcher.epoch(metrics)
        self.keeper.save_if_older(SAVED_AT_EPOCH)

    def _measure(self) -> dict[str, Any]:
        """A line of metrics.jsonl; `seconds` are those of the run so far."""
        state = self.state
        metrics: dict[str, Any] = {
            "epoch": len(state.history) + 1,
            "train_loss": state.sums.mean_loss(),
            "train_accuracy": state.sums.accuracy(),
            "learning_rate": self.stepper.learning_rate(state.step - 1),
        }
        for part in self.watched:
            score = self.score(part)
            metrics |= {f"{part}_loss": score.loss, f"{part}_accuracy": score.accuracy}
        self.pace.lap()
        return metrics | {"images_per_second": state.images_per_second, "seconds": state.seconds}
