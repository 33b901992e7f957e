"""The report of a run: what is in it, and what is said where something is not there."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch  # noqa: F401 # without which there is no run
from parsed import Parsed, assert_accessible, assert_self_contained, parse

import specnet

SECTIONS = [
    "How good it is",
    "How it learned",
    "Where it is wrong",
    "What it looks at",
    "What it has learned",
    "The network",
    "How it was made",
]

VIEWS = [
    "curves",
    "statistics",
    "confusion",
    "predictions",
    "occlusion",
    "saliency",
    "filters",
    "maximise",
    "features",
    "dead",
]
"""The pictures of a network with convolutions, at least."""


@pytest.fixture(scope="session")
def page(home: Path) -> str:
    return specnet.report(home / "run", data_dir=home).html


@pytest.fixture
def without_data(home: Path, tmp_path: Path) -> Path:
    """Return a copy of the run, whose images are gone."""
    copy = Path(shutil.copytree(home / "run", tmp_path / "run"))
    config = json.loads((copy / "config.json").read_text())
    config["options"]["data_dir"] = None
    config["training"]["data"]["path"] = str(tmp_path / "photos")
    (copy / "config.json").write_text(json.dumps(config))
    return copy


def list_titles(parsed: Parsed, tag: str = "h2") -> list[str]:
    return [text for within, text in parsed.texts if within == tag]


def test_the_report_is_whole(page: str, home: Path) -> None:
    assert_self_contained(page)
    assert_accessible(page)
    parsed = parse(page)
    assert list_titles(parsed) == SECTIONS
    views = [view["view"] for view in parsed.data["views"]]
    assert set(VIEWS) <= {*views}
    assert 2 * len(views) == parsed.tags.count("img")
    assert parsed.data["results"]["images"] == 9
    assert parsed.data["run"] == str(home / "run")
    assert f"specnet train {home}/run/spec.net" in parsed.data["command"]
    assert len(page) < 5e6


def test_names_are_shown_as_they_are(page: str) -> None:
    parsed = parse(page)
    assert "<img src=x onerror=alert(1)>" in list_titles(parsed, "bdi")
    assert "</script><!-- a <b>description</b>" in [text for _, text in parsed.texts]
    assert parsed.data["classes"] == ["<img src=x onerror=alert(1)>", "قطة", "猫"]


@pytest.mark.usefixtures("plain_figures")
def test_without_data_everything_else_is_there(without_data: Path) -> None:
    page = specnet.report(without_data).html
    assert_self_contained(page)
    parsed = parse(page)
    assert list_titles(parsed) == SECTIONS
    assert "The images are not there: " in page
    views = [view["view"] for view in parsed.data["views"]]
    assert views[:4] == ["curves", "statistics", "confusion", "filters"]
    assert {*views[4:]} == {"maximise"}


def edit(path: Path, **changes: Any) -> None:
    record = json.loads(path.read_text())
    path.write_text(json.dumps({**record, **changes}))


@pytest.mark.usefixtures("plain_figures")
def test_numbers_that_are_missing(without_data: Path) -> None:
    edit(without_data / "summary.json", measured="nothing", test_accuracy=None, seconds=None, best_epoch=None)
    (without_data / "environment.json").unlink()
    page = specnet.report(without_data).html
    assert "environment.json cannot be read." in page
    assert "Training accuracy" in page
    assert parse(page).data["results"] is None


@pytest.mark.usefixtures("plain_figures")
def test_an_unfinished_run_is_measured(home: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(home / "run", tmp_path / "run"))
    (copy / "summary.json").unlink()
    (copy / "metrics.jsonl").unlink()
    data = parse(specnet.report(copy, data_dir=home).html).data
    assert (data["results"]["part"], data["results"]["images"]) == ("test", 9)
    assert data["metrics"] == []


@pytest.mark.parametrize(
    ("arguments", "kind", "message"),
    [
        ({"run": 3}, TypeError, "`run` is the folder of a run"),
        ({"run": "nowhere"}, specnet.TrainingError, "there is no run nowhere"),
        ({"run": "nowhere", "seed": -1}, ValueError, "`seed` is a whole number from 0"),
        ({"run": "nowhere", "device": 0}, TypeError, "`device` is"),
        ({"run": "nowhere", "data_dir": 0}, TypeError, "`data_dir` is"),
    ],
)
def test_refusals(arguments: dict[str, Any], kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message):
        specnet.report(**arguments)
