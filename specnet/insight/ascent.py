"""Gradient ascent: the image that excites a unit, found from noise.

Yosinski et al., "Understanding Neural Networks Through Deep Visualization", 2015 (blur), and Olah et al., "Feature
Visualization", 2017 (jitter, low frequencies first).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, fx
from torch.nn.functional import conv2d, pad

from specnet.insight.layers import find_layer, select
from specnet.training import LoadedRun
from specnet.training.randomness import make_generator

HIGHEST = 255
"""The highest value of a pixel; the lowest is 0."""

STEPS = 120

RATE = 0.06
"""The length of the first step, as a share of the range of pixels; the last one is a tenth of it."""

START = 0.1
"""The deviation of the noise to start from, as a share of the range of pixels."""

SHARP = 0.75
"""The share of the steps after which the image is no longer blurred."""

BLUR_EVERY = 4

LOWEST = 3
"""The periods in an image below which frequencies count alike, or whole images would turn to one colour."""

NOISES = 16
"""Images of such noise whose mean activation is compared with."""


@dataclass(frozen=True)
class Ascent:
    """The images uint8 N×H×W×C that were found for N units, and the units' activations at noise and for them."""

    images: Tensor
    at_noise: Tensor
    after: Tensor


class Units:
    """The activations of a layer's units: a unit with a map is as active as the mean of its positive part.

    The mean of a linear layer's whole map would be highest for an image of one colour.
    """

    def __init__(self, run: LoadedRun, layer: str) -> None:
        value = find_layer(run, layer)
        before = value.all_input_nodes[0]
        self._network = select(run, [value, before if _is_layer(before) else value])
        self._normalization = run.normalization

    def _compute(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Return the layer's output for pixels N×C×H×W of 0 to 255, and what it reads."""
        output, before = self._network(self._normalization(images.permute(0, 2, 3, 1)))
        return output, before

    def activate(self, images: Tensor) -> Tensor:
        """Return N×K for pixels N×C×H×W of 0 to 255."""
        return _measure(self._compute(images)[0])

    def climb(self, images: Tensor, units: Tensor) -> Tensor:
        """Return the activation of a unit for each image, N; of a silent one, the mean of what is rectified.

        A silent unit has no gradient, and would never be excited.
        """
        output, before = self._compute(images)
        places = torch.arange(len(units), device=units.device), units
        active, linear = _measure(output)[places], _average(output)[places]
        if output.shape == before.shape:
            linear = torch.where(linear == 0, _average(before)[places], linear)
        return torch.where(active == 0, linear, active)


def _is_layer(value: fx.Node) -> bool:
    return value.op != "placeholder"


def _measure(outputs: Tensor) -> Tensor:
    """Return the activations of units, N×K, for outputs N×K×h×w or N×K."""
    return _average(outputs.relu()) if outputs.ndim > 2 else outputs.float()


def _average(outputs: Tensor) -> Tensor:
    """Return the means of the maps of N×K×h×w, N×K."""
    return outputs.float().flatten(2).mean(2) if outputs.ndim > 2 else outputs.float()


def maximise(run: LoadedRun, layer: str, units: Sequence[int], seed: int) -> Ascent:
    """Return an image for each unit of a layer."""
    activity, generator = Units(run, layer), make_generator(seed, "maximise")
    chosen = torch.tensor(units, device=run.place)
    with torch.no_grad():
        at_noise = activity.activate(_draw_noise(run, NOISES, generator)).mean(0)[chosen]
    image = _draw_noise(run, len(units), generator)
    for step in range(STEPS):
        image = _ascend(activity, chosen, image, step / STEPS, generator)
        if step % BLUR_EVERY == 0 and step < SHARP * STEPS:
            image = blur(image, 1 - step / (SHARP * STEPS))
    found = image.round()
    with torch.no_grad():
        after = activity.activate(found).gather(1, chosen[:, None])[:, 0]
    return Ascent(found.to(torch.uint8).permute(0, 2, 3, 1).cpu(), at_noise.cpu(), after.cpu())


def _draw_noise(run: LoadedRun, number: int, generator: torch.Generator) -> Tensor:
    """Return pixels N×C×H×W around the middle of their range."""
    height, width, channels = run.input_shape
    noise = torch.randn((number, channels, height, width), generator=generator).to(run.place)
    return (HIGHEST * (0.5 + START * noise)).clamp(0, HIGHEST)


def _ascend(activity: Units, units: Tensor, image: Tensor, done: float, generator: torch.Generator) -> Tensor:
    """Return the images after a step along the gradient at a random shift; its length falls with the share done."""
    reach = [max(1, side // 16) for side in image.shape[2:]]
    shift = [int(torch.randint(-r, r + 1, (), generator=generator)) for r in reach]
    moved = image.roll(shift, (2, 3)).requires_grad_()
    (gradient,) = torch.autograd.grad(activity.climb(moved, units).sum(), moved)
    coarse = favour_low_frequencies(gradient)
    direction = coarse / coarse.square().mean((1, 2, 3), keepdim=True).sqrt().clamp(min=1e-12)
    stepped: Tensor = moved.detach() + HIGHEST * RATE * 0.1**done * direction
    return stepped.roll([-by for by in shift], (2, 3)).clamp(0, HIGHEST)


def favour_low_frequencies(gradient: Tensor) -> Tensor:
    """Return a gradient N×C×H×W divided by its spatial frequencies, as in natural images these are the weaker ones."""
    height, width = gradient.shape[2:]
    rows, columns = torch.fft.fftfreq(height)[:, None], torch.fft.rfftfreq(width)
    frequencies = (rows.square() + columns.square()).sqrt().clamp(min=LOWEST / max(height, width))
    spectrum = torch.fft.rfft2(gradient) / frequencies.to(gradient.device)
    coarse: Tensor = torch.fft.irfft2(spectrum, s=(height, width))
    return coarse


def blur(image: Tensor, deviation: float) -> Tensor:
    """Return N×C×H×W blurred by a Gaussian of three pixels, whose deviation is at most about 1."""
    side = torch.tensor(-0.5 / max(deviation, 1e-3) ** 2).exp()
    row = torch.stack([side, torch.ones(()), side]).to(image.device)
    kernel = (row[:, None] * row / row.sum() ** 2).expand(image.shape[1], 1, 3, 3)
    return conv2d(pad(image, (1, 1, 1, 1), mode="replicate"), kernel, groups=image.shape[1])
