"""The commands of the pre-commit hooks and the GitHub Action, on valid and broken specs."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from paths import ROOT

HOOKS = (ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8")
ACTION = (ROOT / "action.yml").read_text(encoding="utf-8")

GOOD = "input 32x32x3\n\nconv K=16 F=5 S=3 -> relu\nfc 10\n"
BROKEN = "input 32x32x3\n\nconv K=16 F=7 -> relu\nconv K=16 F=5 S=2\nfc 10\n"
UNTIDY = "input   32x32x3\nconv K=16 F=5 S=3->relu\nfc 10\n"


def run(command: list[str], folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    settings = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, env=settings)


def test_neither_installs_torch() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    names = {re.match(r"[\w-]+", dependency)[0] for dependency in project["dependencies"]}  # type: ignore[index]
    assert names == {"lark", "pydantic", "networkx", "graphviz"}
    assert re.search(r'pip install .*\\\n +--target .* "\$GITHUB_ACTION_PATH"\n', ACTION)
    assert "additional_dependencies" not in HOOKS


# Hooks


def hooks() -> dict[str, dict[str, str]]:
    """Return the keys of each hook by its id; the file uses no more of YAML than a list of one-line entries."""
    found: dict[str, dict[str, str]] = {}
    for item in re.split(r"^- ", HOOKS, flags=re.MULTILINE)[1:]:
        keys = dict(line.strip().split(": ", 1) for line in item.strip().splitlines())
        assert not any(re.search(": | #|^[`@&*!%]", value) for value in keys.values()), "YAML would need quotes"
        found[keys["id"]] = keys
    return found


@pytest.mark.parametrize(
    ("hook", "text", "code"),
    [
        ("specnet-check", GOOD, 0),
        ("specnet-check", UNTIDY, 0),
        ("specnet-check", BROKEN, 1),
        ("specnet-fmt", GOOD, 0),
        ("specnet-fmt", BROKEN, 0),
        ("specnet-fmt", UNTIDY, 1),
    ],
)
def test_a_hook_fails_where_it_should(hook: str, text: str, code: int, tmp_path: Path) -> None:
    (tmp_path / "a.net").write_text(text, encoding="utf-8")
    keys = hooks()[hook]
    words = [*shlex.split(keys["entry"]), *keys.get("args", "[]").strip("[]").split()]
    done = run([sys.executable, "-m", *words, "a.net"], tmp_path)
    assert done.returncode == code, done.stderr
    assert (tmp_path / "a.net").read_text(encoding="utf-8") == text


def test_the_hooks_look_at_specs_only() -> None:
    assert set(hooks()) == {"specnet-check", "specnet-fmt"}
    for keys in hooks().values():
        assert keys["language"] == "python"
        assert re.search(keys["files"], "specs/alexnet.net")
        assert not re.search(keys["files"], "specs/alexnet.network")


# Action


def repository(folder: Path, **texts: str) -> Path:
    """Make a git repository that tracks these specs."""
    for name, text in texts.items():
        file = folder / "nets" / f"{name} of mine.net"
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8")
    for words in (["init", "-q"], ["add", "."]):
        subprocess.run(["git", *words], cwd=folder, check=True)
    return folder


def act(
    folder: Path, paths: str = "*.net", sarif: str = "", plugins: str = "false"
) -> subprocess.CompletedProcess[str]:
    """Run the last step of the action."""
    script = ACTION.rpartition("run: |")[2].strip()
    settings = {"GITHUB_ACTION_PATH": str(ROOT), "PYTHON": sys.executable, "PATHS": paths, "SARIF": sarif}
    settings["PLUGINS"] = plugins
    assert all(f"{name}: ${{{{" in ACTION for name in ("PYTHON", "PATHS", "SARIF", "PLUGINS"))
    return run(["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script], folder, **settings)


needs_git = pytest.mark.skipif(not (shutil.which("git") and shutil.which("bash")), reason="git or bash is not here")


@needs_git
def test_the_action_is_content_with_a_good_spec(tmp_path: Path) -> None:
    done = act(repository(tmp_path, good=GOOD), sarif="log.sarif")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert '"results": []' in (tmp_path / "log.sarif").read_text(encoding="utf-8")


@needs_git
def test_the_action_shows_what_is_wrong_at_its_line(tmp_path: Path) -> None:
    done = act(repository(tmp_path, good=GOOD, bad=BROKEN), sarif="log.sarif")
    assert done.returncode == 1
    (line,) = done.stdout.splitlines()
    assert line.startswith("::error file=nets/bad of mine.net,line=4,col=11,endLine=4,endColumn=18,title=E301::")
    assert '"ruleId": "E301"' in (tmp_path / "log.sarif").read_text(encoding="utf-8")


@needs_git
def test_the_action_names_files_that_are_not_formatted(tmp_path: Path) -> None:
    done = act(repository(tmp_path, good=GOOD, untidy=UNTIDY))
    assert done.returncode == 1
    named, command = done.stdout.splitlines()
    assert named == "nets/untidy of mine.net: would be formatted"
    assert command.startswith("::error title=specnet fmt::")


@needs_git
def test_the_action_takes_the_paths_it_is_given(tmp_path: Path) -> None:
    folder = repository(tmp_path, good=GOOD, bad=BROKEN)
    assert act(folder, paths="nets/good* other/*.net").returncode == 0
    done = act(folder, paths="specs/*.net")
    assert done.returncode == 1
    assert "::error::no file in this repository is named by `paths`: specs/*.net" in done.stdout


# Plugins


def hostile(folder: Path) -> Path:
    """Write a project whose plugin leaves a file behind when it is imported; return where."""
    mark = folder / "was-here"
    (folder / "pyproject.toml").write_text('[tool.specnet]\nplugins = ["hostile"]\n', encoding="utf-8")
    (folder / "hostile.py").write_text(f"open({str(mark)!r}, 'w')\n", encoding="utf-8")
    return mark


def shadow(folder: Path) -> Path:
    """Write modules of the names of SpecNet, of Python's json and of pip that leave a file behind; return where."""
    mark = folder / "was-here"
    for name in ("json.py", "specnet/__init__.py", "specnet/__main__.py", "pip/__init__.py", "pip/__main__.py"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(f"open({str(mark)!r}, 'w')\n", encoding="utf-8")
    return mark


@pytest.mark.parametrize(
    ("hook", "arguments"), [("specnet-check", []), ("specnet-fmt", ["--check"]), ("specnet-fmt", ["--check", "--fill"])]
)
def test_a_hook_runs_no_code_of_the_repository(hook: str, arguments: list[str], tmp_path: Path) -> None:
    mark = hostile(tmp_path)
    (tmp_path / "a.net").write_text(GOOD, encoding="utf-8")
    keys = hooks()[hook]
    words = [*shlex.split(keys["entry"]), *arguments]
    assert run([sys.executable, "-m", *words, "a.net"], tmp_path).returncode == int("--fill" in words), (
        "--fill misses claims"
    )
    assert not mark.exists()
    run([sys.executable, "-m", "specnet", "check", "a.net"], tmp_path)
    assert mark.exists(), "the plugin of this test does what a hostile one would"


@needs_git
@pytest.mark.parametrize("plugins", ["false", "", "True", "no; true"])
def test_the_action_runs_no_code_of_the_repository(plugins: str, tmp_path: Path) -> None:
    mark = hostile(tmp_path)
    assert act(repository(tmp_path, good=GOOD), sarif="log.sarif", plugins=plugins).returncode == 0
    assert not mark.exists()


@needs_git
def test_the_action_runs_plugins_for_those_who_trust_them(tmp_path: Path) -> None:
    mark = hostile(tmp_path)
    assert act(repository(tmp_path, good=GOOD), plugins="true").returncode == 0
    assert mark.exists()


@needs_git
@pytest.mark.parametrize("plugins", ["false", "true"])
def test_the_action_runs_no_module_that_only_has_the_name_of_another(plugins: str, tmp_path: Path) -> None:
    mark = shadow(tmp_path)
    done = act(repository(tmp_path, good=GOOD), sarif="log.sarif", plugins=plugins)
    assert (done.returncode, done.stderr) == (0, "")
    assert not mark.exists()
    run([sys.executable, "-m", "specnet"], tmp_path)
    assert mark.exists(), "without -P these modules are run"


def test_the_action_never_lets_python_look_in_the_repository() -> None:
    commands = re.findall(r'"\$PYTHON" .*', ACTION + (ROOT / "tools" / "check-specs").read_text(encoding="utf-8"))
    assert len(commands) == 2
    assert all(command.startswith('"$PYTHON" -P ') for command in commands)
