"""Lints of plugins: what they find is reported, allowed and explained like the rest; a mistake of theirs is named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, ClassVar

import pytest
from plugin_projects import forget_plugins, write_project

import specnet
from specnet.analyses.lints.own import OWN_LINTS
from specnet.cli import main
from specnet.plugins import Finding, Lint, PluginError, Severity, View, register

LINTS = '''"""One lint."""

from specnet.plugins import Lint, Severity, register


@register
class WideFc(Lint):
    """A fully connected layer has more than 100 outputs {or so}.

    Most of its weights do nothing.
    """

    help = "100 do"

    def find(self, view):
        print("reading")
        for node in view.network.nodes:
            if node.layer.kind == "fc" and node.output[0] > 100:
                yield view.make_finding(node, "out_features", f"{node.output[0]} > 100")


@register("no_bn")
class MissingNormalisation(Lint):
    """The network has no normalisation."""

    severity = Severity.NOTE

    def find(self, view):
        if not any(node.layer.kind == "bn" for node in view.network.nodes):
            yield view.make_finding(view.network.nodes[0], fact=f"`{view.network.name}` has no `bn`")
'''

SPEC = "net Wide\ninput 8\nfc 200 {}\nrelu -> fc 10\n"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write_project(tmp_path, LINTS, "mypkg.layers")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "wide.net").write_text(SPEC.format(""))
    return tmp_path


def read_codes(capsys: pytest.CaptureFixture[str]) -> dict[str, str]:
    found = json.loads(capsys.readouterr().out)["diagnostics"]
    return {each["code"]: each["severity"] for each in found}


def test_findings_are_warnings_and_notes_under_the_codes_of_the_package(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", "wide.net"]) == 0
    out, err = capsys.readouterr()
    assert "warning[mypkg/wide_fc]: A fully connected layer has more than 100 outputs {or so}" in out
    assert "^^^ 200 > 100\n  = help: 100 do\n" in out
    assert "note[mypkg/no_bn]: `Wide` has no `bn`" in out
    assert "reading" in err


def test_strict_makes_an_error_of_a_warning(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "wide.net", "--strict", "--format", "json"]) == 1
    assert read_codes(capsys) == {"mypkg/wide_fc": "error", "mypkg/no_bn": "note"}


@pytest.mark.parametrize("comment", ["mypkg/wide_fc", "N501, mypkg/wide_fc as it was published"])
def test_a_comment_allows_a_finding(comment: str, project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "wide.net").write_text(SPEC.format(f"# specnet: allow {comment}"))
    assert main(["check", "wide.net", "--format", "json"]) == 0
    assert read_codes(capsys) == {"mypkg/no_bn": "note"}


def test_a_project_allows_findings(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = project / "pyproject.toml"
    file.write_text(file.read_text() + 'allow = ["mypkg/no_bn"]\n')
    assert main(["check", "wide.net", "--format", "json"]) == 0
    assert read_codes(capsys) == {"mypkg/wide_fc": "warning"}
    forget_plugins()
    assert main(["check", "wide.net", "--format", "json", "--no-plugins"]) == 0
    assert read_codes(capsys) == {}


def test_a_code_that_there_is_not_is_one_to_correct(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "wide.net").write_text(SPEC.format("# specnet: allow mypkg/wide_fx"))
    assert main(["check", "wide.net"]) == 0
    assert "there is no code `mypkg/wide_fx` to allow; did you mean `mypkg/wide_fc`?" in capsys.readouterr().out
    (project / "wide.net").write_text(SPEC.format("# specnet: allow other/wide_fx"))
    assert main(["check", "wide.net", "--format", "json"]) == 0
    assert "W506" not in read_codes(capsys)


@pytest.mark.parametrize("word", ["mypkg/wide_fc", "wide_fc"])
def test_a_code_is_explained_with_where_it_comes_from(
    word: str, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["explain", word]) == 0
    out = capsys.readouterr().out
    assert out.startswith("# mypkg/wide_fc: A fully connected layer has more than 100 outputs {or so}\n\nMost of its")
    assert f"from mypkg.layers 0.3 (plugins of pyproject.toml), {project}/mypkg/layers.py:6" in out
    assert main(["explain"]) == 0
    assert "mypkg/no_bn    The network has no normalisation. (lint of mypkg.layers)" in capsys.readouterr().out


def test_code_scanning_has_a_rule_for_each(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "wide.net", "--format", "sarif"]) == 0
    run = json.loads(capsys.readouterr().out)["runs"][0]
    rules = {rule["id"]: rule for rule in run["tool"]["driver"]["rules"]}
    assert rules["mypkg/wide_fc"]["defaultConfiguration"] == {"level": "warning"}
    assert rules["mypkg/wide_fc"]["fullDescription"]["text"] == "Most of its weights do nothing."
    assert str(project) not in rules["mypkg/wide_fc"]["help"]["text"]
    assert {result["ruleId"] for result in run["results"]} == set(rules) == {"mypkg/wide_fc", "mypkg/no_bn"}
    assert main(["check", "wide.net", "--format", "github"]) == 0
    assert "::warning file=wide.net,line=3,col=4,endLine=3,endColumn=7,title=mypkg/wide_fc::" in capsys.readouterr().out


def make_lint(find: Any, **members: Any) -> None:
    register("ours")(type("Ours", (Lint,), {"__module__": __name__, "find": find, **members}))


def raise_error(self: Any, view: View) -> Any:
    raise KeyError("conv9")


@pytest.mark.parametrize(
    ("find", "message"),
    [
        (raise_error, r"the lint `tests/ours` of .* cannot read .*: its `find` fails at .*:\d+: KeyError: 'conv9'"),
        (lambda self, view: exit(), r"its `find` fails at .*: it calls sys.exit\(None\)"),
        (lambda self, view: None, "TypeError: 'NoneType' object is not iterable"),
        (lambda self, view: ["fc1"], r"yields 'fc1', and not what `view.make_finding` returns; it stands at .*py"),
    ],
)
def test_a_lint_that_fails_is_one_message(find: Any, message: str) -> None:
    make_lint(find)
    with pytest.raises(PluginError, match=message):
        specnet.check(SPEC.format(""))


def test_a_spec_with_errors_is_not_linted() -> None:
    make_lint(raise_error)
    assert not specnet.check("input 8\nconv K=3 F=3\n").ok


def test_findings_need_no_place() -> None:
    make_lint(lambda self, view: [Finding(None)])
    (found,) = specnet.check("input 8\nfc 10\n").diagnostics
    assert (found.code.name, found.code.value, found.message) == ("tests/ours", "tests/ours", "tests/ours")


class Empty(Lint):
    """It has no `find`."""


class Grave(Lint):
    """It is an error."""

    severity: ClassVar[Severity] = Severity.ERROR

    def find(self, view: View) -> Any:
        return ()


def test_a_lint_that_is_not_complete_is_refused() -> None:
    with pytest.raises(PluginError, match="the lint `tests/empty` has no `find`"):
        register(Empty)
    with pytest.raises(PluginError, match=r"the `severity` of the lint `tests/grave` is Severity.WARNING or Severity"):
        register(Grave)
    with pytest.raises(PluginError, match=r"py: the `help` of the lint `tests/ours` is a text, not 5"):
        make_lint(lambda self, view: (), help=5)


def test_lints_of_two_packages_may_have_one_name() -> None:
    for package in ("one", "other"):
        members = {"__module__": f"{package}.lints", "find": lambda self, view: ()}
        register("wide")(type("Wide", (Lint,), members))
    assert OWN_LINTS.list_words() == ("one/wide", "other/wide")
