"""`specnet baseline`: classifiers on pixels or on features of a run, as a table."""

from __future__ import annotations

import csv
import io
import json
import shutil
from pathlib import Path

import pytest
from small_runs import Call

import specnet

SPEC = "input 8x8x1\nflatten\nfc 10\ntrain {\n  data digits\n}\n"


@pytest.fixture(autouse=True)
def spec(run: Path, trained: Path) -> None:
    """Write a spec, and the photographs of the run, into the current folder."""
    Path("digits.net").write_text(SPEC)
    shutil.copytree(trained / "photos", "photos")


def test_a_table(call: Call) -> None:
    code, out, err = call("baseline", "tree", "knn", "digits.net", "--limit", "100")
    lines = [line.split() for line in out.splitlines()]
    assert code == 0
    assert lines[0] == ["pixels,", "tested", "on", "100", "images", "(test)"]
    assert [line[:3] for line in lines[3:]] == [["tree", "100", "64"], ["knn", "100", "64"]]
    assert "knn: " in err


@pytest.mark.parametrize("data", ["digits.net", "digits"])
def test_json(call: Call, data: str) -> None:
    code, out, _ = call("baseline", "knn", data, "--limit", "200", "--format", "json", "--seed", "3")
    record = json.loads(out)
    assert code == 0
    found = {name: record[name] for name in ("schema", "data", "inputs", "train_images", "test_part", "seed")}
    assert found == {"schema": 1, "data": data, "inputs": 64, "train_images": 200, "test_part": "test", "seed": 3}
    assert record["features"] is None
    (result,) = record["baselines"]
    assert result["kind"] == "knn"
    assert result["accuracy"] > 0.8


def test_csv_and_markdown(call: Call) -> None:
    words = ("baseline", "knn", "linear", "digits", "--limit", "100", "--format")
    rows = list(csv.DictReader(io.StringIO(call(*words, "csv")[1])))
    assert [row["classifier"] for row in rows] == ["knn", "linear"]
    assert 0.5 < float(rows[0]["accuracy"]) <= 1
    lines = call(*words, "markdown")[1].splitlines()
    assert lines[1] == "| --- | ---: | ---: | ---: | ---: | ---: |"
    assert len(lines) == 4


def test_features_of_a_run_on_a_folder(call: Call, run: Path) -> None:
    """The layer by its name in the table; a folder is read in the size of the run."""
    code, out, err = call("baseline", "knn", "photos", "--features", f"{run}:fc1", "--format", "json")
    assert code == 0, err
    record = json.loads(out)
    assert (code, record["classes"], record["test_part"]) == (0, ["blue", "green", "red"], "test")
    assert record["baselines"][0]["accuracy"] > 0.9
    assert record["network_accuracy"] == specnet.evaluate(run).accuracy
    out = call("baseline", "knn", "photos", "--features", f"{run}:fc1")[1]
    assert out.endswith(f"\nthe network itself: {record['network_accuracy']:.2%}\n")


def test_a_folder_below_that_of_the_data(call: Call) -> None:
    Path("sets").mkdir()
    Path("photos").rename("sets/photos")
    assert call("baseline", "knn", "photos", "--data-dir", "sets")[0] == 0


def test_a_folder_without_a_test_part(call: Call) -> None:
    code, out, err = call("baseline", "knn", "photos/train", "--format", "json")
    assert (code, json.loads(out)["test_part"], json.loads(out)["inputs"]) == (0, "validation", 32 * 32 * 3)
    assert "images are fitted to 32×32; a .net file says another size" in err
    assert "a fifth of each class is held out" in err


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["knm", "digits"], 2, "there is no baseline `knm`; did you mean `knn`?"),
        (["x", "digits"], 2, "there is no baseline `x`; there are knn, linear, "),
        (["knn", "nowhere"], 2, "`nowhere`: there is no such folder or file, and no data set of that name"),
        (["knn", "nowhere.net"], 2, "there is no file nowhere.net"),
        (["knn", "broken.net"], 1, "broken.net has errors"),
        (["knn", "silent.net"], 2, "needs an input HxWxC and a train section"),
        (["knn", "digits", "--features", "moved"], 2, "write RUN:LAYER, such as runs/x:fc7"),
        (["knn", "digits", "--features", "nowhere:fc"], 2, "nowhere"),
        (["knn", "photos", "--features", "moved:fc9"], 2, "no layer `fc9`"),
        (["knn", "digits", "--features", "moved:fc1"], 1, "the network reads images of 3 channels"),
        (["knn", "digits", "--limit", "0"], 2, "is not a whole number from 1"),
        (["knn", "digits", "--limit", "5"], 1, "5 images to fit to are too few"),
        (["logistic", "one.net"], 1, "all images are of one class, 0, which leaves nothing to tell apart"),
        (["knn", "digits", "--data-dir", "nowhere"], 2, "there is no data folder nowhere"),
        (["knn"], 2, "the following arguments are required"),
    ],
)
def test_refusals(call: Call, words: list[str], code: int, message: str) -> None:
    Path("one.net").write_text("input 8x8x1\nfc 1\ntrain {\n  data synthetic classes=1\n}\n")
    Path("broken.net").write_text("input 8x8x1\nfcc 10\ntrain {\n  data digits\n}\n")
    Path("silent.net").write_text("input 8x8x1\nfc 10\n")
    found, out, err = call("baseline", *words)
    assert (found, out) == (code, "")
    assert message in err


def test_a_classifier_that_has_learned_nothing_says_so(call: Call) -> None:
    code, out, err = call("baseline", "boosted", "digits", "--limit", "30", "--seed", 2**40)
    assert (code, out.split()[-3]) == (0, "10.00%")
    assert "boosted takes all images for one class: 30 images may be too few" in err
