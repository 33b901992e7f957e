"""Random numbers as a pure function of (seed, purpose, index), so that no generator's state has to be saved."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import blake2b

import numpy as np
import torch
from torch import Tensor

from specnet.training.distributed import Share

_share: Share | None = None


def derive_seed(seed: int, purpose: str, index: int = 0) -> int:
    """Return a 32-bit seed, the size that torch's CPU generator uses, as a hash of the arguments."""
    return int.from_bytes(blake2b(f"{seed} {purpose} {index}".encode(), digest_size=4).digest(), "little")


def make_generator(seed: int, purpose: str, index: int = 0) -> torch.Generator:
    """Return a generator on the CPU."""
    return torch.Generator().manual_seed(derive_seed(seed, purpose, index))


def seed_step(device: torch.device, seed: int, step: int, rank: int = 0) -> None:
    """Seed the default generators for a step's augmentation and dropout, without the cost of torch.manual_seed.

    Each rank draws other numbers.
    """
    number = derive_seed(seed, f"step of rank {rank}" if rank else "step", step)
    torch.default_generator.manual_seed(number)
    if device.type == "cuda":
        torch.cuda.default_generators[device.index or 0].manual_seed(number)


@contextmanager
def seed_default_generators(seed: int, purpose: str) -> Iterator[None]:
    """Seed the default generators of torch, NumPy and Python within the context, for code that draws from them."""
    number = derive_seed(seed, purpose)
    states = random.getstate(), np.random.get_state()
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(number)
        np.random.seed(number)
        random.seed(number)
        try:
            yield
        finally:
            random.setstate(states[0])
            np.random.set_state(states[1])


@contextmanager
def draw_for_share(share: Share) -> Iterator[None]:
    """Draw, within the context, the random numbers that a share's images would get if one rank had the whole batch."""
    global _share
    _share = share
    try:
        yield
    finally:
        _share = None


def draw_integers(limit: int, images: int, device: torch.device) -> Tensor:
    """Draw an integer from 0 to `limit` − 1 for each of B images, int64 B."""
    return _select_own(torch.randint(limit, (_count_drawn(images),), device=device))


def draw_fractions(images: int, device: torch.device) -> Tensor:
    """Draw a number from 0 to 1 for each of B images, float B."""
    return _select_own(torch.rand(_count_drawn(images), device=device))


def _count_drawn(images: int) -> int:
    return _share.whole if _share else images


def _select_own(drawn: Tensor) -> Tensor:
    return drawn[_share.places] if _share else drawn
