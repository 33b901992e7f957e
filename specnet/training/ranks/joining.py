"""Becoming one of several ranks: torchrun says in the environment which one, and where the others are."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import torch
import torch.distributed as dist
from torch.distributed.distributed_c10d import PrefixStore, Store
from torch.distributed.rendezvous import rendezvous

from specnet.training.ranks import lost
from specnet.training.ranks.alone import ALONE, Ranks
from specnet.training.ranks.together import Together

SAID = ("RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")
"""What torchrun says, and whoever stands in for it has to."""

_here: Ranks = ALONE


def are_started() -> bool:
    """Whether this process is one of several."""
    return all(name in os.environ for name in SAID) and int(os.environ["WORLD_SIZE"]) > 1


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
def joined() -> Iterator[Ranks]:
    """Within it, this process is one of all ranks; within another such one it stays what it is. Raises RankLost."""
    global _here
    if not are_started() or dist.is_initialized():
        yield _here
        return
    number, amount, local = (int(os.environ.get(name, 0)) for name in ("RANK", "WORLD_SIZE", "LOCAL_RANK"))
    with lost.explained(None):
        store = _store()
        dist.init_process_group(_backend(), store=store, rank=number, world_size=amount)
        _here = Together(number, amount, local, store)
        try:
            yield _here
        except Exception:
            with suppress(RuntimeError):  # left to the end of the process, it may abort that
                dist.destroy_process_group()
            raise
        finally:
            _here = ALONE
    dist.destroy_process_group()


def _backend() -> str:
    return "cpu:gloo,cuda:nccl" if torch.cuda.is_available() and dist.is_nccl_available() else "gloo"


def _store() -> Store:
    """Where ranks find each other; what those before a restart have left there is not looked at."""
    store, _, _ = next(rendezvous("env://"))
    return PrefixStore(f"specnet/{restarts()}", store)
