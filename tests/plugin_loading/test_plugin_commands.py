"""Commands import the plugins of a project and of installed packages, and say in one line what is wrong with one."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from plugin_projects import LAYERS, forget_plugins, write_project

from specnet.cli import main

PLAIN = LAYERS.replace("mypkg.modules:Swish", "nn.SiLU").replace("(ModuleLayer)", "(Activation)")
"""Layers that need no torch."""

TWICE = """

@register
class Halve(Activation):
    module: ClassVar[str] = "nn.ReLU"
"""

LINT = """

from specnet.plugins import Lint

@register
class Any(Lint):
    \"\"\"There is a network.\"\"\"

    def find(self, view):
        yield view.make_finding(view.network.nodes[-1])
"""

RELU = "input 8x8x3\nconv K=4 F=3 -> relu\nfc 10\n"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write_project(tmp_path)
    (tmp_path / "net.net").write_text("input 8x8x3\nconv K=4 F=3 -> softshrink -> halve\nfc 10\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def rewrite(project: Path, layers: str) -> None:
    (project / "mypkg" / "layers.py").write_text(layers, encoding="utf-8")


def test_the_plugins_of_a_project_are_imported_and_named(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "net.net"]) == 0
    captured = capsys.readouterr()
    assert "\nplugins: mypkg.layers 0.3 (plugins of pyproject.toml)\n" in captured.out
    assert captured.err == ""
    assert main(["check", "net.net", "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["plugins"] == [{"module": "mypkg.layers", "origin": "plugins of pyproject.toml", "version": "0.3"}]
    assert [layer["macs"] for layer in found["layers"]] == [3888, 0, None, 1440]
    assert found["totals"]["macs"] is None


def test_a_package_may_lie_in_src(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_project(tmp_path, src="src")
    (tmp_path / "deep" / "er").mkdir(parents=True)
    (tmp_path / "deep" / "er" / "a.net").write_text("input 8\nsoftshrink\n")
    before = [*sys.path]
    assert main(["check", str(tmp_path / "deep" / "er" / "a.net")]) == 0
    assert sys.path == before


def test_an_installed_package_announces_its_plugins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    site = tmp_path / "site"
    write_project(site)
    metadata = site / "ours-1.2.dist-info"
    metadata.mkdir()
    points = (
        "[console_scripts]\nspecnet = other:main\n\n[specnet.plugins]\n# ours\nlayers = mypkg.layers\n[more]\na=b\n"
    )
    (metadata / "entry_points.txt").write_text(points)
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.chdir(tmp_path)
    Path("a.net").write_text("input 8\nsoftshrink\n")
    assert main(["check", "a.net"]) == 0
    assert "plugins: mypkg.layers 1.2 (the package ours)" in capsys.readouterr().out
    forget_plugins()
    assert main(["check", "a.net", "--no-plugins"]) == 1
    out = capsys.readouterr().out
    assert "E101" in out
    assert "plugins that may define it were not loaded: mypkg.layers 1.2 (the package ours)" in out


@pytest.mark.parametrize("value", ["mypkg.layers:Swish", "mypkg.layers [train]", "mypkg.layers:Swish.more [a, b]"])
def test_an_entry_point_may_name_an_object_and_extras(
    value: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    announce(tmp_path, value, monkeypatch)
    assert main(["check", "a.net"]) == 0
    assert "plugins: mypkg.layers 1.2 (the package ours)" in capsys.readouterr().out


def test_a_broken_package_names_the_way_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    announce(tmp_path, "elsewhere.nothing", monkeypatch)
    assert main(["check", "alexnet"]) == 2
    err = capsys.readouterr().err
    assert (
        "the plugin elsewhere.nothing 1.2 (the package ours): there is no module elsewhere, for elsewhere.nothing, in "
        in err
    )
    assert err.endswith("; without the package ours, or with `--no-plugins`, it is not imported\n")
    assert main(["check", "alexnet", "--no-plugins"]) == 0


def announce(folder: Path, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Install a package that announces a plugin, and go to a folder with a spec."""
    write_project(folder / "site")
    metadata = folder / "site" / "ours-1.2.dist-info"
    metadata.mkdir()
    (metadata / "entry_points.txt").write_text(f"[specnet.plugins]\nlayers = {value}\n")
    monkeypatch.syspath_prepend(str(folder / "site"))
    monkeypatch.chdir(folder)
    Path("a.net").write_text("input 8\nsoftshrink\n")


def test_a_view_takes_the_option_of_all_commands(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["filters", "--no-plugins"], ["--no-plugins"]):
        main(["show", str(tmp_path), *words])
        assert "takes no" not in capsys.readouterr().err


@pytest.mark.parametrize(
    "command",
    [
        ["check", "net.net"],
        ["draw", "net.net", "-o", "a.svg"],
        ["compile", "net.net"],
        ["fmt", "--fill", "net.net"],
        ["sizes", "net.net"],
        ["table", "net.net"],
        ["diff", "net.net", "net.net"],
        ["explain", "softshrink"],
        ["solve", "net.net", "--let", "x", "--budget", "parameters=5000"],
    ],
    ids=lambda command: command[0],
)
def test_every_command_imports_plugins_or_refuses_to(
    command: list[str], project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = "let x = 4\n" + (project / "net.net").read_text().replace("K=4", "K=x")
    (project / "net.net").write_text(text)
    assert main([*command, "--no-plugins"]) in (1, 2)
    assert "mypkg" not in sys.modules
    (project / "net.net").write_text(text)
    capsys.readouterr()
    assert main(command) == 0, capsys.readouterr().err
    assert "mypkg.layers" in sys.modules


def test_without_plugins_a_fix_is_no_safe_one(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rewrite(project, PLAIN.replace("class Softshrink", "class Drop_out"))
    (project / "net.net").write_text("input 8\ndrop_out\n")
    main(["check", "net.net", "--no-plugins", "--fix"])
    assert (project / "net.net").read_text() == "input 8\ndrop_out\n"


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ("import nowhere_at_all\n", "fails at {file}:1: ModuleNotFoundError: No module named 'nowhere_at_all'"),
        ("x = 1\nraise ValueError('no\\nluck')\n", "fails at {file}:2: ValueError: no luck"),
        ("raise GeneratorExit('no')\n", "fails at {file}:1: GeneratorExit: no"),
        ("class E(BaseException): pass\n\nraise E\n", "fails at {file}:3: E"),
        (PLAIN + TWICE, "the layer `halve` is registered twice, at {file}:"),
        ("def f(:\n", "cannot be read: invalid syntax, at {file}:1"),
        ("import sys\nsys.exit(3)\n", "fails at {file}:2: it calls sys.exit(3)"),
        ("from specnet.plugins import Nothing\n", "cannot import name 'Nothing' from 'specnet.plugins'"),
        ("SPECNET_PLUGIN_API = 99\n", "is written for version 99 of specnet.plugins, and SpecNet"),
        (PLAIN.replace("class Softshrink", "class Relu"), 'takes the name of a layer of SpecNet; `@register("NAME")`'),
        (PLAIN.replace('"se"', '"repeat"'), "the layer `repeat` takes the name of a word of the language"),
        (PLAIN.replace('"se"', '"swish"'), "the layer `swish` is registered twice, at {file}:"),
        (PLAIN.replace('"se"', '"a-b"'), "`a-b` cannot be a word of a spec"),
        (PLAIN.replace('    module: ClassVar[str] = "nn.Softshrink"\n', ""), "the layer `softshrink` has no `module`"),
        (PLAIN.replace("Family] = Family.RESHAPING", "Family]"), "the layer `halve` has no `family`, which is one of"),
        (PLAIN.replace("    def torch", "    def torches"), "the layer `halve` has no `torch`"),
        (PLAIN.replace("Positive = Field(", "Positively = Field("), "NameError: name 'Positively' is not defined"),
        ("from specnet.plugins import register\n@register\nclass A:\n    pass\n", "derived from one of Augment, "),
    ],
)
def test_a_plugin_that_cannot_be_used_is_one_message(
    layers: str, message: str, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rewrite(project, layers)
    assert main(["check", "net.net"]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert len(captured.err.splitlines()) == 1
    assert message.format(file=project / "mypkg" / "layers.py") in captured.err


@pytest.mark.parametrize(
    ("module", "message"),
    [
        ("mypkg.layer", "there is no module mypkg.layer in "),
        ("nowhere.layers", "there is no module nowhere, for nowhere.layers, in "),
    ],
)
def test_a_plugin_that_there_is_not(
    module: str, message: str, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "pyproject.toml").write_text(f'[tool.specnet]\nplugins = ["{module}"]\n')
    assert main(["check", "net.net"]) == 2
    err = capsys.readouterr().err
    assert f"the plugin {module} (plugins of pyproject.toml): {message}{project}" in err
    assert err.count(str(project)) == 1


@pytest.mark.parametrize(
    ("module", "advice"),
    [("mypkg/layers.py", "write `mypkg.layers`"), ("pl.py", "write `pl`"), ("a b", "one is mypkg.layers")],
)
def test_a_name_of_a_file_is_no_module(
    module: str, advice: str, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "pyproject.toml").write_text(f'[tool.specnet]\nplugins = ["{module}"]\n')
    assert main(["check", "net.net"]) == 2
    said = f"plugins of pyproject.toml: `{module}` is no name of a module; {advice}"
    assert capsys.readouterr().err == f"error: {said}\n"


def test_a_module_may_clear_the_path_of_modules(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [*sys.path])
    rewrite(project, f"import sys\n{PLAIN}\nsys.path.clear()\n")
    assert main(["check", "net.net"]) == 0


def test_two_plugins_with_one_name(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "more.py").write_text((project / "mypkg" / "layers.py").read_text())
    (project / "pyproject.toml").write_text('[tool.specnet]\nplugins = ["mypkg.layers", "more"]\n')
    assert main(["check", "net.net"]) == 2
    err = capsys.readouterr().err
    assert f"the layer `softshrink` is registered twice, at {project}/mypkg/layers.py:" in err
    assert f" of mypkg.layers and {project}/more.py:" in err


def test_what_a_plugin_prints_does_not_reach_the_output(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rewrite(project, LAYERS + '\nprint("hello\\nthere")\n')
    assert main(["check", "net.net", "--format", "json"]) == 0
    captured = capsys.readouterr()
    assert json.loads(captured.out)["ok"]
    assert captured.err == "note: the plugin mypkg.layers prints while it is imported: hello there\n"


def test_a_plugin_that_registers_nothing_is_told_how(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rewrite(project, "")
    (project / "net.net").write_text(RELU)
    assert main(["check", "net.net"]) == 0
    assert "mypkg.layers 0.3 (plugins of pyproject.toml) registers nothing; `@register`" in capsys.readouterr().err


def test_a_word_of_a_plugin_is_suggested_and_explained(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "net.net").write_text("input 8\nsoftshrnk lamd=1\n")
    assert main(["check", "net.net"]) == 1
    assert "did you mean `softshrink lambd=1`?" in capsys.readouterr().out
    (project / "net.net").write_text("input 8\nsoftshrink lamb=1\nsoftshrink lambd=0\n")
    assert main(["check", "net.net"]) == 1
    out = capsys.readouterr().out
    assert "did you mean `lambd`?" in out
    assert "must be more than 0" in out
    assert main(["explain", "softshrink"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("softshrink: x − λ above λ, x + λ below −λ, else 0.\n")
    assert f"from mypkg.layers 0.3 (plugins of pyproject.toml), {project}/mypkg/layers.py:13" in out
    assert "half the width of the zeros" in out
    assert main(["explain"]) == 0
    assert "of plugins\n\nhalve       x/2, as a function of ours. (layer of mypkg.layers)" in capsys.readouterr().out


def test_a_block_cannot_take_the_name_of_a_layer_of_a_plugin(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "net.net").write_text("block halve(K) { conv K=K F=1 }\ninput 8x8x3\nhalve 4\n")
    assert main(["check", "net.net"]) == 1
    assert "E107" in capsys.readouterr().out


@pytest.mark.parametrize("command", ["check", "table", "diff"])
def test_two_projects_with_plugins_need_a_command_each(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        write_project(tmp_path / name, module=f"{name}.layers").write_text("input 8\nsoftshrink\n")
        (tmp_path / name / "mypkg").rename(tmp_path / name / name)
    assert main([command, f"{tmp_path}/one/net.net", f"{tmp_path}/two/net.net"]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert f"two projects with plugins, {tmp_path}/one and {tmp_path}/two, in one command: " in captured.err
    assert captured.err.endswith("name their specs in separate commands\n")


@pytest.mark.parametrize("files", [["one/net.net", "two/net.net"], ["two/net.net", "one/net.net"]])
def test_a_spec_has_the_layers_and_lints_of_no_other_project(
    files: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    spec = "input 8\nsoftshrink\nfc 3\n"
    (tmp_path / "one").mkdir()
    write_project(tmp_path / "one", PLAIN + LINT).write_text(spec)
    (tmp_path / "two").mkdir()
    (tmp_path / "two" / "pyproject.toml").touch()
    (tmp_path / "two" / "net.net").write_text(spec)
    monkeypatch.chdir(tmp_path)
    assert main(["check", "--format", "json", *files]) == 1
    found = {each["file"]: each for each in json.loads(capsys.readouterr().out)}
    assert [each["code"] for each in found["one/net.net"]["diagnostics"]] == ["mypkg/any"]
    (error,) = found["two/net.net"]["diagnostics"]
    assert error["code"] == "E101"
    assert "softshrink" not in json.dumps(error["fixes"])
    (tmp_path / "two" / "net.net").write_text("input 8\nfc 3\n")
    assert main(["check", "--format", "json", *files]) == 0
    found = {each["file"]: each for each in json.loads(capsys.readouterr().out)}
    assert found["two/net.net"]["diagnostics"] == []


def test_a_budget_of_what_is_unknown(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "net.net").write_text("let x = 4\ninput 8x8x3\nconv K=x F=3 -> halve\nfc 10\n")
    assert main(["solve", "net.net", "--let", "x", "--budget", "macs=1M"]) == 1
    assert capsys.readouterr().err == "error: net.net: its macs is unknown\n"


def test_a_plugin_that_fails_is_told_once(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rewrite(project, "raise ValueError\n")
    (project / "more.net").write_text(RELU)
    assert main(["check", "net.net", "more.net"]) == 2
    assert capsys.readouterr().err.count("error: ") == 1
    assert main(["explain", "conv", "optimizer"]) == 0
    captured = capsys.readouterr()
    assert captured.out.startswith("conv: ")
    assert captured.err.startswith("note: the plugin mypkg.layers 0.3 (plugins of pyproject.toml) fails at ")


def test_codes_and_layers_of_specnet_are_explained_without_plugins(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["explain", "conv", "e308"]) == 0
    captured = capsys.readouterr()
    assert captured.out.startswith("conv: ")
    assert captured.err == ""
    assert "mypkg" not in sys.modules
