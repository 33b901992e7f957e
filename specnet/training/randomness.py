"""Where chance comes from: a number for every (seed, purpose, index), so that there is no state to save or replay."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import blake2b

import torch
from torch import Tensor

from specnet.training.distributed import Share

_share: Share | None = None


def seed_for(seed: int, purpose: str, index: int = 0) -> int:
    """A 32-bit number (all that torch's generator on a CPU takes in) that depends on nothing else."""
    return int.from_bytes(blake2b(f"{seed} {purpose} {index}".encode(), digest_size=4).digest(), "little")


def generator(seed: int, purpose: str, index: int = 0) -> torch.Generator:
    """A generator of its own, on the CPU."""
    return torch.Generator().manual_seed(seed_for(seed, purpose, index))


def start_step(device: torch.device, seed: int, step: int, rank: int = 0) -> None:
    """Set what augmentation and dropout of this step draw from, without the cost of torch.manual_seed.

    What is drawn for one rank alone is not what another one draws.
    """
    number = seed_for(seed, f"step of rank {rank}" if rank else "step", step)
    torch.default_generator.manual_seed(number)
    if device.type == "cuda":
        torch.cuda.default_generators[device.index or 0].manual_seed(number)


@contextmanager
def drawing_for(share: Share) -> Iterator[None]:
    """Within it, what is drawn image by image is what these images get when one rank has the whole batch."""
    global _share
    _share = share
    try:
        yield
    finally:
        _share = None


def below(limit: int, images: int, device: torch.device) -> Tensor:
    """A whole number from 0 to `limit` − 1 for each of B images, int64 B."""
    return _own(torch.randint(limit, (_drawn(images),), device=device))


def fractions(images: int, device: torch.device) -> Tensor:
    """A number from 0 to 1 for each of B images, B."""
    return _own(torch.rand(_drawn(images), device=device))


def _drawn(images: int) -> int:
    return _share.whole if _share else images


def _own(drawn: Tensor) -> Tensor:
    return drawn[_share.places] if _share else drawn
