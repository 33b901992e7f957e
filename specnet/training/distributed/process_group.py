"""Several processes that train one network together, and what they tell each other.

Flags, sums and clocks go over the CPU (gloo), so that nobody waits for a GPU to say a word; what is large stays on
the device. Nothing is said between two looks, and nobody looks alone: see `is_time`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from time import perf_counter
from typing import TypeVar, cast

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.distributed.distributed_c10d import PrefixStore, Store
from torch.distributed.rendezvous import rendezvous

from specnet.training.distributed.sharding import average_gradients, gather_whole, local_part, shard_like, shard_module
from specnet.training.distributed.single_process import SINGLE_PROCESS, Network, Ranks, Share, share_of
from specnet.training.errors import CannotRun, RankLost
from specnet.training.job import Options

Found = TypeVar("Found")

FAILED, CODE = "failed", "exit code"
"""What ranks that fail write for the others."""

WAITED = timedelta(seconds=5)
"""How long a rank that fails waits to hear what the first one that failed ends with."""

CPU = torch.device("cpu")


class ProcessGroup(Ranks):
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
            shard_module(module, place)
        else:
            super().settle(module, options, place)

    def averaging(self, network: Network, options: Options, place: torch.device) -> Network:
        return network if options.sharded else average_gradients(cast(nn.Module, network), place)

    def share(self, images: int) -> Share:
        return share_of(self.number, self.amount, images)

    def joined(self, outputs: Tensor, share: Share) -> Tensor:
        counts = [share_of(rank, self.amount, share.whole).counted for rank in range(self.amount)]
        own = outputs.new_zeros(max(counts), *outputs.shape[1:])
        own[: share.counted] = outputs[: share.counted]
        parts = [torch.empty_like(own) for _ in counts]
        dist.all_gather(parts, own)
        return torch.cat([part[:count] for part, count in zip(parts, counts, strict=True)])

    def all(self, is_so: bool) -> bool:
        return bool(self.gather((is_so,)).all())

    def from_first(self, find: Callable[[], Found]) -> Found:
        found: list[Found | None] = [find() if self.is_first else None]
        dist.broadcast_object_list(found, 0, device=CPU)
        return found[0]  # type: ignore[return-value]

    @contextmanager
    def in_turn(self) -> Iterator[None]:
        if self._local:
            self.gather((0,))
        yield
        if not self._local:
            self.gather((0,))

    def same_buffers(self, module: nn.Module) -> None:
        for buffer in module.buffers():
            dist.broadcast(buffer, 0)

    def copied(self, value: Tensor) -> Tensor:
        whole = gather_whole(value.detach())
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
        return shard_like(value, like)

    def local(self, value: Tensor) -> Tensor:
        return local_part(value)

    def noticing_loss(self, folder: Path) -> AbstractContextManager[None]:
        return explain_lost_worker(folder)

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
        rows = self.gather((self._heard, period, perf_counter()))
        self._asked = int(rows[:, 0].max())
        self._period = self._left = int(rows[0, 1])
        self._clock = float(rows[0, 2])

    def gather(self, numbers: Sequence[float]) -> Tensor:
        own = torch.tensor(numbers, dtype=torch.float64)
        rows = [torch.empty_like(own) for _ in range(self.amount)]
        dist.all_gather(rows, own)
        return torch.stack(rows)


LOST_WORDS = ("gloo", "NCCL", "Connection closed by peer", "Connection reset by peer")
"""What torch's RuntimeError has in it where another process no longer answers."""


@contextmanager
def explain_lost_worker(folder: Path | None) -> Iterator[None]:
    """Within it, not to reach another rank raises RankLost, which says what is saved in a run's folder."""
    try:
        yield
    except RuntimeError as error:
        if not isinstance(error, dist.DistError) and not any(words in str(error) for words in LOST_WORDS):
            raise
        raise RankLost(folder) from error


ENVIRONMENT = ("RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")
"""What torchrun says, and whoever stands in for it has to."""

_current: Ranks = SINGLE_PROCESS


def are_started() -> bool:
    """Whether this process is one of several."""
    return all(name in os.environ for name in ENVIRONMENT) and int(os.environ["WORLD_SIZE"]) > 1


def is_first() -> bool:
    """Whether this process is the first rank, or alone."""
    return not are_started() or os.environ["RANK"] == "0"


def restarts() -> int:
    """How often torchrun has started the ranks again, because one of them had died."""
    return int(os.environ.get("TORCHELASTIC_RESTART_COUNT", 0))


def launch_id() -> str | None:
    """The name that torchrun has for all that it starts and starts again."""
    return os.environ.get("TORCHELASTIC_RUN_ID")


@contextmanager
def join_process_group() -> Iterator[Ranks]:
    """Within it, this process is one of all ranks; within another such one it stays what it is. Raises RankLost."""
    global _current
    if not are_started() or dist.is_initialized():
        yield _current
        return
    number, amount, local = (int(os.environ.get(name, 0)) for name in ("RANK", "WORLD_SIZE", "LOCAL_RANK"))
    with explain_lost_worker(None):
        store = _store()
        dist.init_process_group(_backend(), store=store, rank=number, world_size=amount)
        _current = ProcessGroup(number, amount, local, store)
        try:
            yield _current
        except Exception:
            with suppress(RuntimeError):  # left to the end of the process, it may abort that
                dist.destroy_process_group()
            raise
        finally:
            _current = SINGLE_PROCESS
    dist.destroy_process_group()


def _backend() -> str:
    return "cpu:gloo,cuda:nccl" if torch.cuda.is_available() and dist.is_nccl_available() else "gloo"


def _store() -> Store:
    """Where ranks find each other; what those before a restart have left there is not looked at."""
    store, _, _ = next(rendezvous("env://"))
    return PrefixStore(f"specnet/{restarts()}", store)
