"""The training state: everything that changes while a network is trained, and its form as a checkpoint."""

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
from specnet.training.tasks.objective import Objective

Tensors = dict[str, Tensor]


FACTS = ("step", "seconds", "trained_seconds", "trained_images", "history")


@dataclass(frozen=True)
class Best:
    """The epoch (from 1) whose weights count, and the metric of its validation, where that chooses."""

    epoch: int
    score: float | None


@dataclass
class State:
    """`step` counts finished steps, `seconds` is the run's time without pauses, `trained_…` is of steps alone."""

    module: nn.Module
    optimizer: Optimizer
    running: RunningMetrics
    average: AveragedWeights | None = None
    scaler: GradScaler | None = None
    step: int = 0
    seconds: float = 0.0
    trained_seconds: float = 0.0
    trained_images: int = 0
    history: list[dict[str, Any]] = field(default_factory=list)
    best: Best | None = None
    frozen: tuple[nn.Module, ...] = ()
    """The normalisations that stay in evaluation mode."""
    ranks: Ranks = SINGLE_PROCESS
    """The processes that train together; `running` are the metrics of this one."""

    @cached_property
    def parameters(self) -> list[nn.Parameter]:
        """The parameters of the module, cached as collecting them takes as long as some steps."""
        return list(self.module.parameters())

    def train_mode(self) -> None:
        self.module.train()
        for part in self.frozen:
            part.eval()

    @property
    def images_per_second(self) -> float:
        return self.trained_images / self.trained_seconds

    def use_averages(self) -> AbstractContextManager[None]:
        """Replace the module's weights within the context by their averages, if there are any."""
        return self.average.swap_in() if self.average else nullcontext()

    def count(self, loss: Tensor, outputs: Tensor, targets: Tensor) -> None:
        """Count a part of a step: mean loss, outputs B×…, targets B×…."""
        self.running.add(loss, outputs, targets)

    def finish_step(self, share: Share) -> None:
        """Count a step of this rank as done."""
        self.running.finish_step()
        self.step += 1
        self.trained_images += share.whole

    def totals(self) -> RunningMetrics:
        """Return the metrics of the epoch so far over all ranks; a collective call."""
        self.running.flush()
        return self.running if self.ranks.is_single else self.running.total(self.ranks)

    @property
    def epoch_losses(self) -> list[float]:
        """The loss of each epoch: of the validation part, where there is one, else of training."""
        return [metrics.get("validation_loss", metrics["train_loss"]) for metrics in self.history]

    @property
    def epochs_since_best(self) -> int:
        """The number of epochs since the best one."""
        return len(self.history) - (self.best.epoch if self.best else 0)

    def weights(self) -> Tensors:
        """Return a copy of the module's parameters and buffers on the CPU."""
        return {name: self.ranks.copy_to_cpu(value) for name, value in self.module.state_dict().items()}

    def is_finite(self) -> bool:
        """Whether all weights are finite; a collective call."""
        return self.ranks.all_agree(bool(torch.stack([*self._judge_weights().values()]).all()))

    def list_bad_weights(self) -> list[str]:
        """Return the names of the parameters and buffers whose part on this rank is not finite."""
        return [name for name, is_finite in self._judge_weights().items() if not is_finite]

    def _judge_weights(self) -> Tensors:
        """Return for each parameter and buffer of floats whether its part on this rank is finite, as a bool tensor."""
        values = {name: self.ranks.local_part(value) for name, value in self.module.state_dict().items()}
        return {name: value.isfinite().all() for name, value in values.items() if value.is_floating_point()}

    def pack(self) -> Checkpoint:
        """Return the state as a checkpoint; a collective call."""
        tensors = {f"module.{name}": value for name, value in self.weights().items()}
        for number, slots in self.optimizer.state_dict()["state"].items():
            there = {slot: value for slot, value in slots.items() if value is not None}
            tensors |= {f"optimizer.{number}.{slot}": self.ranks.copy_to_cpu(value) for slot, value in there.items()}
        if self.average:
            tensors |= {f"average.{name}": self.ranks.copy_to_cpu(value) for name, value in self.average.values.items()}
        totals = self.totals()
        tensors |= {
            f"sums.{name}": self.ranks.copy_to_cpu(getattr(totals, name)) for name in ("loss", "measure", "finite")
        }
        facts = {name: copy(getattr(self, name)) for name in FACTS}
        best = self.best and [self.best.epoch, self.best.score]
        scaler = self.scaler.state_dict() if self.scaler else None
        sums = [totals.images, totals.steps]
        return Checkpoint(tensors, {**facts, "best": best, "sums": sums, "scaler": scaler})

    def unpack(self, checkpoint: Checkpoint) -> None:
        """Restore a checkpoint of the same network and settings."""
        tensors, facts = checkpoint.tensors, checkpoint.facts
        self.load(_select("module.", tensors))
        self._unpack_optimizer(_select("optimizer.", tensors))
        if self.average:
            self.average.restore(_select("average.", tensors))
        place = self.running.loss.device
        measured = "measure" if "sums.measure" in tensors else "correct"  # as runs from before there were tasks have it
        loss, measure, finite = (tensors[f"sums.{name}"].to(place) for name in ("loss", measured, "finite"))
        images, steps = facts["sums"]
        has = int(self.ranks.is_first)  # the first rank has the sums so far, and the others zeros
        running = RunningMetrics(
            self.running.objective, loss * has, measure.double() * has, finite, images * has, steps
        )
        self.running = running
        self.best = Best(*facts["best"]) if facts["best"] else None
        if self.scaler:
            self.scaler.load_state_dict(facts["scaler"])
        for name in FACTS:
            setattr(self, name, facts[name])

    def load(self, weights: Tensors) -> None:
        """Set the module's parameters and buffers."""
        here = self.module.state_dict()
        self.module.load_state_dict({name: self.ranks.shard_like(value, here[name]) for name, value in weights.items()})

    def _unpack_optimizer(self, tensors: Tensors) -> None:
        """Restore the optimizer's state in the memory layout of the parameters, as fused kernels need it."""
        parameters = [(parameter, group) for group in self.optimizer.param_groups for parameter in group["params"]]
        for name, value in tensors.items():
            number, slot = name.split(".")
            parameter, group = parameters[int(number)]
            if value.shape == parameter.shape:
                like = torch.empty_like(parameter)
            else:  # the count of steps, which a fused kernel reads where it runs
                like = torch.empty_like(value, device=parameter.device if group.get("fused") else None)
            self.optimizer.state[parameter][slot] = like.copy_(self.ranks.shard_like(value, like))


def _select(prefix: str, tensors: Any) -> Tensors:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}


@dataclass
class RunningMetrics:
    """Sums over the steps of the epoch so far, as tensors on the device, so that no step waits for it.

    `loss` and the `measure` of the objective are summed over images, `finite` counts the steps up to which the loss has
    been finite. `measure` and `finite` lack the buffered steps until `flush`.
    """

    objective: Objective
    loss: Tensor
    measure: Tensor
    finite: Tensor
    images: int = 0
    steps: int = 0
    _outputs: list[Tensor] = field(default_factory=list)
    _targets: list[Tensor] = field(default_factory=list)
    _losses: list[Tensor] = field(default_factory=list)
    """Buffers of the last steps, and of the parts of the present one."""
    _parts: int = 0

    @classmethod
    def zero(cls, objective: Objective, device: torch.device) -> RunningMetrics:
        def number(kind: torch.dtype) -> Tensor:
            return torch.zeros((), dtype=kind, device=device)

        return cls(objective, number(torch.float32), number(torch.float64), number(torch.int64))

    def restart(self) -> RunningMetrics:
        """Return the zeros of a new epoch."""
        return self.zero(self.objective, self.loss.device)

    def mean_loss(self) -> float:
        return self.loss.item() / max(1, self.images)

    def mean_measure(self) -> float:
        return self.objective.finish_measure(self.measure.item() / max(1, self.images))

    def add(self, loss: Tensor, outputs: Tensor, targets: Tensor) -> None:
        """Add B images of a step: their mean loss, outputs B×…, targets B×…."""
        loss = loss.detach()
        self.loss.add_(loss, alpha=len(targets))
        self._outputs.append(outputs.detach())
        self._targets.append(targets)
        self._losses.append(loss)
        self._parts += 1
        self.images += len(targets)

    def total(self, ranks: Ranks) -> RunningMetrics:
        """Return the sums over all ranks, on the CPU; a collective call."""
        rows = ranks.gather((self.loss.item(), self.measure.item(), self.images, self.finite.item()))
        loss, measure, images = rows[:, :3].sum(0)
        finite = rows[:, 3].min().long()
        return RunningMetrics(self.objective, loss.float(), measure, finite, int(images), self.steps)

    def finish_step(self) -> None:
        if self._parts != 1:  # several, or none on a rank whose images others count
            parts = self._losses[len(self._losses) - self._parts :]
            self._losses[len(self._losses) - self._parts :] = [sum(parts, torch.zeros_like(self.loss))]
        self._parts = 0
        self.steps += 1
        if len(self._losses) >= self.objective.buffered_steps:
            self.flush()

    def flush(self) -> None:
        """Count the buffered steps; to be called between two steps."""
        if not self._losses:
            return
        if self._outputs:
            self.measure += self.objective.rate(torch.cat(self._outputs), torch.cat(self._targets))
        was_finite = self.finite == self.steps - len(self._losses)
        self.finite += torch.stack(self._losses).isfinite().cumprod(0).sum() * was_finite
        for held in (self._outputs, self._targets, self._losses):
            held.clear()
