"""A single process: what several have to agree on, it decides alone."""

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

    def gather(self, numbers: Sequence[float]) -> Tensor:
        """Return the numbers of all ranks, float64 ranks×numbers."""
        return torch.tensor([numbers], dtype=torch.float64)

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


SINGLE_PROCESS = Ranks()


SMALLEST_SHARE = 2
"""Images that a rank works on at least, for a single one has no variance to normalise by."""


@dataclass(frozen=True)
class Share:
    """The places from `start` to `stop` − 1 of a batch of `whole` images, of which the first `counted` count.

    Where there are too few images for all ranks, the last ranks go through two that others have, too, and count none:
    they must take part in what all ranks do together.
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

    def parts(self, wanted: int) -> int:
        """In how many parts the share is learned: as many on every rank, for all take each of them together."""
        least = self.whole // self.ranks if self.whole >= self.ranks * SMALLEST_SHARE else SMALLEST_SHARE
        return min(wanted, max(1, least // SMALLEST_SHARE))


def share_of(rank: int, ranks: int, whole: int) -> Share:
    """The share of one of so many ranks in a batch of `whole` images; the shares are as equal as they can be."""
    working = max(1, min(ranks, whole // SMALLEST_SHARE))
    if rank >= working:
        return Share(0, min(SMALLEST_SHARE, whole), 0, whole, ranks)
    start, stop = whole * rank // working, whole * (rank + 1) // working
    return Share(start, stop, stop - start, whole, ranks)
