"""task denoise: the network reads an image with Gaussian noise, and its target is the image without it."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import cast

import torch
from torch import Tensor

from specnet.settings.tasks.denoise import Denoise
from specnet.training.metrics.image_quality import compute_psnr
from specnet.training.randomness import make_generator
from specnet.training.tasks.autoencode import AutoencodeObjective
from specnet.training.tasks.objective import EVALUATION_SEED


@dataclass(frozen=True)
class DenoiseObjective(AutoencodeObjective):
    """White noise is added to the pixels before they are normalised, and not cut off at 0 and 255.

    That of a training step comes from torch's default generator; in an evaluation it depends on the index of the image
    alone, so that it is the same for every batch size and number of processes.
    """

    picture = "images without noise"

    def make_input(self, pixels: Tensor, places: Tensor | None) -> Tensor:
        shape = cast(tuple[int, int, int], tuple(pixels.shape[1:]))
        noise = torch.randn(pixels.shape, device=pixels.device) if places is None else draw_noise(places, shape)
        return pixels + self.std * noise.to(pixels.device)

    def show_input(self, originals: Tensor, places: Tensor) -> Tensor:
        return self.make_input(originals, places).clamp(0, 255).round().to(torch.uint8)

    @property
    def input_psnr(self) -> float | None:
        return compute_psnr((self.std / 255) ** 2)

    @property
    def std(self) -> float:
        return cast(Denoise, self.setting).std


def draw_noise(places: Tensor, shape: tuple[int, int, int]) -> Tensor:
    """Return noise with the standard deviation 1 for the images of these indices, float B×H×W×C on the CPU."""
    generators = (make_generator(EVALUATION_SEED, "noise", place) for place in places.tolist())
    drawn = [torch.randn(prod(shape), generator=generator) for generator in generators]
    return torch.stack(drawn).view(len(drawn), *shape)
