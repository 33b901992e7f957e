"""What other programs read: SARIF logs for code scanning, and the workflow commands of GitHub Actions."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from paths import ERRORS

from specnet.cli import main
from specnet.cli.explain import read_page
from specnet.compiler import check_source
from specnet.diagnostics import Code
from specnet.source import Source

BROKEN = sorted(file.name for file in ERRORS.glob("*.net"))[::5]
LECTURE = "input 32x32x3\nconv K=10 F=7\nconv K=6 F=5 S=2\n"
ODD = "a, b%:ü.net"
"""A name with all the signs that must be escaped somewhere."""


def sarif(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    main(["check", "--format", "sarif", *arguments])
    return json.loads(capsys.readouterr().out)


@pytest.fixture
def broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The lecture's mistake in a file of an odd name, in the current folder."""
    monkeypatch.chdir(tmp_path)
    Path(ODD).write_text(LECTURE, encoding="utf-8")
    return tmp_path


# SARIF: what the schema and GitHub's code scanning ask for


def test_a_log_has_the_properties_that_readers_require(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ERRORS)
    log = sarif(capsys, *BROKEN, "../../specs/airbench94.net")  # sound, with a note
    assert log["version"] == "2.1.0"
    assert log["$schema"].endswith("sarif-2.1.0.json")
    (run,) = log["runs"]
    assert run["columnKind"] == "unicodeCodePoints"
    driver = run["tool"]["driver"]
    assert driver["name"] == "SpecNet"
    assert re.fullmatch(r"\d+\.\d+\.\d+", driver["semanticVersion"])
    assert_rules(driver["rules"])
    assert len(run["results"]) > len(BROKEN)
    for result in run["results"]:
        assert_result(result, driver["rules"])
    assert any(result["fixes"] for result in run["results"])
    assert {result["level"] for result in run["results"]} == {"error", "warning", "note"}


def assert_rules(rules: list[Any]) -> None:
    """Each once, with the texts that GitHub shows."""
    assert len({rule["id"] for rule in rules}) == len({rule["name"] for rule in rules}) == len(rules)
    for rule in rules:
        code = Code[rule["id"]]
        assert re.fullmatch(r"[A-Z]\w+", rule["name"])
        assert rule["shortDescription"]["text"] == code.value
        assert len(rule["fullDescription"]["text"]) > 20
        assert rule["help"] == {"text": read_page(code), "markdown": read_page(code)}
        assert rule["defaultConfiguration"]["level"] == code.severity.value


def assert_result(result: Any, rules: list[Any]) -> None:
    assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
    assert result["message"]["text"]
    (location,) = result["locations"]
    assert_place(location["physicalLocation"])
    related = result["relatedLocations"]
    assert [place["id"] for place in related] == list(range(1, len(related) + 1))
    for place in related:
        assert place["message"]["text"]
        assert_place(place["physicalLocation"])
    for fix in result["fixes"]:
        assert fix["description"]["text"]
        for change in fix["artifactChanges"]:
            assert_uri(change["artifactLocation"]["uri"])
            for replacement in change["replacements"]:
                assert_region(replacement["deletedRegion"])
                assert isinstance(replacement["insertedContent"]["text"], str)
    assert re.fullmatch(r"[0-9a-f]{16}:\d+", result["partialFingerprints"]["codeAndLine/v1"])


def assert_place(place: Any) -> None:
    assert_uri(place["artifactLocation"]["uri"])
    assert_region(place["region"])


def assert_uri(uri: str) -> None:
    """Relative, with nothing that would have to be escaped; the file is there."""
    assert re.fullmatch(r"(?:[\w.~/-]|%[0-9A-F]{2})+", uri, flags=re.ASCII)
    assert not uri.startswith("/")
    assert Path(unquote(uri)).is_file()


def assert_region(region: Any) -> None:
    """Counted from 1, its end not before its start."""
    start, end = (region["startLine"], region["startColumn"]), (region["endLine"], region["endColumn"])
    assert (1, 1) <= start <= end
    assert min(*start, *end) >= 1


def test_a_result_says_what_the_terminal_says(capsys: pytest.CaptureFixture[str], broken: Path) -> None:
    (result,) = sarif(capsys, ODD)["runs"][0]["results"]
    fact, note = result["message"]["text"].split("\n")
    assert fact == "`conv2` leaves real pixels unread: (26 − 5 + 0)/2 + 1 = 11.5"
    assert note.startswith("rounding down (`floor`) would leave")
    place = result["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "a%2C%20b%25%3A%C3%BC.net"
    assert place["region"] == {"startLine": 3, "startColumn": 10, "endLine": 3, "endColumn": 17}
    texts = [place["message"]["text"] for place in result["relatedLocations"]]
    assert texts == ["(N − F + 2P)/S + 1 = (26 − 5 + 0)/2 + 1 = 11.5", "gives 26×26×10"]


def test_a_fix_of_a_log_mends_the_file(capsys: pytest.CaptureFixture[str], broken: Path) -> None:
    (result,) = sarif(capsys, ODD)["runs"][0]["results"]
    assert len(result["fixes"]) == 5
    for fix in result["fixes"]:
        (change,) = fix["artifactChanges"]
        (replacement,) = change["replacements"]
        region, lines = replacement["deletedRegion"], LECTURE.split("\n")
        assert region["startLine"] == region["endLine"]
        line = lines[region["startLine"] - 1]
        before, after = line[: region["startColumn"] - 1], line[region["endColumn"] - 1 :]
        lines[region["startLine"] - 1] = before + replacement["insertedContent"]["text"] + after
        assert check_source(Source("a.net", "\n".join(lines))).ok, fix["description"]


def test_columns_are_characters(capsys: pytest.CaptureFixture[str], broken: Path) -> None:
    Path("a.net").write_text('net A "𝔘𝔘" 3\ninput 4x4x1\nfc 2\n', encoding="utf-8")
    (result,) = sarif(capsys, "a.net")["runs"][0]["results"]
    assert result["locations"][0]["physicalLocation"]["region"]["endColumn"] == 1 + len('net A "𝔘𝔘" 3')


def test_several_files_are_one_log_and_a_sound_one_adds_nothing(
    capsys: pytest.CaptureFixture[str], broken: Path
) -> None:
    Path("good.net").write_text("input 4x4x1\nfc 2\n", encoding="utf-8")
    assert main(["check", "--format", "sarif", "good.net"]) == 0
    (run,) = json.loads(capsys.readouterr().out)["runs"]
    assert run["results"] == run["tool"]["driver"]["rules"] == []
    assert main(["check", "--format", "sarif", "good.net", ODD]) == 1
    (run,) = json.loads(capsys.readouterr().out)["runs"]
    assert [result["ruleId"] for result in run["results"]] == ["E301"]


def test_strict_raises_the_level_of_a_result_and_not_of_its_rule(
    capsys: pytest.CaptureFixture[str], broken: Path
) -> None:
    Path("a.net").write_text("input 224x224x3\nconv K=64 F=7 S=2 P=3\nfc 10\n", encoding="utf-8")
    (run,) = sarif(capsys, "--strict", "a.net")["runs"]
    (result,) = [result for result in run["results"] if result["ruleId"] == "N301"]
    assert result["level"] == "error"
    assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["defaultConfiguration"]["level"] == "note"


def test_a_fingerprint_stays_when_lines_move(capsys: pytest.CaptureFixture[str], broken: Path) -> None:
    def fingerprints(text: str) -> list[str]:
        Path("a.net").write_text(text, encoding="utf-8")
        found = sarif(capsys, "a.net")["runs"][0]["results"]
        return [result["partialFingerprints"]["codeAndLine/v1"] for result in found]

    before, *_ = fingerprints(LECTURE)
    assert fingerprints("# a comment\n\n" + LECTURE.replace("conv K=6", "conv  K=6")) == [before]
    twice = fingerprints("input 32x32x3\ncnov 1\ncnov 1\n")
    assert len(set(twice)) == 2


# GitHub's workflow commands


def test_a_diagnostic_is_a_workflow_command(capsys: pytest.CaptureFixture[str], broken: Path) -> None:
    assert main(["check", "--format", "github", ODD]) == 1
    (line,) = capsys.readouterr().out.splitlines()
    head, _, text = line.removeprefix("::").partition("::")
    assert head == "error file=a%2C b%25%3Aü.net,line=3,col=10,endLine=3,endColumn=17,title=E301"
    message = text.replace("%0A", "\n").replace("%25", "%").split("\n")
    assert message[0] == "`conv2` leaves real pixels unread: (26 − 5 + 0)/2 + 1 = 11.5"
    assert message[1] == "(N − F + 2P)/S + 1 = (26 − 5 + 0)/2 + 1 = 11.5"
    assert "fix: S=2 → S=1 in conv2, line 3: 22×22×6" in message


def test_a_workflow_command_holds_no_other(capsys: pytest.CaptureFixture[str], broken: Path) -> None:
    name, text = "##vso[task.complete]::a.net", 'input 8x8x3\ncnov "##teamcity[x]" ##[error]\n'
    Path(name).write_text(text, encoding="utf-8")
    assert main(["check", "--format", "github", name]) == 1
    for line in capsys.readouterr().out.splitlines():
        assert line.startswith(r"::error file=\x23#vso[task.complete]%3A%3Aa.net,line=")
        assert not re.search(r"##\w*\[", line)


def test_a_place_of_several_lines_has_no_columns(capsys: pytest.CaptureFixture[str], broken: Path) -> None:
    Path("a.net").write_text("input 8x8x4\na: relu\nadd {\n  | relu\n  | tanh\n}\n@a -> fc 2\n", encoding="utf-8")
    assert main(["check", "--format", "github", "a.net"]) == 0
    assert "::warning file=a.net,line=3,endLine=6,title=W101::nothing reads `add1`" in capsys.readouterr().out


def test_the_levels_of_github(capsys: pytest.CaptureFixture[str], broken: Path) -> None:
    Path("a.net").write_text("input 32x32x3\nconv K=8 F=3\nbn\nrelu\nfc 10\n", encoding="utf-8")
    assert main(["check", "--format", "github", "a.net"]) == 0
    commands = [re.match(r"::(\w+) .*title=(\w+)::", line) for line in capsys.readouterr().out.splitlines()]
    assert {(found[1], found[2][0]) for found in commands if found} == {("warning", "W"), ("notice", "N")}
    assert all(commands)


def test_a_percent_sign_is_escaped_in_a_message(capsys: pytest.CaptureFixture[str], broken: Path) -> None:
    Path("a.net").write_text("input 224x224x3\nfc 4096 -> relu -> fc 10\n", encoding="utf-8")
    main(["check", "--format", "github", "a.net"])
    assert "%25 of" in capsys.readouterr().out


@pytest.mark.parametrize("format", ["sarif", "github"])
def test_what_cannot_be_carried_out_prints_nothing(
    format: str, capsys: pytest.CaptureFixture[str], broken: Path
) -> None:
    assert main(["check", "--format", format, ODD, "missing.net"]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "there is no file missing.net" in captured.err


def test_where_all_is_well_github_is_told_nothing(capsys: pytest.CaptureFixture[str], broken: Path) -> None:
    Path("a.net").write_text("input 4x4x1\nfc 2\n", encoding="utf-8")
    assert main(["check", "--format", "github", "a.net"]) == 0
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("format", ["sarif", "github"])
def test_the_renderers_import_nothing_heavy(format: str, broken: Path) -> None:
    program = (
        f"import sys; from specnet.cli import main; main(['check', '--format', '{format}', {ODD!r}])\n"
        "heavy = {'torch', 'numpy', 'rich', 'matplotlib', 'networkx', 'graphviz', 'jsonschema', 'yaml'}\n"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"
