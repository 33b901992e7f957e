"""A single process: what several processes have to agree on, it decides alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import TypeVar

import torch
from torch import Tensor, nn

from specnet.training.job import Options

Value = TypeVar("Value")

Network = Callable[[Tensor], Tensor]
"""A module, or a wrapper of it: images B×C×H×W to outputs B×classes."""

MIN_SHARE = 2
"""The smallest number of images of a rank, as a single one has no variance to normalise by."""


@dataclass(frozen=True)
class Share:
    """The images from `start` to `stop` − 1 of a batch of `whole` images, of which the first `counted` count.

    Where there are too few images for all ranks, the last ranks process two that others have as well, and count none,
    since they must take part in the collective operations.
    """

    start: int
    stop: int
    counted: int
    whole: int
    ranks: int = 1

    @property
    def places(self) -> slice:
        return slice(self.start, self.stop)

    @property
    def weight(self) -> float:
        """The factor of the share's mean loss that makes the mean of all ranks' gradients the whole batch's."""
        return self.counted * self.ranks / self.whole

    def count_parts(self, wanted: int) -> int:
        """Return the number of parts to accumulate gradients over, at most `wanted` and the same on every rank."""
        smallest = self.whole // self.ranks if self.whole >= self.ranks * MIN_SHARE else MIN_SHARE
        return min(wanted, max(1, smallest // MIN_SHARE))


def compute_share(rank: int, ranks: int, whole: int) -> Share:
    """Return the share of a rank in a batch of `whole` images; the shares differ by one image at most."""
    working = max(1, min(ranks, whole // MIN_SHARE))
    if rank >= working:
        return Share(0, min(MIN_SHARE, whole), 0, whole, ranks)
    start, stop = whole * rank // working, whole * (rank + 1) // working
    return Share(start, stop, stop - start, whole, ranks)


class Ranks:
    """The processes that train one network together, seen from `rank`, one of `world_size`; here there is one alone."""

    rank = 0
    world_size = 1

    @property
    def is_first(self) -> bool:
        """Whether this is the rank that writes, reports and decides."""
        return self.rank == 0

    @property
    def is_single(self) -> bool:
        return self.world_size == 1

    def local_device(self, name: str) -> str:
        """Return the device of this rank, where all train on the kind of device called `name`; raises CannotRun."""
        return name

    def place_module(self, module: nn.Module, options: Options, place: torch.device) -> None:
        """Move a module to the device, or with `sharded` a shard of each of its parameters."""
        module.to(place, memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's stubs lack it

    def average_gradients(self, network: Network, options: Options, place: torch.device) -> Network:
        """Return the network with gradients that are the mean over all ranks."""
        return network

    def share(self, images: int) -> Share:
        """Return this rank's share of a batch."""
        return Share(0, images, images, images)

    def gather_outputs(self, outputs: Tensor, share: Share) -> Tensor:
        """Return the outputs of a whole batch, B×outputs, from those of the shares."""
        return outputs

    def gather(self, numbers: Sequence[float]) -> Tensor:
        """Return the numbers of all ranks, float64 ranks×numbers."""
        return torch.tensor([numbers], dtype=torch.float64)

    def all_agree(self, is_so: bool) -> bool:
        """Whether it is so on every rank."""
        return is_so

    def from_first(self, find: Callable[[], Value]) -> Value:
        """Return on all ranks what `find` returns on the first."""
        return find()

    def take_turns(self) -> AbstractContextManager[None]:
        """Let one rank of this machine go first within it, so that the others find what it has downloaded."""
        return nullcontext()

    def sync_buffers(self, module: nn.Module) -> None:
        """Give all ranks the running statistics of the first."""

    def copy_to_cpu(self, value: Tensor) -> Tensor:
        """Return the whole tensor on the CPU of the first rank, contiguous; nothing of it on the others."""
        return value.detach().to("cpu", copy=True, memory_format=torch.contiguous_format)

    def shard_like(self, value: Tensor, like: Tensor) -> Tensor:
        """Return a whole tensor, which every rank has, sharded as another tensor is."""
        return value

    def local_part(self, value: Tensor) -> Tensor:
        """Return the part of a tensor that lies on this rank."""
        return value

    def is_time(self, since: float, interval: float, stage: str) -> bool:
        """Whether all ranks report now, as `interval` seconds have passed `since` the last time."""
        return perf_counter() - since >= interval

    def now(self) -> float:
        """Return the seconds by the clock that all ranks share."""
        return perf_counter()

    def agree_on_signal(self, signal: int | None) -> int | None:
        """Return the signal that all ranks stop for, if this one or another has received any."""
        return signal

    def detect_lost_worker(self, folder: Path) -> AbstractContextManager[None]:
        """Raise RankLost within it when another rank dies, saying what is saved in the run's folder."""
        return nullcontext()

    def agree_on_failure(self, code: int) -> tuple[bool, int]:
        """Return whether this failing rank was the first to fail and reports for all, and the exit code of all."""
        return True, code


SINGLE_PROCESS = Ranks()
