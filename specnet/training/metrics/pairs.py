"""How well scores tell two kinds apart: the area under the ROC curve, and the best threshold."""

from __future__ import annotations

import torch
from torch import Tensor


def compute_auc(scores: Tensor, positive: Tensor) -> float | None:
    """Return the area under the ROC curve for scores float N and bool N; None where one of the kinds is missing.

    It is the share of pairs of a positive and a negative whose positive has the higher score; equal scores count half
    (Mann and Whitney 1947).
    """
    positives, negatives = scores[positive].double().sort().values, scores[~positive].double().sort().values
    if not len(positives) or not len(negatives):
        return None
    below, not_above = (torch.searchsorted(negatives, positives, right=right) for right in (False, True))
    return float((below + not_above).double().sum()) / 2 / (len(positives) * len(negatives))


def find_best_threshold(scores: Tensor, positive: Tensor) -> float:
    """Return the threshold, midway between two scores, above which scores float N agree best with bool N."""
    values, order = scores.double().sort(descending=True)
    gains = torch.where(positive[order], 1, -1).cumsum(0)
    gains[:-1][values[:-1] == values[1:]] = -len(values) - 1  # equal scores are not told apart
    best = int(gains.argmax())
    if gains[best] < 0:
        return float(values[0])
    below = values[best + 1] if best + 1 < len(values) else values[best] - 1
    return float(values[best] + below) / 2
