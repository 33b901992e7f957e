"""Random specs: nothing that SpecNet does to one raises or takes too long, and a fault is reduced to what it needs."""

from __future__ import annotations

from pathlib import Path

import fuzz
import pytest
from fuzz_cases import Case

from specnet.compiler import check_source
from specnet.source import Source


def is_sound(case: Case) -> bool:
    return check_source(Source(case.name, case.text), {}, fuzz.read).ok


def fail_at_relu(case: Case) -> bool:
    if "relu" in case.text:
        raise KeyError("relu")
    return True


def test_a_fifth_of_the_cases_is_sound() -> None:
    findings = fuzz.run_cases(100, 0, is_sound)
    assert findings.cases == 100
    assert findings.sound >= 20


def test_a_fault_is_reduced_and_written_down(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    findings = fuzz.run_cases(5, 0, fail_at_relu)
    (kind,) = findings.counts
    assert kind.startswith("KeyError in ")
    fuzz.report(findings, tmp_path, fail_at_relu)
    assert (tmp_path / "1.net").read_text() in ("relu", "leaky_relu")
    assert "KeyError: 'relu'" in (tmp_path / "1.txt").read_text()
    assert f"faults: {findings.counts[kind]}, of different kinds: 1" in capsys.readouterr().out


@pytest.mark.parametrize("text", ["\ud800", "input 4x8\nfc 8 -> attention heads=2 -> permute CL"])
def test_unencodable_texts_and_sequences_are_no_fault(text: str) -> None:
    assert fuzz.find_fault(Case("case.net", text))[1] is None


def test_a_case_that_takes_too_long_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    def never_end(case: Case) -> bool:
        while True:
            pass

    monkeypatch.setattr(fuzz, "LONGEST", 0.05)
    is_sound, fault = fuzz.find_fault(Case("case.net", "nonsense"), never_end)
    assert not is_sound
    assert fault is not None
    assert fault.kind == "TooSlowError"


@pytest.mark.slow
def test_two_thousand_cases(capsys: pytest.CaptureFixture[str]) -> None:
    findings = fuzz.run_cases(2000, 0)
    fuzz.report(findings, None)
    assert not findings.counts, capsys.readouterr().out
    assert findings.sound >= 400
