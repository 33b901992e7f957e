"""The area under the ROC curve equals scikit-learn's, and no threshold tells more pairs rightly than the best one."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from specnet.training.metrics.pairs import compute_auc, find_best_threshold

SCORED = st.lists(st.tuples(st.integers(-4, 4), st.booleans()), min_size=1, max_size=30)


@given(SCORED)
def test_the_area_is_that_of_scikit_learn(pairs: list[tuple[int, bool]]) -> None:
    scores, positive = torch.tensor([float(score) for score, _ in pairs]), torch.tensor([kind for _, kind in pairs])
    area = compute_auc(scores, positive)
    if positive.all() or not positive.any():
        assert area is None
    else:
        assert area == pytest.approx(roc_auc_score(positive, scores), abs=1e-9)


@given(SCORED)
def test_no_threshold_is_better(pairs: list[tuple[int, bool]]) -> None:
    scores, positive = torch.tensor([float(score) for score, _ in pairs]), torch.tensor([kind for _, kind in pairs])

    def count_right(threshold: float) -> int:
        return int(((scores > threshold) == positive).sum())

    assert count_right(find_best_threshold(scores, positive)) == max(
        map(count_right, torch.arange(-5, 5, 0.5).tolist())
    )
