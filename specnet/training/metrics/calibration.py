"""How far the probabilities of a classifier can be trusted, and the temperature that mends them."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import torch
from torch import Tensor

BINS = 15
"""The bins of equal width into which confidences are sorted (Guo et al. 2017)."""

LEAST, LARGEST = 0.02, 50.0
"""The bounds of a temperature; the best one is beyond where a network is always right, or hardly better than chance."""

HALVINGS = 60
"""Bisections, after which a temperature is exact to the last bits."""


@dataclass(frozen=True)
class Reliability:
    """Of each bin of confidence the images, their mean confidence and their accuracy, float64 15, 0 in empty bins."""

    images: Tensor
    confidence: Tensor
    accuracy: Tensor

    @property
    def error(self) -> float:
        """The expected calibration error: the mean of |accuracy − confidence| over the images (Guo et al. 2017)."""
        return float((self.images * (self.accuracy - self.confidence).abs()).sum() / self.images.sum())


def sort_confidences(confidences: Tensor, correct: Tensor) -> Reliability:
    """Return the reliability of confidences float64 N, the probability of the likeliest class, and bool N."""
    edges = torch.linspace(0, 1, BINS + 1, dtype=torch.float64)
    bins = (torch.bucketize(confidences, edges) - 1).clamp(0, BINS - 1)
    images = torch.bincount(bins, minlength=BINS).double()
    sums = (torch.bincount(bins, values, minlength=BINS) for values in (confidences, correct.double()))
    confidence, accuracy = (each / images.clamp(min=1) for each in sums)
    return Reliability(images, confidence, accuracy)


def is_softmax(outputs: Tensor) -> bool:
    """Whether outputs N×K are probabilities, each row with the sum 1."""
    return bool((outputs >= 0).all()) and torch.allclose(outputs.sum(1), outputs.new_ones(()), atol=1e-3)


def apply_temperature(outputs: Tensor, temperature: float) -> Tensor:
    """Return outputs N×K over a temperature; of a network that ends in a softmax, their logarithms."""
    logits = outputs.clamp(min=torch.finfo(outputs.dtype).tiny).log() if is_softmax(outputs) else outputs
    return logits / temperature


def fit_temperature(outputs: Tensor, labels: Tensor) -> float:
    """Return the temperature with the least cross-entropy of outputs N×K and labels int64 N (Guo et al. 2017).

    The cross-entropy is convex in its inverse, so that the zero of the slope is found by bisection.
    """
    logits, labels = apply_temperature(outputs.double(), 1.0), labels.to(outputs.device)
    true = logits.gather(1, labels[:, None]).ravel()
    low, high = LEAST, LARGEST
    for _ in range(HALVINGS):
        middle = sqrt(low * high)
        expected = (logits * (logits / middle).softmax(1)).sum(1)
        low, high = (low, middle) if float((expected - true).mean()) < 0 else (middle, high)
    return sqrt(low * high)
