"""All that changes while a network is trained, and how it is packed into a checkpoint."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from copy import copy
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import torch
from torch import Tensor, nn
from torch.amp import GradScaler
from torch.optim import Optimizer

from specnet.training.distributed import SINGLE_PROCESS, Ranks, Share
from specnet.training.optim.averaging import AveragedWeights
from specnet.training.runs.checkpoint import Checkpoint

Tensors = dict[str, Tensor]


@dataclass(frozen=True)
class Best:
    """The epoch (from 1) whose weights count, and the validation accuracy they have, where that chooses."""

    epoch: int
    score: float | None


@dataclass
class State:
    """`step` counts finished steps, `seconds` are the run's, pauses apart; `trained_…` are of steps alone."""

    module: nn.Module
    optimizer: Optimizer
    sums: RunningMetrics
    average: AveragedWeights | None = None
    scaler: GradScaler | None = None
    step: int = 0
    seconds: float = 0.0
    trained_seconds: float = 0.0
    trained_images: int = 0
    history: list[dict[str, Any]] = field(default_factory=list)
    best: Best | None = None
    frozen: tuple[nn.Module, ...] = ()
    """The norms that stay in evaluation mode."""
    ranks: Ranks = SINGLE_PROCESS
    """The processes that train this together; `sums` are those of this one."""

    @cached_property
    def parameters(self) -> list[nn.Parameter]:
        """Those of the module; gathering them takes as long as some steps."""
        return list(self.module.parameters())

    def train_mode(self) -> None:
        self.module.train()
        for part in self.frozen:
            part.eval()

    @property
    def images_per_second(self) -> float:
        return self.trained_images / self.trained_seconds

    def counting(self) -> AbstractContextManager[None]:
        """Within it, the module has the weights that count: the averages, where there are any."""
        return self.average.in_place() if self.average else nullcontext()

    def count(self, loss: Tensor, outputs: Tensor, labels: Tensor) -> None:
        """A part of a step is done: mean loss, outputs B×classes, labels B."""
        self.sums.add(loss, outputs, labels)

    def finish_step(self, share: Share) -> None:
        """This rank's share of a step is done."""
        self.sums.finish_step()
        self.step += 1
        self.trained_images += share.whole

    def totals(self) -> RunningMetrics:
        """What the epoch's steps add up to on all ranks, which all have to ask."""
        self.sums.count_held()
        return self.sums if self.ranks.is_alone else self.sums.total(self.ranks)

    @property
    def watched(self) -> list[float]:
        """The loss after each epoch: of the validation part, where there is one, else of training."""
        return [metrics.get("validation_loss", metrics["train_loss"]) for metrics in self.history]

    @property
    def waited(self) -> int:
        """Epochs since the best one."""
        return len(self.history) - (self.best.epoch if self.best else 0)

    def weights(self) -> Tensors:
        """A copy of the module's parameters and buffers, on the CPU."""
        return {name: self.ranks.copied(value) for name, value in self.module.state_dict().items()}

    def is_finite(self) -> bool:
        """Whether all weights are numbers."""
        values = (self.ranks.local(value) for value in self.module.state_dict().values())
        floats = [value for value in values if value.is_floating_point()]
        return self.ranks.all(bool(torch.stack([value.isfinite().all() for value in floats]).all()))

    def pack(self) -> Checkpoint:
        tensors = {f"module.{name}": value for name, value in self.weights().items()}
        for number, slots in self.optimizer.state_dict()["state"].items():
            there = {slot: value for slot, value in slots.items() if value is not None}
            tensors |= {f"optimizer.{number}.{slot}": self.ranks.copied(value) for slot, value in there.items()}
        if self.average:
            tensors |= {f"average.{name}": self.ranks.copied(value) for name, value in self.average.values.items()}
        totals = self.totals()
        tensors |= {f"sums.{name}": self.ranks.copied(getattr(totals, name)) for name in ("loss", "correct", "finite")}
        facts = {name: copy(getattr(self, name)) for name in FACTS}
        best = self.best and [self.best.epoch, self.best.score]
        scaler = self.scaler.state_dict() if self.scaler else None
        sums = [totals.images, totals.steps]
        return Checkpoint(tensors, {**facts, "best": best, "sums": sums, "scaler": scaler})

    def unpack(self, checkpoint: Checkpoint) -> None:
        """Become what was packed; module and optimizer are those of the same network and settings."""
        tensors, facts = checkpoint.tensors, checkpoint.facts
        self.load(_select("module.", tensors))
        self._unpack_optimizer(_select("optimizer.", tensors))
        if self.average:
            self.average.restore(_select("average.", tensors))
        place = self.sums.loss.device
        loss, correct, finite = (tensors[f"sums.{name}"].to(place) for name in ("loss", "correct", "finite"))
        images, steps = facts["sums"]
        has = int(self.ranks.is_first)  # the first rank has what was added up so far, and the others nothing of it
        self.sums = RunningMetrics(loss * has, correct * has, finite, images * has, steps)
        self.best = Best(*facts["best"]) if facts["best"] else None
        if self.scaler:
            self.scaler.load_state_dict(facts["scaler"])
        for name in FACTS:
            setattr(self, name, facts[name])

    def load(self, weights: Tensors) -> None:
        """Take over the module's parameters and buffers."""
        here = self.module.state_dict()
        self.module.load_state_dict({name: self.ranks.placed(value, here[name]) for name, value in weights.items()})

    def _unpack_optimizer(self, tensors: Tensors) -> None:
        """Slots take the memory layout of their parameters: fused kernels go through both side by side."""
        found = [(parameter, group) for group in self.optimizer.param_groups for parameter in group["params"]]
        for name, value in tensors.items():
            number, slot = name.split(".")
            parameter, group = found[int(number)]
            if value.shape == parameter.shape:
                like = torch.empty_like(parameter)
            else:  # the count of steps, which a fused kernel reads where it runs
                like = torch.empty_like(value, device=parameter.device if group.get("fused") else None)
            self.optimizer.state[parameter][slot] = like.copy_(self.ranks.placed(value, like))


FACTS = ("step", "seconds", "trained_seconds", "trained_images", "history")


def _select(prefix: str, tensors: Any) -> Tensors:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}


HELD = 16
"""Steps whose outputs are held until they are counted together: beside a small network each operation is felt."""


@dataclass
class RunningMetrics:
    """What the steps of the epoch so far add up to; tensors stay on the device until somebody looks.

    `loss` is summed over images, `finite` counts the steps up to which it has been a number. `correct` and `finite`
    lack what is held, until `count_held`.
    """

    loss: Tensor
    correct: Tensor
    finite: Tensor
    images: int = 0
    steps: int = 0
    _outputs: list[Tensor] = field(default_factory=list)
    _labels: list[Tensor] = field(default_factory=list)
    _losses: list[Tensor] = field(default_factory=list)
    """Of the steps that are held, and of the parts of the one that is under way."""
    _parts: int = 0

    @classmethod
    def zero(cls, device: torch.device) -> RunningMetrics:
        def number(kind: torch.dtype) -> Tensor:
            return torch.zeros((), dtype=kind, device=device)

        return cls(number(torch.float32), number(torch.int64), number(torch.int64))

    def mean_loss(self) -> float:
        return self.loss.item() / max(1, self.images)

    def accuracy(self) -> float:
        return self.correct.item() / max(1, self.images)

    def add(self, loss: Tensor, outputs: Tensor, labels: Tensor) -> None:
        """B images of a step: their mean loss, outputs B×classes, labels B."""
        loss = loss.detach()
        self.loss.add_(loss, alpha=len(labels))
        self._outputs.append(outputs.detach())
        self._labels.append(labels)
        self._losses.append(loss)
        self._parts += 1
        self.images += len(labels)

    def total(self, ranks: Ranks) -> RunningMetrics:
        """Return the sums of all ranks together, which all have to ask; on the CPU."""
        rows = ranks.gather((self.loss.item(), self.correct.item(), self.images, self.finite.item()))
        loss, correct, images = rows[:, :3].sum(0)
        return RunningMetrics(loss.float(), correct.long(), rows[:, 3].min().long(), int(images), self.steps)

    def finish_step(self) -> None:
        if self._parts != 1:  # several, or none on a rank whose images others count
            parts = self._losses[len(self._losses) - self._parts :]
            self._losses[len(self._losses) - self._parts :] = [sum(parts, torch.zeros_like(self.loss))]
        self._parts = 0
        self.steps += 1
        if len(self._losses) >= HELD:
            self.count_held()

    def count_held(self) -> None:
        """Count what the steps since the last time have got right; between two steps."""
        if not self._losses:
            return
        if self._outputs:
            self.correct += (torch.cat(self._outputs).argmax(1) == torch.cat(self._labels)).sum()
        was_finite = self.finite == self.steps - len(self._losses)
        self.finite += torch.stack(self._losses).isfinite().cumprod(0).sum() * was_finite
        for held in (self._outputs, self._labels, self._losses):
            held.clear()
