"""Runs are grouped by what is not chance, ranked by validation alone, and have margins of error."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_up_runs import ERROR, make_entry
from scipy.stats import binomtest

from specnet.run_tables.groups import (
    compute_interval,
    describe_best_margin,
    describe_margin,
    find_interval,
    group_runs,
    rank_groups,
)
from specnet.settings import Training
from specnet.settings.optimizer import Sgd


@given(st.integers(1, 5000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_interval_is_that_of_scipy(sample: tuple[int, int]) -> None:
    right, number = sample
    low, high = binomtest(right, number).proportion_ci(0.95, method="wilson")
    assert compute_interval(right / number, number) == pytest.approx((low, high), abs=1e-6)


def test_runs_that_differ_in_seed_or_fold_are_one_variant() -> None:
    runs = [
        make_entry(str(number), overrides={"width": width, "seed": str(number), "split.fold": str(number)})
        for number, width in enumerate("88444")
    ]
    groups = group_runs(runs)
    assert [(group.settings, len(group.entries)) for group in groups] == [
        ({"width": "8"}, 2),
        ({"width": "4"}, 3),
    ]


def test_a_setting_of_the_spec_is_that_of_an_override() -> None:
    by_spec = make_entry("a", training=Training(optimizer=Sgd(lr=0.5)))
    by_override = make_entry("b", training=Training(optimizer=Sgd(lr=0.5)), overrides={"optimizer.lr": "0.5"})
    assert len(group_runs([by_spec, by_override])) == 1
    assert len(group_runs([by_spec, make_entry("c", network="Other")])) == 2


@pytest.mark.parametrize(("metric", "order"), [(None, "bac"), (ERROR, "abc")])
def test_the_rank_is_by_the_mean_of_validation(metric: object, order: str) -> None:
    values = {"a": (0.8, 0.9), "b": (0.9, 0.92), "c": (None, None)}
    changes = {"metric": metric} if metric else {}
    runs = [
        make_entry(name, overrides={"width": name}, validation=value, test=1.0, **changes)
        for name, both in values.items()
        for value in both
    ]
    assert "".join(group.entries[0].folder.name for group in rank_groups(group_runs(runs))) == order


def test_a_spread() -> None:
    runs = [make_entry("a", validation=value) for value in (0.9, 0.94, None)]
    spread = group_runs(runs)[0].spread("validation")
    assert spread
    assert spread.format(runs[0].metric) == "92.00% ± 2.83%"
    single = group_runs(runs[:1])[0].spread("validation")
    assert single
    assert single.format(runs[0].metric) == "90.00%"
    assert group_runs(runs)[0].spread("test") is None


def test_a_margin_is_said_where_it_is_notable() -> None:
    few, many = make_entry("a", images={"validation": 288}), make_entry("b", images={"validation": 50_000})
    said = describe_best_margin([few, make_entry("c", validation=0.99)])
    assert said.startswith(
        "with 288 validation images, an accuracy of 90.00% has a 95 % confidence interval from 86.0%"
    )
    assert describe_best_margin([many]) == describe_margin(0.9, 50_000) == ""
    assert find_interval(make_entry(metric=ERROR, images={"validation": 288}), "validation") is None
    assert find_interval(few, "test") is None
