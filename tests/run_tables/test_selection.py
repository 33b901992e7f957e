"""Runs are chosen by conditions on their columns and settings, and sorted by one of them."""

from __future__ import annotations

import pytest
from made_up_runs import ERROR, make_entry

from specnet.run_tables.selection import parse_condition, select_runs, sort_runs
from specnet.settings import Training
from specnet.settings.optimizer import Adam, Sgd

RUNS = [
    make_entry("a", overrides={"width": "8", "optimizer.lr": "0.1"}, validation=0.95, seconds=30.0),
    make_entry("b", overrides={"width": "32"}, training=Training(optimizer=Sgd(lr=0.02)), validation=0.97),
    make_entry("c", network="ResNet", overrides={}, training=Training(optimizer=Adam(lr=1e-3)), validation=None),
]


@pytest.mark.parametrize(
    ("condition", "names"),
    [
        ("width>=32", "b"),
        ("width<32", "a"),
        ("width=8.0", "a"),
        ("width != 8", "bc"),
        ("network=Res*", "c"),
        ("network!=Res*", "ab"),
        ("validation>96%", "b"),
        ("validation <= 0.95", "a"),
        ("optimizer.lr<0.05", "bc"),
        ("optimizer=sgd", "ab"),
        ("optimizer=adam", "c"),
        ("epochs==10", "abc"),
        ("started>2026-02", "abc"),
        ("started<2026-02", ""),
        ("run=runs/a", "a"),
        ("state=finished", "abc"),
        ("weights!=x", "abc"),
        ("seed=0", "abc"),
    ],
)
def test_a_condition(condition: str, names: str) -> None:
    found = select_runs(RUNS, [parse_condition(condition)])
    assert "".join(entry.folder.name for entry in found) == names


def test_all_conditions_hold() -> None:
    conditions = [parse_condition("width>1"), parse_condition("optimizer.lr>=0.1")]
    assert select_runs(RUNS, conditions) == RUNS[:1]


@pytest.mark.parametrize("text", ["width", ">3", "width>", "", "width~3"])
def test_what_is_no_condition(text: str) -> None:
    with pytest.raises(ValueError, match="write a column"):
        parse_condition(text)


def test_a_number_is_compared_with_no_word() -> None:
    with pytest.raises(ValueError, match="width>wide: wide is no number, and width is one"):
        select_runs(RUNS, [parse_condition("width>wide")])


@pytest.mark.parametrize(
    ("name", "said"),
    [("widht", "did you mean `width`?"), ("optimiser.lr", "did you mean `optimizer.lr`?"), ("xyz", "there are run")],
)
def test_an_unknown_column(name: str, said: str) -> None:
    with pytest.raises(ValueError, match=f"there is no column `{name}`.*") as error:
        select_runs(RUNS, [parse_condition(f"{name}=1")])
    assert said in str(error.value)
    with pytest.raises(ValueError, match="there is no column"):
        sort_runs(RUNS, name)


@pytest.mark.parametrize(
    ("name", "is_reversed", "names"),
    [
        ("validation", False, "bac"),
        ("validation", True, "abc"),
        ("seconds", False, "bca"),
        ("width", False, "abc"),
        ("width", True, "bac"),
        ("optimizer.lr", False, "cba"),
        ("network", False, "cab"),
    ],
)
def test_an_order(name: str, is_reversed: bool, names: str) -> None:
    assert "".join(entry.folder.name for entry in sort_runs(RUNS, name, is_reversed)) == names


def test_the_smallest_error_is_the_best() -> None:
    runs = [make_entry(name, metric=ERROR, validation=value) for name, value in (("a", 2.0), ("b", 0.5), ("c", 1.0))]
    assert "".join(entry.folder.name for entry in sort_runs(runs, "validation")) == "bca"


def test_metrics_are_not_compared_with_each_other() -> None:
    errors = [make_entry(name, metric=ERROR, validation=value) for name, value in (("d", 2.0), ("e", 0.5))]
    assert "".join(entry.folder.name for entry in sort_runs([*errors, *RUNS], "validation")) == "baedc"
