"""A temperature is fitted to the validation part, kept with the run, and used by who asks for it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from small_runs import Call

import specnet
from specnet.training import CannotRun


def read_chances(out: str) -> list[float]:
    return [each["top"][0]["probability"] for each in json.loads(out)["predictions"]]


def test_a_temperature_is_fitted_kept_and_used(run: Path, trained: Path, call: Call) -> None:
    code, out, err = call("evaluate", run, "--data-dir", trained, "--calibrate", "--format", "json")
    assert code == 0 and "9 validation images best" in err
    assert json.loads(out)["accuracy"] == 1.0
    kept = json.loads((run / "calibration.json").read_text())
    assert kept["validation_images"] == 9 and kept["temperature"] < 1  # the run is right, and not sure of it
    images = trained / "photos" / "test" / "red"
    plain = read_chances(call("predict", run, images, "--format", "json")[1])
    surer = read_chances(call("predict", run, images, "--format", "json", "--calibrated")[1])
    assert all(one < other for one, other in zip(plain, surer, strict=True))
    (first, *_) = specnet.predict(run, images, calibrated=True)
    assert first.top[0].probability == pytest.approx(surer[0])


def test_a_run_without_a_temperature_says_how_to_fit_one(run: Path, trained: Path, call: Call) -> None:
    code, _, err = call("predict", run, trained / "photos", "--calibrated")
    assert code == 2
    assert f"the run has no temperature yet; `specnet evaluate {run}` with `--calibrate` fits it" in err


def test_the_temperature_of_other_weights_is_not_used(run: Path, trained: Path, call: Call) -> None:
    specnet.evaluate(run, data_dir=trained, calibrate=True)
    summary = json.loads((run / "summary.json").read_text())
    (run / "summary.json").write_text(json.dumps({**summary, "epochs": summary["epochs"] + 1}))
    with pytest.raises(CannotRun, match="the temperature is that of earlier weights"):
        specnet.load_run(run).calibrated()


@pytest.mark.parametrize("content", ["{", '{"temperature": -1, "validation_images": 9, "best_epoch": 1, "epochs": 1}'])
def test_a_damaged_temperature(run: Path, trained: Path, call: Call, content: str) -> None:
    (run / "calibration.json").write_text(content)
    code, _, err = call("predict", run, trained / "photos", "--calibrated")
    assert code == 1 and "calibration.json is damaged" in err


@pytest.mark.usefixtures("drawn_figures")
def test_the_view_has_a_diagram_before_and_after(run: Path, trained: Path, call: Call) -> None:
    before = json.loads(call("show", run, "calibration", "--data-dir", trained, "--format", "json")[1])
    assert [each["which"] for each in before["diagrams"]] == ["as trained"]
    assert before["temperature"] is None
    specnet.evaluate(run, data_dir=trained, calibrate=True)
    after = json.loads(call("show", run, "calibration", "--data-dir", trained, "--format", "json")[1])
    plain, mended = after["diagrams"]
    assert mended["calibration_error"] < plain["calibration_error"] == before["diagrams"][0]["calibration_error"]
    assert sum(plain["images"]) == after["images"] == 15
    assert (run / "show" / "calibration.png").stat().st_size > 5000
