"""Broken specs NAME.net in this folder, each with the expected messages NAME.txt, which `pytest --refresh` rewrites."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from specnet.compiler import Checked, check_source, read_beside
from specnet.diagnostics import Code, Diagnostic, Fix, Severity
from specnet.fixes import add_fixes
from specnet.reporters.json import describe_diagnostic
from specnet.reporters.terminal import format_diagnostic
from specnet.source import Source

HERE = Path(__file__).parent
CASES = sorted(HERE.glob("*.net"))

# Codes that no text file can show: bytes that are not text are in test_check.py, plugins in test_registration.py.
SHOWN_ELSEWHERE = {"E001", "E308"}


def checked_with_fixes(file: Path) -> Checked:
    return add_fixes(check_source(Source(file.name, file.read_text(encoding="utf-8"))), {}, read_beside)


def occurrences(checked: Checked, diagnostic: Diagnostic) -> int:
    """Return how many diagnostics have the code of this one and its message."""
    return [(each.code, each.message) for each in checked.diagnostics].count((diagnostic.code, diagnostic.message))


def errors(checked: Checked) -> Counter[tuple[str, int]]:
    """Return the code and line of each error."""
    return Counter((error.code.name, error.span.line) for error in checked.errors if error.span)


def apply_edits(text: str, fix: Fix) -> str:
    for edit in sorted(fix.edits, key=lambda edit: edit.span.start, reverse=True):
        text = text[: edit.span.start] + edit.text + text[edit.span.end :]
    return text


@pytest.mark.parametrize("file", CASES, ids=lambda file: file.stem)
def test_a_broken_spec_is_answered_as_expected(
    file: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(HERE)
    checked = checked_with_fixes(file)
    text = "\n\n".join(format_diagnostic(diagnostic) for diagnostic in checked.diagnostics) + "\n"
    expected = file.with_suffix(".txt")
    if request.config.getoption("--refresh"):
        expected.write_text(text, encoding="utf-8")
    assert text == expected.read_text(encoding="utf-8")
    assert checked.diagnostics
    assert all(describe_diagnostic(diagnostic)["line"] >= 1 for diagnostic in checked.diagnostics)


@pytest.mark.parametrize("file", CASES, ids=lambda file: file.stem)
def test_every_fix_that_is_offered_mends_its_error(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(HERE)
    checked = checked_with_fixes(file)
    before = errors(checked)
    for diagnostic in checked.diagnostics:
        for fix in diagnostic.fixes:
            fixed = check_source(Source(file.name, apply_edits(checked.source.text, fix)))
            after = errors(fixed)
            if "uncovers" in fix.title:
                assert after != before, fix.title
                continue
            assert not after - before, fix.title
            if diagnostic.severity is Severity.ERROR:
                assert after.total() < before.total(), fix.title
            else:
                assert occurrences(fixed, diagnostic) < occurrences(checked, diagnostic), fix.title


@pytest.mark.parametrize("file", CASES, ids=lambda file: file.stem)
def test_what_lies_behind_an_error_has_no_shape(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(HERE)
    network = check_source(Source(file.name, file.read_text(encoding="utf-8"))).network
    unknown = {node.name for node in network.nodes if node.output is None}
    for node in network.nodes:
        assert not (node.output and unknown.intersection(node.inputs))


def test_every_code_is_shown_by_a_case() -> None:
    shown = set(re.findall(r"\[([EWN]\d{3})\]", "".join(file.read_text() for file in HERE.glob("*.txt"))))
    assert shown | SHOWN_ELSEWHERE == {code.name for code in Code}


def test_a_code_says_its_severity() -> None:
    assert Code.E301.severity is Severity.ERROR
    assert Code.W303.severity is Severity.WARNING
    assert Code.N301.severity is Severity.NOTE
