"""Several processes that train one network together, and what they tell each other.

Flags, sums and clocks go over the CPU (gloo), so that nobody waits for a GPU to say a word; what is large stays on
the device. Nothing is said between two looks, and nobody looks alone: see `is_time`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from pathlib import Path
from time import perf_counter
from typing import TypeVar, cast

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.distributed.distributed_c10d import Store

from specnet.training.errors import CannotRun
from specnet.training.job import Options
from specnet.training.ranks import lost, spreading
from specnet.training.ranks.alone import Network, Ranks
from specnet.training.ranks.share import Share, share_of
from specnet.training.sums import Sums

Found = TypeVar("Found")

FAILED, CODE = "failed", "exit code"
"""What ranks that fail write for the others."""

WAITED = timedelta(seconds=5)
"""How long a rank that fails waits to hear what the first one that failed ends with."""

CPU = torch.device("cpu")


class Together(Ranks):
    """This process among several; `local` is its number on its machine."""

    def __init__(self, number: int, amount: int, local: int, store: Store) -> None:
        self.number, self.amount, self._local, self._store = number, amount, local, store
        self._stage = ""
        self._period = self._left = 1
        self._heard = self._asked = 0
        self._clock = 0.0
        self._meet(1)

    def own_device(self, name: str) -> str:
        if name.startswith("cuda:") and name != "cuda:0":
            raise CannotRun(f"`--device {name}` is one GPU, and there are {self.amount} processes; `--gpu` is one each")
        return f"cuda:{self._local}" if name.startswith("cuda") else name

    def settle(self, module: nn.Module, options: Options, place: torch.device) -> None:
        if place.type == "cuda":
            torch.cuda.set_device(place)  # NCCL and FSDP2 take the current one
        if options.sync_bn:
            nn.SyncBatchNorm.convert_sync_batchnorm(module)  # type: ignore[no-untyped-call]
        if options.sharded:
            spreading.shard(module, place)
        else:
            super().settle(module, options, place)

    def averaging(self, network: Network, options: Options, place: torch.device) -> Network:
        return network if options.sharded else spreading.averaging(cast(nn.Module, network), place)

    def share(self, images: int) -> Share:
        return share_of(self.number, self.amount, images)

    def joined(self, outputs: Tensor, share: Share) -> Tensor:
        counts = [share_of(rank, self.amount, share.whole).counted for rank in range(self.amount)]
        own = outputs.new_zeros(max(counts), *outputs.shape[1:])
        own[: share.counted] = outputs[: share.counted]
        parts = [torch.empty_like(own) for _ in counts]
        dist.all_gather(parts, own)
        return torch.cat([part[:count] for part, count in zip(parts, counts, strict=True)])

    def totals(self, sums: Sums) -> Sums:
        rows = self._told((sums.loss.item(), sums.correct.item(), sums.images, sums.finite.item()))
        loss, correct, images = rows[:, :3].sum(0)
        return Sums(loss.float(), correct.long(), rows[:, 3].min().long(), int(images), sums.steps)

    def all(self, is_so: bool) -> bool:
        return bool(self._told((is_so,)).all())

    def from_first(self, find: Callable[[], Found]) -> Found:
        found: list[Found | None] = [find() if self.is_first else None]
        dist.broadcast_object_list(found, 0, device=CPU)
        return found[0]  # type: ignore[return-value]

    @contextmanager
    def in_turn(self) -> Iterator[None]:
        if self._local:
            self._told((0,))
        yield
        if not self._local:
            self._told((0,))

    def same_buffers(self, module: nn.Module) -> None:
        for buffer in module.buffers():
            dist.broadcast(buffer, 0)

    def copied(self, value: Tensor) -> Tensor:
        whole = spreading.whole(value.detach())
        return super().copied(whole) if self.is_first else torch.empty(0)

    def is_time(self, since: float, tick: float, stage: str) -> bool:
        """Counts calls, for clocks differ: at every look the first rank says after how many calls the next one is."""
        if stage != self._stage:
            self._stage, self._period, self._left = stage, 1, 1
        self._left -= 1
        if self._left:
            return False
        fitting = int(self._period * tick / max(1e-9, perf_counter() - since))
        self._meet(max(1, min(fitting, 2 * self._period)))
        return True

    def now(self) -> float:
        return self._clock

    def asked(self, signal: int | None) -> int | None:
        self._heard = signal or 0
        return self._asked or None

    def placed(self, value: Tensor, like: Tensor) -> Tensor:
        return spreading.placed(value, like)

    def local(self, value: Tensor) -> Tensor:
        return spreading.local(value)

    def noticing_loss(self, folder: Path) -> AbstractContextManager[None]:
        return lost.explained(folder)

    def failing(self, code: int) -> tuple[bool, int]:
        try:
            if self._store.add(FAILED, 1) == 1:
                self._store.set(CODE, str(code))
                return True, code
            self._store.wait([CODE], WAITED)
            return False, int(self._store.get(CODE))
        except RuntimeError:  # whoever kept the store is gone, too
            return self.is_first, code

    def _meet(self, period: int) -> None:
        """All ranks learn who has heard a signal, and the first one's clock and period."""
        rows = self._told((self._heard, period, perf_counter()))
        self._asked = int(rows[:, 0].max())
        self._period = self._left = int(rows[0, 1])
        self._clock = float(rows[0, 2])

    def _told(self, numbers: Sequence[float]) -> Tensor:
        """The numbers of all ranks, float64 ranks×numbers."""
        own = torch.tensor(numbers, dtype=torch.float64)
        rows = [torch.empty_like(own) for _ in range(self.amount)]
        dist.all_gather(rows, own)
        return torch.stack(rows)
