"""A small network that has learned to find digits in a noisy field."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from small_views import build_run
from torch import Tensor
from torch.nn.functional import cross_entropy

from specnet.training import LoadedRun

SIDE, DIGIT = 64, 16
"""The pixels of a side of a field, and of the digit in it."""

SPEC = """net Field
input 64x64x1
conv1: conv K=8 F=5 S=2 P=2 -> bn -> relu
conv2: conv K=16 F=3 P=1 -> bn -> relu
pool2: pool max F=2
conv3: conv K=32 F=3 P=1 -> bn -> relu
pool3: pool max global
fc4: fc 10
train { data folder "photos" }
"""


@dataclass(frozen=True)
class Fields:
    """Images uint8 N×64×64×1 of noise with a digit each, the digits' labels, and their rows and columns N×2."""

    pixels: Tensor
    labels: Tensor
    places: np.ndarray

    def has_digit(self, number: int, at: dict[str, int]) -> bool:
        """Return whether a place is on the digit of an image."""
        row, column = self.places[number]
        return bool(0 <= at["row"] - row < DIGIT and 0 <= at["column"] - column < DIGIT)


def draw_fields(number: int, seed: int) -> Fields:
    """Paste scikit-learn's digits, enlarged to 16×16, at random into fields of noise."""
    from sklearn.datasets import load_digits

    random, digits = np.random.default_rng(seed), load_digits()
    chosen, places = random.integers(0, len(digits.images), number), random.integers(0, SIDE - DIGIT + 1, (number, 2))
    pixels = random.integers(0, 160, (number, SIDE, SIDE)).astype(np.uint8)
    for image, which, (row, column) in zip(pixels, chosen, places, strict=True):
        digit = np.kron(digits.images[which] * 255 / 16, np.ones((2, 2))).astype(np.uint8)
        window = image[row : row + DIGIT, column : column + DIGIT]
        np.maximum(window, digit, out=window)
    return Fields(torch.from_numpy(pixels)[..., None], torch.from_numpy(digits.target[chosen]), places)


def train_finder() -> LoadedRun:
    """Return a run that tells the digit in a field; training takes some ten seconds."""
    run, data, batch, epochs = build_run(SPEC), draw_fields(2000, 0), 50, 5
    model = run.model.train()
    optimizer = torch.optim.Adam(model.parameters())
    steps = epochs * len(data.labels) // batch
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.01, total_steps=steps)
    for index in torch.stack([torch.randperm(len(data.labels)) for _ in range(epochs)]).view(steps, batch):
        optimizer.zero_grad()
        cross_entropy(model(run.normalization(data.pixels[index])), data.labels[index]).backward()
        optimizer.step()
        schedule.step()
    model.eval()
    return run
