"""loss: what training makes small, `loss cross_entropy smoothing=0.1`."""

from __future__ import annotations

from collections.abc import Mapping

from specnet.settings.base import BelowOne, Setting


class Loss(Setting):
    """A number for each image that is smaller the better the outputs suit its label."""


class CrossEntropy(Loss):
    """−log softmax of the label's output; `smoothing` spreads that much of the label evenly over all outputs."""

    smoothing: BelowOne = 0.0


CHOICES: Mapping[str, type[Loss]] = {"cross_entropy": CrossEntropy}
