"""The memory that a network takes in inference and in training, in bytes, as torch allocates it.

`specnet.analyses.passes` replays the passes and says which tensors live when; this module adds up what it found. An
amount is fixed, for each image of a batch, or both: n images take `fixed` + n·`per_image` bytes.

Parameters, their gradients and the optimizer's state are fp32 in every precision. What a kernel borrows while it runs
is not known beforehand: it is between nothing and `workspace`.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Mapping
from functools import cached_property
from typing import Literal, NamedTuple

from specnet.records import Record

Precision = Literal["fp32", "bf16", "fp16"]

DeviceType = Literal["cpu", "cuda"]

Phase = Literal["forward", "loss", "backward", "optimizer"]

MOST_IMAGES = 2**31
"""The largest batch that is considered."""


LIBRARIES = 300 * 2**20, 400 * 2**20
"""The bytes of a process that has imported torch and run a layer, at least and at most."""

FRAGMENTATION = 1.6
"""The most by which the heap of a process is larger than the tensors in it, as freed blocks lie between living ones."""


class Bytes(NamedTuple):
    """The bytes of a batch of n images: `fixed` + n·`per_image`."""

    fixed: int = 0
    per_image: int = 0

    def plus(self, other: Bytes) -> Bytes:
        if other is NOTHING:
            return self
        return Bytes(self.fixed + other.fixed, self.per_image + other.per_image) if other is not NOTHING else self

    def minus(self, other: Bytes) -> Bytes:
        return Bytes(self.fixed - other.fixed, self.per_image - other.per_image)

    def of(self, batch: int) -> int:
        """Return the bytes for a batch of this size."""
        return self.fixed + batch * self.per_image


NOTHING = Bytes()


class Moment(NamedTuple):
    """A moment of a step: what runs, and the bytes that live meanwhile, besides those that live throughout."""

    phase: Phase
    layer: str
    """The layer that runs, or the output whose loss is computed; empty in the optimizer's phase."""
    live: Bytes
    kept: Bytes
    """The part that is kept for the backward pass."""
    gradients: Bytes
    """The part that is gradients of parameters."""

    @property
    def transient(self) -> Bytes:
        """The rest: values and gradients of values that are soon freed."""
        return self.live.minus(self.kept).minus(self.gradients)


class Conditions(Record):
    """How a network is run, as far as its memory depends on that."""

    precision: Precision = "fp32"
    device: DeviceType = "cuda"
    frozen: Collection[str] = ()
    """Parameters that are not trained, besides those that the spec freezes: `conv1.weight`."""


DEFAULT = Conditions()


class LayerMemory(Record):
    """The bytes of a layer; `kept` are the tensors that it makes and that it or a later layer keeps."""

    parameters: int = 0
    buffers: int = 0
    gradients: int = 0
    state: int = 0
    kept: Bytes = NOTHING


class Memory(Record):
    """The memory of a network in a pass; in inference there are no gradients, no state, and nothing is kept."""

    layers: Mapping[str, LayerMemory]
    """By the names of inputs and layers."""
    averages: int
    moments: tuple[Moment, ...]
    workspaces: tuple[Bytes, ...]
    """The most that the kernel of each layer borrows that copies input, output and weights into another layout."""

    def _sum(self, quantity: str) -> int:
        return sum(getattr(layer, quantity) for layer in self.layers.values())

    @cached_property
    def parameters(self) -> int:
        return self._sum("parameters")

    @cached_property
    def buffers(self) -> int:
        return self._sum("buffers")

    @cached_property
    def gradients(self) -> int:
        return self._sum("gradients")

    @cached_property
    def state(self) -> int:
        """The bytes that the optimizer stores."""
        return self._sum("state")

    @cached_property
    def kept(self) -> Bytes:
        """What is kept for the backward pass when it begins."""
        return max((moment.kept for moment in self.moments), key=lambda kept: kept.of(MOST_IMAGES), default=NOTHING)

    @property
    def throughout(self) -> int:
        """The bytes that live throughout: parameters, buffers, the optimizer's state and averages."""
        return self.parameters + self.buffers + self.state + self.averages

    def peak_moment(self, batch: int) -> Moment:
        """Return the moment at which the most bytes live."""
        return max(self.moments, key=lambda moment: moment.live.of(batch))

    def peak(self, batch: int) -> int:
        """Return the most bytes that live at any moment."""
        return self.throughout + max((moment.live.of(batch) for moment in self.moments), default=0)

    def transient(self, batch: int) -> int:
        """Return the most bytes at any moment that are neither kept nor gradients of parameters."""
        return max(moment.transient.of(batch) for moment in self.moments)

    def workspace(self, batch: int) -> int:
        """Return the most bytes that a kernel borrows."""
        return max((workspace.of(batch) for workspace in self.workspaces), default=0)

    def upper_peak(self, batch: int) -> int:
        """Return the peak together with the largest workspace."""
        return self.peak(batch) + self.workspace(batch)

    def resident_range(self, batch: int) -> tuple[int, int]:
        """Return the least and the most bytes of a process that runs on a CPU, with torch's libraries."""
        least, most = LIBRARIES
        return self.peak(batch) + least, round(FRAGMENTATION * self.upper_peak(batch)) + most

    def find_largest_batch(self, available: float) -> int:
        """Return the most images that surely fit into a number of bytes; 0 if a single one does not."""
        return bisect_right(range(1, MOST_IMAGES), available, key=self.upper_peak)
