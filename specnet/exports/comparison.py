"""Compare the outputs of a network with those of a file that was written of it, on random inputs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from specnet.exports.exportable import Exportable
from specnet.printable import format_amount

BATCHES = (1, 3, 3)
"""The images of each batch that a file for batches of any size is tried with."""

DRAWS = 2
"""The batches that a file for batches of a fixed size is tried with."""

TOLERANCE = 1e-5
"""The difference that is allowed, as a share of the largest element of an output."""

ROUNDING = 4
"""By how much a result may lose more digits than torch in single precision, where that loses many.

Deep networks with weights at their start multiply the rounding of each layer.
"""


class Trial(NamedTuple):
    """A batch of random numbers for each input."""

    title: str
    inputs: tuple[Tensor, ...]


class Comparison(NamedTuple):
    """The largest difference of an output in a trial, how large its elements get, and how much is allowed."""

    output: str
    trial: str
    images: int
    difference: float
    scale: float
    allowed: float

    @property
    def is_close(self) -> bool:
        return self.difference <= self.allowed

    def describe(self) -> str:
        figures = f"differs by {self.difference:.2g} of at most {self.scale:.3g}"
        return f"{self.output}, {self.trial}: {figures}; {self.allowed:.2g} is allowed"


def make_trials(exportable: Exportable, batch: int | None, is_bare: bool = False) -> list[Trial]:
    """Return batches of random pixels, or of normally distributed numbers where the network takes those."""
    sizes = (batch,) * DRAWS if batch else BATCHES
    return [_make_trial(exportable, images, seed, is_bare) for seed, images in enumerate(sizes)]


def _make_trial(exportable: Exportable, images: int, seed: int, is_bare: bool) -> Trial:
    generator = torch.Generator().manual_seed(seed)
    has_pixels = not (is_bare or exportable.takes_floats)
    high = 2**16 if "sixteen_bits" in exportable.metadata else 256
    inputs = tuple(
        torch.randint(high, (images, *shape), generator=generator).float()
        if has_pixels
        else torch.randn(images, *shape, generator=generator)
        for shape in exportable.shapes
    )
    return Trial(f"{format_amount(images, 'image')}, seed {seed}", inputs)


def compare(
    module: nn.Module,
    run: Callable[[Sequence[Tensor]], Sequence[Tensor]],
    trials: Sequence[Trial],
    names: Sequence[str],
) -> tuple[Comparison, ...]:
    """Run a file and a module on the same inputs, and return the differences of each output."""
    return tuple(each for trial in trials for each in _compare_trial(module, run, trial, names))


def summarize(comparisons: Sequence[Comparison]) -> str:
    """Return the largest difference in words: "largest difference 2.4e-07 of outputs up to 3.1, batches of 1 and 3"."""
    worst = max(comparisons, key=lambda each: each.difference / (each.scale or 1))
    sizes = " and ".join(map(str, sorted({each.images for each in comparisons})))
    batches = f"batches of {sizes}"
    return f"largest difference {worst.difference:.2g} of outputs up to {worst.scale:.3g}, {batches}"


def _compare_trial(
    module: nn.Module,
    run: Callable[[Sequence[Tensor]], Sequence[Tensor]],
    trial: Trial,
    names: Sequence[str],
) -> Iterator[Comparison]:
    expected, found = compute_outputs(module, trial.inputs), run(trial.inputs)
    exact: Sequence[Tensor] = ()
    for place, (name, one, other) in enumerate(zip(names, expected, found, strict=True)):
        difference, scale = measure_difference(one, other), float(one.abs().max())
        allowed = TOLERANCE * scale
        if difference > allowed:
            exact = exact or _compute_in_double(module, trial.inputs)
            allowed = max(allowed, ROUNDING * measure_difference(one, exact[place]))
        yield Comparison(name, trial.title, len(one), difference, scale, allowed)


@torch.no_grad()
def compute_outputs(module: nn.Module, inputs: Sequence[Tensor]) -> tuple[Tensor, ...]:
    """Return the outputs of a module as a tuple, also where there is one."""
    outputs = module(*inputs)
    return outputs if isinstance(outputs, tuple) else (outputs,)


def _compute_in_double(module: nn.Module, inputs: Sequence[Tensor]) -> tuple[Tensor, ...]:
    """Return the outputs in double precision, and the module to single."""
    try:
        return compute_outputs(module.double(), [each.double() for each in inputs])
    finally:
        module.float()


def measure_difference(one: Tensor, other: Tensor) -> float:
    """Return the largest difference of two outputs; infinity where their shapes are not the same.

    Elements that are not finite have to be equal.
    """
    if one.shape != other.shape:
        return float("inf")
    difference = (one.double() - other.double()).abs()
    same = (one == other) | (one.isnan() & other.isnan())
    return float(torch.where(same, 0, difference).nan_to_num(nan=float("inf")).max())
