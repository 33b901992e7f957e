"""One process alone: what several have to agree on, it just does."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from time import perf_counter
from typing import TypeVar

import torch
from torch import Tensor, nn

from specnet.training.job import Options
from specnet.training.ranks.share import Share
from specnet.training.sums import Sums

Found = TypeVar("Found")

Network = Callable[[Tensor], Tensor]
"""A module, or what it is wrapped in: images B×C×H×W to outputs B×classes."""


class Ranks:
    """This process, `number` of `amount`; it is the only one."""

    number = 0
    amount = 1

    @property
    def is_first(self) -> bool:
        """Whether this is the rank that writes, shows and decides."""
        return self.number == 0

    @property
    def is_alone(self) -> bool:
        return self.amount == 1

    def own_device(self, name: str) -> str:
        """The device of this rank, where all are to train on the kind of `name`; raises CannotRun."""
        return name

    def settle(self, module: nn.Module, options: Options, place: torch.device) -> None:
        """Bring a module to the device, or of each of its parameters a shard if that is wished."""
        module.to(place, memory_format=torch.channels_last)  # type: ignore[call-overload]

    def averaging(self, network: Network, options: Options, place: torch.device) -> Network:
        """The network with gradients that are the mean of all ranks'."""
        return network

    def share(self, images: int) -> Share:
        """The images that this rank works on in a batch of so many."""
        return Share(0, images, images, images)

    def joined(self, outputs: Tensor, share: Share) -> Tensor:
        """The outputs of a whole batch, B×outputs, from those of the shares."""
        return outputs

    def totals(self, sums: Sums) -> Sums:
        """What the sums of all ranks add up to."""
        return sums

    def all(self, is_so: bool) -> bool:
        """Whether it is so on every rank."""
        return is_so

    def from_first(self, find: Callable[[], Found]) -> Found:
        """What the first rank finds; the others are told."""
        return find()

    def in_turn(self) -> AbstractContextManager[None]:
        """Within it, one rank of this machine goes before the others: it may fetch what they find then."""
        return nullcontext()

    def same_buffers(self, module: nn.Module) -> None:
        """Give all ranks the first one's running statistics."""

    def copied(self, value: Tensor) -> Tensor:
        """On the first rank the whole tensor on the CPU, in the ordinary memory layout; elsewhere nothing of it."""
        return value.detach().to("cpu", copy=True, memory_format=torch.contiguous_format)

    def placed(self, value: Tensor, like: Tensor) -> Tensor:
        """A whole tensor, which every rank has, as a shard where the one that it is to become is one."""
        return value

    def local(self, value: Tensor) -> Tensor:
        """What of a tensor lies on this rank."""
        return value

    def is_time(self, since: float, tick: float, stage: str) -> bool:
        """Whether all ranks look now: as soon as `tick` seconds have gone by `since` the last time."""
        return perf_counter() - since >= tick

    def now(self) -> float:
        """Seconds by the clock that all ranks go by."""
        return perf_counter()

    def asked(self, signal: int | None) -> int | None:
        """The signal that all ranks stop for, if this one or another has heard any."""
        return signal

    def noticing_loss(self, folder: Path) -> AbstractContextManager[None]:
        """Within it, a rank that has died raises RankLost, which says what is saved in a run's folder."""
        return nullcontext()

    def failing(self, code: int) -> tuple[bool, int]:
        """Whether this rank, which fails, is the first that does and speaks for all; and what all then exit with."""
        return True, code


ALONE = Ranks()
