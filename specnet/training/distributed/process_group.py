"""Several processes that train one network together: how they join and communicate, and how they hold its parameters.

Flags, sums and clocks are exchanged on the CPU (gloo), so that no GPU has to be waited for; large tensors stay on the
device. All ranks report at the same steps and exchange nothing in between: see `is_time`."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from datetime import timedelta
from inspect import signature
from pathlib import Path
from threading import Thread
from time import perf_counter, sleep
from typing import TYPE_CHECKING, TypeGuard, TypeVar, cast

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.distributed.distributed_c10d import PrefixStore, Store
from torch.distributed.rendezvous import rendezvous
from torch.nn.parallel import DistributedDataParallel

from specnet.option_names import name_option
from specnet.training.distributed.single_process import SINGLE_PROCESS, Network, Ranks, Share, compute_share
from specnet.training.errors import CannotRun, RankLost
from specnet.training.job import Options

if TYPE_CHECKING:
    from torch.distributed.tensor import DTensor

Value = TypeVar("Value")

LARGE = 2**16
"""The number of parameters from which a layer is gathered and freed by itself; smaller layers stay together."""

UNSYNCED = next(
    name
    for name in ("forward_sync_buffers", "broadcast_buffers")
    if name in signature(DistributedDataParallel.__init__).parameters
)
"""The name of the option that copies running statistics at every step, in torch from 2.13 on and before."""

FAILED, CODE = "failed", "exit code"
"""The keys of the store that failing ranks write for the others."""

WAIT = timedelta(seconds=5)
"""The time for which a failing rank waits for the exit code of the first that failed."""

CPU = torch.device("cpu")

LAUNCHER_INTERVAL = 1.0
"""Seconds between two looks at whether the launcher is alive."""

LOST_ERRORS = ("gloo", "NCCL", "Connection closed by peer", "Connection reset by peer")
"""Parts of torch's RuntimeErrors where another process no longer answers."""

ENVIRONMENT = ("RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")
"""The environment variables that torchrun sets, as any other launcher has to."""

_current: Ranks = SINGLE_PROCESS


def average_gradients(network: nn.Module, place: torch.device) -> nn.Module:
    """Return the network with gradients averaged over all ranks; running statistics stay each rank's own."""
    devices = [place] if place.type == "cuda" else None
    unsynced: dict[str, bool] = {UNSYNCED: False}
    # the argument's name depends on torch's version, so that mypy cannot know it
    return DistributedDataParallel(network, devices, gradient_as_bucket_view=True, **unsynced)  # type: ignore[arg-type]


def shard_module(module: nn.Module, place: torch.device) -> None:
    """Put a shard of each parameter on the device, layer by layer, in place; gradients are averaged over all ranks.

    The module comes from the CPU, as the device need not hold it whole.
    """
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.fsdp import fully_shard  # takes as long to import as the rest of torch

    mesh = init_device_mesh(place.type, (dist.get_world_size(),))
    module.to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]  # FSDP2 knows no other
    for layer in _large_layers(module):
        fully_shard(layer, mesh=mesh)
    fully_shard(module, mesh=mesh)


def _large_layers(module: nn.Module) -> Iterator[nn.Module]:
    """Yield the layers with many parameters that no other layer shares."""
    owners: dict[Tensor, int] = {}
    layers = [layer for layer in module.modules() if layer is not module]
    for parameter in (parameter for layer in layers for parameter in layer.parameters(recurse=False)):
        owners[parameter] = owners.get(parameter, 0) + 1
    for layer in layers:
        own = list(layer.parameters(recurse=False))
        if sum(parameter.numel() for parameter in own) >= LARGE and all(owners[each] == 1 for each in own):
            yield layer


def gather_whole(value: Tensor) -> Tensor:
    """Return a tensor with all of its shards; a collective call of all ranks."""
    return value.full_tensor() if _is_shard(value) else value


def local_part(value: Tensor) -> Tensor:
    """Return the shard of a tensor that lies on this rank."""
    return value.to_local() if _is_shard(value) else value


def shard_like(value: Tensor, like: Tensor) -> Tensor:
    """Return a whole tensor, which every rank has, sharded as another one of its shape."""
    if not _is_shard(like) or value.shape != like.shape:
        return value
    from torch.distributed.tensor import distribute_tensor

    return distribute_tensor(value.to(like.device), like.device_mesh, like.placements, src_data_rank=None)


def _is_shard(value: Tensor) -> TypeGuard[DTensor]:
    return hasattr(value, "full_tensor")


@contextmanager
def explain_lost_worker(folder: Path | None) -> Iterator[None]:
    """Raise RankLost within it where another rank cannot be reached, saying what is saved in a run's folder."""
    try:
        yield
    except RuntimeError as error:
        if not isinstance(error, dist.DistError) and not any(words in str(error) for words in LOST_ERRORS):
            raise
        raise RankLost(folder) from error


class ProcessGroup(Ranks):
    """This process among several; `local` is its number on its machine."""

    def __init__(self, rank: int, world_size: int, local: int, store: Store) -> None:
        self.rank, self.world_size, self._local, self._store = rank, world_size, local, store
        self._stage = ""
        self._period = self._left = 1
        self._received = self._agreed = 0
        self._clock = 0.0
        self._meet(1)

    def local_device(self, name: str) -> str:
        if name.startswith("cuda:") and name != "cuda:0":
            raise CannotRun(
                f"{name_option('device', name)} is one GPU, and there are {self.world_size} processes; "
                f"{name_option('device', 'cuda')} is one each"
            )
        return f"cuda:{self._local}" if name.startswith("cuda") else name

    def place_module(self, module: nn.Module, options: Options, place: torch.device) -> None:
        if place.type == "cuda":
            torch.cuda.set_device(place)  # NCCL and FSDP2 take the current one
        if options.sync_bn:
            nn.SyncBatchNorm.convert_sync_batchnorm(module)  # type: ignore[no-untyped-call]  # torch has no types here
        if options.sharded:
            shard_module(module, place)
        else:
            super().place_module(module, options, place)

    def average_gradients(self, network: Network, options: Options, place: torch.device) -> Network:
        return network if options.sharded else average_gradients(cast(nn.Module, network), place)

    def share(self, images: int) -> Share:
        return compute_share(self.rank, self.world_size, images)

    def gather_outputs(self, outputs: Tensor, share: Share) -> Tensor:
        counts = [compute_share(rank, self.world_size, share.whole).counted for rank in range(self.world_size)]
        own = outputs.new_zeros(max(counts), *outputs.shape[1:])
        own[: share.counted] = outputs[: share.counted]
        parts = [torch.empty_like(own) for _ in counts]
        dist.all_gather(parts, own)
        return torch.cat([part[:count] for part, count in zip(parts, counts, strict=True)])

    def gather(self, numbers: Sequence[float]) -> Tensor:
        own = torch.tensor(numbers, dtype=torch.float64)
        rows = [torch.empty_like(own) for _ in range(self.world_size)]
        dist.all_gather(rows, own)
        return torch.stack(rows)

    def all_agree(self, is_so: bool) -> bool:
        return bool(self.gather((is_so,)).all())

    def from_first(self, find: Callable[[], Value]) -> Value:
        values: list[Value | None] = [find() if self.is_first else None]
        dist.broadcast_object_list(values, 0, device=CPU)
        return cast(Value, values[0])

    @contextmanager
    def take_turns(self) -> Iterator[None]:
        if self._local:
            self.gather((0,))
        yield
        if not self._local:
            self.gather((0,))

    def sync_buffers(self, module: nn.Module) -> None:
        for buffer in module.buffers():
            dist.broadcast(buffer, 0)

    def copy_to_cpu(self, value: Tensor) -> Tensor:
        whole = gather_whole(value.detach())
        return super().copy_to_cpu(whole) if self.is_first else torch.empty(0)

    def shard_like(self, value: Tensor, like: Tensor) -> Tensor:
        return shard_like(value, like)

    def local_part(self, value: Tensor) -> Tensor:
        return local_part(value)

    def is_time(self, since: float, interval: float, stage: str) -> bool:
        """Count calls, as clocks differ: at every report the first rank says after how many calls the next one is."""
        if stage != self._stage:
            self._stage, self._period, self._left = stage, 1, 1
        self._left -= 1
        if self._left:
            return False
        fitting = int(self._period * interval / max(1e-9, perf_counter() - since))
        self._meet(max(1, min(fitting, 2 * self._period)))
        return True

    def now(self) -> float:
        return self._clock

    def agree_on_signal(self, signal: int | None) -> int | None:
        self._received = signal or 0
        return self._agreed or None

    def detect_lost_worker(self, folder: Path) -> AbstractContextManager[None]:
        return explain_lost_worker(folder)

    def agree_on_failure(self, code: int) -> tuple[bool, int]:
        try:
            if self._store.add(FAILED, 1) == 1:
                self._store.set(CODE, str(code))
                return True, code
            self._store.wait([CODE], WAIT)
            return False, int(self._store.get(CODE))
        except RuntimeError:  # the process that kept the store is gone as well
            return self.is_first, code

    def _meet(self, period: int) -> None:
        """Exchange the signals that ranks have received, and the first rank's clock and period."""
        rows = self.gather((self._received, period, perf_counter()))
        self._agreed = int(rows[:, 0].max())
        self._period = self._left = int(rows[0, 1])
        self._clock = float(rows[0, 2])


def is_distributed() -> bool:
    """Whether this process is one of several."""
    return all(name in os.environ for name in ENVIRONMENT) and int(os.environ["WORLD_SIZE"]) > 1


def is_first_rank() -> bool:
    """Whether this process is the first rank, or the only one."""
    return not is_distributed() or os.environ["RANK"] == "0"


def count_restarts() -> int:
    """Return the number of times that torchrun has restarted the ranks because one of them had died."""
    return int(os.environ.get("TORCHELASTIC_RESTART_COUNT", 0))


def get_launch_id() -> str | None:
    """Return torchrun's name for all the processes that it starts and restarts."""
    return os.environ.get("TORCHELASTIC_RUN_ID")


@contextmanager
def join_process_group() -> Iterator[Ranks]:
    """Join this process to the group of all ranks within the context; nested calls have no effect. Raises RankLost."""
    global _current
    if not is_distributed() or dist.is_initialized():
        yield _current
        return
    Thread(target=_stop_without_launcher, args=(os.getppid(),), daemon=True).start()
    rank, world_size, local = (int(os.environ.get(name, 0)) for name in ("RANK", "WORLD_SIZE", "LOCAL_RANK"))
    with explain_lost_worker(None):
        store = _make_store()
        dist.init_process_group(_backend(), store=store, rank=rank, world_size=world_size)
        _current = ProcessGroup(rank, world_size, local, store)
        try:
            yield _current
        except Exception:
            with suppress(RuntimeError):  # at the end of the process it might abort
                dist.destroy_process_group()
            raise
        finally:
            _current = SINGLE_PROCESS
    dist.destroy_process_group()


def _stop_without_launcher(launcher: int) -> None:
    """Ask this process to save and stop when the process that has started it dies, as nobody could stop it then."""
    while os.getppid() == launcher:
        sleep(LAUNCHER_INTERVAL)
    os.kill(os.getpid(), signal.SIGTERM)


def _backend() -> str:
    return "cpu:gloo,cuda:nccl" if torch.cuda.is_available() and dist.is_nccl_available() else "gloo"


def _make_store() -> Store:
    """Return the store where ranks find each other, without what those before a restart have left there."""
    store, _, _ = next(rendezvous("env://"))
    return PrefixStore(f"specnet/{count_restarts()}", store)
