"""A table of runs shows the settings that tell them apart, and its columns hold values for programs and for people."""

from __future__ import annotations

from pathlib import Path

import pytest
from made_up_runs import ERROR, make_entry

from specnet.reporters.table_formats import NamedTable, format_csv, format_markdown
from specnet.run_tables.columns import MOST_SETTINGS, choose_columns, find_setting, make_run_table, parse_number
from specnet.settings import Training
from specnet.settings.optimizer import Sgd
from specnet.settings.split import Split

USUAL = [
    "run",
    "network",
    "started",
    "epochs",
    "validation",
    "test",
    "parameters",
    "macs",
    "images_per_second",
    "state",
]


def test_of_one_run_no_setting_is_shown() -> None:
    assert choose_columns([make_entry(overrides={"width": "3"})]) == USUAL


def test_settings_that_differ_have_columns() -> None:
    runs = [
        make_entry("a", overrides={"width": "3", "depth": "2"}),
        make_entry("b", overrides={"width": "4", "depth": "2"}),
    ]
    assert choose_columns(runs) == ["run", "network", "width", *USUAL[2:]]


def test_where_and_how_training_started_is_shown_if_it_differs() -> None:
    runs = [make_entry("a", weights=Path("w.pt")), make_entry("b", freeze=("conv1", "conv2"))]
    assert choose_columns(runs) == ["run", "network", "weights", "freeze", *USUAL[2:]]
    table = make_run_table(runs, ["weights", "freeze"])
    assert table.texts == [["w.pt", "–"], ["–", "conv1 conv2"]]


def test_other_metrics_are_named() -> None:
    runs = [make_entry("a"), make_entry("b", metric=ERROR, validation=1.5)]
    assert "metric" in choose_columns(runs)
    assert make_run_table(runs, ["metric", "validation"]).texts == [["accuracy", "90.00%"], ["RMSE", "1.5"]]


def test_a_metric_that_all_have_is_in_the_heading() -> None:
    runs = [make_entry("a", metric=ERROR, validation=1.5)]
    assert make_run_table(runs, ["validation", "test"]).headings == ["validation RMSE", "test RMSE"]
    assert make_run_table([make_entry("a")], ["validation"]).headings == ["validation"]
    assert make_run_table([make_entry("a"), *runs], ["validation"]).headings == ["validation"]


def test_many_different_settings_share_a_column() -> None:
    names = [f"x{number}" for number in range(MOST_SETTINGS + 1)]
    runs = [make_entry("a", overrides=dict.fromkeys(names, "1")), make_entry("b")]
    assert choose_columns(runs)[2] == "settings"
    assert make_run_table(runs, ["settings"]).texts[0] == [" ".join(f"{name}=1" for name in names)]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("optimizer", "sgd"),
        ("optimizer.lr", "0.05"),
        ("epochs", "10"),
        ("batch.size", "64"),
        ("split.validation", "0.25"),
        ("seed", "0"),
        ("width", "7"),
        ("height", None),
    ],
)
def test_a_setting_that_is_not_overridden_is_that_of_the_spec(name: str, value: str | None) -> None:
    training = Training(optimizer=Sgd(lr=0.05), split=Split(validation=0.25))
    entry = make_entry(overrides={"width": "7"}, training=training)
    if name == "batch.size":
        value = str(training.batch.size)
    assert find_setting(entry, name) == value


def test_programs_get_numbers_and_people_read_them() -> None:
    runs = [make_entry("a", overrides={"width": "3"}), make_entry("b", macs=None, validation=None)]
    table = make_run_table(runs, ["run", "width", "validation", "macs", "epochs", "started"])
    assert format_csv([NamedTable("", "runs", table)]).splitlines() == [
        "run,width,validation,macs,epochs,started",
        "runs/a,3,0.9,56789,10,2026-03-01T12:00:00+00:00",
        "runs/b,,,,10,2026-03-01T12:00:00+00:00",
    ]
    assert table.texts == [
        ["a", "3", "90.00%", "56,789", "10 of 10", "2026-03-01 12:00"],
        ["b", "–", "–", "–", "10 of 10", "2026-03-01 12:00"],
    ]
    assert "| a   |     3 |     90.00% |" in format_markdown([NamedTable("", "runs", table)])


@pytest.mark.parametrize(
    ("text", "number"),
    [("97%", 0.97), ("1e-4", 1e-4), ("1_000", 1000.0), (3, 3.0), ("a", None), ("", None), (None, None)],
)
def test_numbers(text: object, number: float | None) -> None:
    assert parse_number(text) == number
