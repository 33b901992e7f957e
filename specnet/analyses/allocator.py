"""Account for the tensors that live while the passes of a network run."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from specnet.analyses.memory import NOTHING, Bytes


@dataclass(eq=False)
class Tensor:
    """The memory of one or more values: who makes it, its bytes, its holders, and those that hold it until backward."""

    maker: str
    size: Bytes
    holders: int = 1
    keepers: int = 0


class Allocator:
    """The bytes of the tensors that live, and of those that are kept for the backward pass."""

    def __init__(self) -> None:
        self.live, self.kept = NOTHING, NOTHING
        self.kept_of = defaultdict[str, Bytes](lambda: NOTHING)
        """The bytes that were ever kept of what each node and input makes."""

    def allocate(self, maker: str, size: Bytes) -> Tensor:
        """Allocate a tensor with one holder."""
        self.live = self.live.plus(size)
        return Tensor(maker, size)

    def release(self, tensor: Tensor) -> None:
        """Remove a holder, and free a tensor that has none left."""
        tensor.holders -= 1
        if not tensor.holders:
            self.live = self.live.minus(tensor.size)

    def hold(self, tensor: Tensor) -> Tensor:
        """Add a holder."""
        tensor.holders += 1
        return tensor

    def keep(self, tensor: Tensor) -> Tensor:
        """Add a holder that lasts until the backward pass."""
        if not tensor.keepers:
            self.kept = self.kept.plus(tensor.size)
            self.kept_of[tensor.maker] = self.kept_of[tensor.maker].plus(tensor.size)
        tensor.holders += 1
        tensor.keepers += 1
        return tensor

    def keep_new(self, maker: str, size: Bytes) -> Tensor:
        """Allocate a tensor that only the backward pass reads."""
        tensor = self.keep(self.allocate(maker, size))
        tensor.holders -= 1
        return tensor

    def release_kept(self, tensor: Tensor) -> None:
        """Remove such a holder."""
        tensor.keepers -= 1
        if not tensor.keepers:
            self.kept = self.kept.minus(tensor.size)
        self.release(tensor)
