"""The time that a run takes, and telling the watcher how far it is."""

from __future__ import annotations

from time import perf_counter

import torch

from specnet.training.job import Progress, Watcher
from specnet.training.state import State
from specnet.training.step import Stepper

TICK = 0.1
"""Seconds between two looks at what is on the device, each of which waits for it."""


class Pace:
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
        progress = Progress(
            stage=stage,
            epoch=min(len(state.history) + 1, self._stepper.epochs),
            done=done,
            total=total,
            loss=sums.mean_loss(),
            accuracy=sums.accuracy(),
            learning_rate=self._stepper.learning_rate(state.step - 1, state.watched),
            images_per_second=state.images_per_second,
            seconds_left=state.seconds / state.step * (self._stepper.total - state.step),
            gpu_memory=torch.cuda.max_memory_allocated(place) if place.type == "cuda" else None,
        )
        self._watcher.progress(progress)
