"""The training loop: steps, epochs, and when to look, to save and to stop. It prints and draws nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import ceil
from time import perf_counter
from typing import Any

from torch.autograd import backward

from specnet.settings import Training
from specnet.training import optim
from specnet.training.batches import Batches
from specnet.training.data import DataSet, Images
from specnet.training.device import Device
from specnet.training.errors import NotFinite
from specnet.training.evaluation import Evaluator, Network, Score
from specnet.training.interruption import Asked, Interruption
from specnet.training.job import Progress, Watcher
from specnet.training.keeper import Keeper
from specnet.training.run_folder import RunFolder
from specnet.training.state import Best, State, Sums

TICK = 0.1
"""Seconds between two looks at what is on the device, each of which waits for it."""

SAVED_AT_EPOCH = 2.0
"""An epoch's end is saved if the last checkpoint is older than so many seconds …"""

SAVED_WITHIN = 60.0
"""… and so is the middle of an epoch if it is older than so many."""


@dataclass
class Loop:
    """A run in progress; `forward` is the state's module, compiled or not, and all tensors are on the device."""

    training: Training
    data: DataSet
    batches: Batches
    evaluator: Evaluator
    device: Device
    state: State
    forward: Network
    folder: RunFolder
    keeper: Keeper
    watcher: Watcher
    interruption: Interruption
    _lapped: float = field(default_factory=perf_counter)
    _looked: float = 0.0

    def run(self) -> None:
        """Train to the end; where a signal has come, saves and raises Asked; NotFinite leaves the last good weights."""
        try:
            while not self._is_over():
                self._train_epoch()
                self._conclude_epoch()
        except Asked:
            self._lap()
            self.keeper.save()
            raise
        self.keeper.save()

    @property
    def steps(self) -> int:
        """Steps of the whole run."""
        return self.batches.steps(self.training.epochs.count)

    def _is_over(self) -> bool:
        stop, done = self.training.stop, len(self.state.history)
        is_patience_over = stop is not None and self.state.waited >= stop.patience
        return is_patience_over or done >= ceil(self.steps / self.batches.per_epoch)

    def _train_epoch(self) -> None:
        """The steps that this epoch still lacks."""
        self.state.module.train()
        end = min((len(self.state.history) + 1) * self.batches.per_epoch, self.steps)
        try:
            while self.state.step < end:
                self._train_step()
                self._look_now_and_then(end)
                self.interruption.check()
            self._refuse_nan()
        finally:
            self._lap(trained=True)

    def _train_step(self) -> None:
        state = self.state
        optim.set_learning_rate(state.optimizer, self._learning_rate(state.step))
        images, labels = self.batches.batch(state.step)
        with self.device.autocast():
            outputs = self.forward(images).float()
        loss = self.evaluator.loss(outputs, labels)
        backward(loss)
        state.optimizer.step()
        state.optimizer.zero_grad()
        state.sums.add(loss, outputs, labels)
        state.step += 1
        state.trained_images += len(labels)

    def _look_now_and_then(self, end: int) -> None:
        """At most ten times a second: is the loss a number, how far are we, is it time to save."""
        if not self._is_time_to_look():
            return
        self._refuse_nan()
        self._lap(trained=True)
        done = self.state.sums.steps
        self._report("training", done, done + end - self.state.step)
        self.keeper.save_if_older(SAVED_WITHIN)

    def _conclude_epoch(self) -> None:
        """Measure, choose, write down; an epoch counts as done only when all of this is."""
        state = self.state
        metrics = self._measure()
        state.history.append(metrics)
        state.sums = Sums.zero(self.device.place)
        score = metrics.get("validation_accuracy")
        if score is None or state.best is None or state.best.score is None or score > state.best.score:
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
            "train_loss": state.sums.loss.item() / state.sums.images,
            "train_accuracy": state.sums.correct.item() / state.sums.images,
            "learning_rate": self._learning_rate(state.step - 1),
        }
        for part, images in self._watched().items():
            score = self.score(part, images)
            metrics |= {f"{part}_loss": score.loss, f"{part}_accuracy": score.accuracy}
        self._lap()
        return metrics | {"images_per_second": self._images_per_second(), "seconds": state.seconds}

    def _watched(self) -> dict[str, Images]:
        """The parts that are looked at after every epoch; of these, only the validation part chooses anything."""
        watched = {"validation"} | ({"test"} if self.training.evaluate else set())
        return {name: part for name, part in self.data.parts().items() if name in watched}

    def score(self, part: str, images: Images) -> Score:
        """How good the weights of this moment are on a part; raises Asked where a signal has come."""

        def ticked(done: int, total: int) -> None:
            self.interruption.check()
            if self._is_time_to_look():
                self._report(part, done, total)

        self.state.module.eval()
        return self.evaluator.score(self.forward, images, ticked)

    def _learning_rate(self, step: int) -> float:
        per_epoch = self.batches.per_epoch
        training = self.training
        epoch, epochs = step / per_epoch, self.steps / per_epoch
        return optim.learning_rate(training.optimizer, training.schedule, epoch, epochs)

    def _refuse_nan(self) -> None:
        sums = self.state.sums
        if sums.steps and (finite := int(sums.finite.item())) < sums.steps:
            self.keeper.write_kept()
            step = self.state.step - sums.steps + finite + 1
            raise NotFinite(
                f"the loss is not finite at step {step}, in epoch {len(self.state.history) + 1}; "
                f"a smaller learning rate than {self._learning_rate(step - 1):g} may help"
            )

    def _report(self, stage: str, done: int, total: int) -> None:
        state = self.state
        progress = Progress(
            stage=stage,
            epoch=len(state.history) + 1,
            done=done,
            total=total,
            loss=state.sums.loss.item() / max(1, state.sums.images),
            accuracy=state.sums.correct.item() / max(1, state.sums.images),
            learning_rate=self._learning_rate(state.step - 1),
            images_per_second=self._images_per_second(),
            seconds_left=state.seconds / state.step * (self.steps - state.step),
        )
        self.watcher.progress(progress)

    def _images_per_second(self) -> float:
        return self.state.trained_images / self.state.trained_seconds

    def _is_time_to_look(self) -> bool:
        now = perf_counter()
        if now - self._looked < TICK:
            return False
        self._looked = now
        return True

    def _lap(self, trained: bool = False) -> None:
        """Add the time since the last lap to the run's, and to that of its steps."""
        now = perf_counter()
        self.state.seconds += now - self._lapped
        self.state.trained_seconds += (now - self._lapped) * trained
        self._lapped = now
