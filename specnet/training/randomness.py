"""Where chance comes from: a number for every (seed, purpose, index), so that there is no state to save or replay."""

from __future__ import annotations

from hashlib import blake2b

import torch


def seed_for(seed: int, purpose: str, index: int = 0) -> int:
    """A 32-bit number (all that torch's generator on a CPU takes in) that depends on nothing else."""
    return int.from_bytes(blake2b(f"{seed} {purpose} {index}".encode(), digest_size=4).digest(), "little")


def generator(seed: int, purpose: str, index: int = 0) -> torch.Generator:
    """A generator of its own, on the CPU."""
    return torch.Generator().manual_seed(seed_for(seed, purpose, index))


def start_step(device: torch.device, seed: int, step: int) -> None:
    """Set what augmentation and dropout of this step draw from, without the cost of torch.manual_seed."""
    number = seed_for(seed, "step", step)
    torch.default_generator.manual_seed(number)
    if device.type == "cuda":
        torch.cuda.default_generators[device.index or 0].manual_seed(number)
