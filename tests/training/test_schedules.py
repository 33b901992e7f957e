"""Learning rates as tables, and beside torch's own schedulers."""

from __future__ import annotations

import pytest
import torch
from torch.optim.lr_scheduler import CosineAnnealingLR, LRScheduler, OneCycleLR, ReduceLROnPlateau, StepLR

from specnet.settings.schedule import (
    Constant,
    Cosine,
    Exponential,
    OneCycle,
    Plateau,
    Schedule,
    Step,
    Triangle,
    compute_rate_factor,
)


@pytest.mark.parametrize(
    ("schedule", "epochs", "expected"),
    [
        (Constant(), [0, 5, 9.9], [1, 1, 1]),
        (Step(decay=0.5, every=3), [0, 2.9, 3, 6, 9.5], [1, 1, 0.5, 0.25, 0.125]),
        (Exponential(decay=0.96, every=2), [0, 1, 2, 4], [1, 0.96**0.5, 0.96, 0.96**2]),
        (Cosine(), [0, 5, 10], [1, 0.5, 0]),
        (Step(decay=0.5, at=(3, 6)), [0, 2.9, 3, 6, 9.5], [1, 1, 0.5, 0.25, 0.25]),
        (Constant(warmup=2), [0, 1, 2, 9], [0, 0.5, 1, 1]),
        (Step(every=4, warmup=2), [0, 1, 2, 4], [0, 0.5, 1, 0.1]),
        (Cosine(warmup=2, end=0.1), [0, 1, 2, 6, 10], [0, 0.5, 1, 0.55, 0.1]),
        (Exponential(decay=0.5, warmup=2), [1, 2, 3, 4], [0.5, 1, 0.5, 0.25]),
        (Triangle(start=0.2, peak=0.25, end=0.1), [0, 1.25, 2.5, 6.25, 10], [0.2, 0.6, 1, 0.55, 0.1]),
        (OneCycle(warmup=0.2), [0, 1, 2, 6, 10], [0.04, 0.52, 1, 0.500002, 4e-6]),
    ],
)
def test_tables(schedule: Schedule, epochs: list[float], expected: list[float]) -> None:
    assert [compute_rate_factor(schedule, epoch, 10) for epoch in epochs] == pytest.approx(expected)


def _torch_rates(make: type[LRScheduler], steps: int, **settings: float) -> list[float]:
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    scheduler, rates = make(optimizer, **settings), []  # type: ignore[arg-type]
    for _ in range(steps):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return rates


def test_step_and_cosine_are_torch_s() -> None:
    assert [compute_rate_factor(Step(every=4), epoch, 10) for epoch in range(10)] == pytest.approx(
        _torch_rates(StepLR, 10, step_size=4)
    )
    assert [compute_rate_factor(Cosine(), epoch, 10) for epoch in range(10)] == pytest.approx(
        _torch_rates(CosineAnnealingLR, 10, T_max=10)
    )


def test_onecycle_is_torch_s_but_for_the_placing_of_its_ends() -> None:
    """torch reaches the peak and the end a step earlier, which is no matter in a run of many steps."""
    steps = 2000
    expected = _torch_rates(OneCycleLR, steps, max_lr=1.0, total_steps=steps)
    actual = [compute_rate_factor(OneCycle(), step, steps) for step in range(steps)]
    assert actual == pytest.approx(expected, abs=0.004)


def test_plateau_is_torch_s() -> None:
    losses = [1.0, 0.9, 0.95, 0.9, 0.91, 0.89, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.5]
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    # torch waits for one epoch more than its patience, and measures "better" by a threshold of its own.
    scheduler = ReduceLROnPlateau(optimizer, factor=0.1, patience=2, threshold=0)
    for epoch, loss in enumerate(losses, 1):
        scheduler.step(loss)
        rate = optimizer.param_groups[0]["lr"]
        assert compute_rate_factor(Plateau(patience=3), epoch, 20, losses[:epoch]) == pytest.approx(rate)
