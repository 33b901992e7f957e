"""Networks that are right in training and wrong in evaluation because of the running statistics of their bn."""

from __future__ import annotations

from dataclasses import replace

from torch import nn

from specnet.settings.task import Metric
from specnet.training.engine.evaluator import Evaluation, Evaluator
from specnet.training.engine.state import State
from specnet.training.engine.statistics import take_sample

LARGE_GAP = 0.3
"""The difference of two accuracies from which it is explained."""

NORMALISATIONS = nn.BatchNorm1d | nn.BatchNorm2d | nn.BatchNorm3d


def explain_gap(state: State, evaluator: Evaluator, evaluation: Evaluation, seed: int) -> str | None:
    """Return a sentence on best weights that are far worse in evaluation than in training, if bn is the cause.

    It is where they are as bad on images of the training part: only how the layers compute can make that difference.
    """
    metric, score = evaluator.objective.metric, evaluation.results.scores.get(evaluator.objective.metric.name)
    trained = _get_trained(state, metric)
    if trained is None or score is None or trained - score < LARGE_GAP or not _has_running_statistics(state.module):
        return None
    sample = take_sample(evaluator.parts["train"], seed)
    known = replace(evaluator, parts={"train": sample}).measure("train").scores.get(metric.name)
    if known is None or trained - known < LARGE_GAP:
        return None
    figures = f"{metric.format(trained)} in training, and in evaluation is {metric.format(known)}"
    return (
        f"{metric.title} was {figures} on images of the training part as well: bn then computes with running "
        f"statistics, which after {state.step:,} steps are far from those of a batch; "
        "more epochs, or a larger `momentum` of bn, may help"
    )


def _get_trained(state: State, metric: Metric) -> float | None:
    """Return the share of right answers during the best epoch; None for a task that is measured otherwise."""
    if not metric.is_share or state.best is None:
        return None
    value: float | None = state.history[state.best.epoch - 1].get(f"train_{metric.name}")
    return value


def _has_running_statistics(module: nn.Module) -> bool:
    return any(isinstance(part, NORMALISATIONS) and part.track_running_stats for part in module.modules())
