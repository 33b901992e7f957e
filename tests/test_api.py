"""The public names, and the tree of exceptions."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_type_hints

import pytest

import specnet
from specnet import errors


def test_public_names_are_listed_and_resolved() -> None:
    assert set(specnet.__all__) <= set(dir(specnet))
    assert sorted(specnet.__all__) == sorted(name for names in specnet._MODULES.values() for name in names)
    assert "__version__" in dir(specnet)
    assert specnet.check("input 8x8x1\nconv 4 F=3\n").ok
    with pytest.raises(AttributeError, match="no attribute 'chekc'"):
        specnet.chekc  # type: ignore[attr-defined]  # noqa: B018 # such a name is what the test is about


def test_importing_the_package_imports_nothing_else() -> None:
    program = "import sys, specnet; print(sorted(name for name in sys.modules if name.startswith('specnet')))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['specnet', 'specnet.errors', 'specnet.package']"


@pytest.mark.torch
def test_the_tree_of_exceptions_is_complete() -> None:
    for name in specnet.__all__:
        getattr(specnet, name)

    def names(kind: type[BaseException]) -> list[str]:
        return [kind.__name__, *(name for child in kind.__subclasses__() for name in names(child))]

    tree = inspect.getdoc(errors) or ""
    drawn = re.findall(r"[├└]── (\w+)", tree)
    drawn_below_training = re.findall(r"^ +[├└]── (\w+)", tree, re.MULTILINE)
    assert sorted(names(specnet.SpecNetError)) == sorted(["SpecNetError", *drawn])
    assert sorted(names(specnet.TrainingError)) == sorted(["TrainingError", *drawn_below_training])


def test_a_bad_override_is_an_error_of_specnet() -> None:
    with pytest.raises(specnet.OverrideError, match="has no `let width`"):
        specnet.check("input 8x8x1\nconv 4 F=3\n", {"width": "2"})


def find_functions() -> list[Callable[..., Any]]:
    """Return the public functions, and the methods of the public classes."""
    found = []
    for name in specnet.__all__:
        public = getattr(specnet, name)
        methods = (
            [method for _, method in inspect.getmembers(public, inspect.isfunction)] if inspect.isclass(public) else []
        )
        found += methods if methods else [public]
    return [each for each in found if each.__module__.startswith("specnet")]


@pytest.mark.torch
def test_type_hints_can_be_read_as_the_program_runs() -> None:
    for each in find_functions():
        assert isinstance(get_type_hints(each), dict)


def test_only_public_names_are_listed() -> None:
    assert dir(specnet) == sorted([*specnet.__all__, "__version__"])


TEXT = "net Tiny\ninput 8x8x1\nlet K = 4\nconv K=K F=3 -> relu\nfc 10\ntrain { data digits\nepochs 0.1 }\n"


def test_a_published_network_has_its_bare_name() -> None:
    assert specnet.check("alexnet").totals.parameters == 62_378_344
    assert specnet.check("squeezenet-v1.1").ok
    with pytest.raises(FileNotFoundError, match="did you mean alexnet"):
        specnet.check("alxnet")
    with pytest.raises(FileNotFoundError, match="a text has a newline in it"):
        specnet.check("input 8x8x3")


def test_a_text_keeps_its_line_ends(tmp_path: Path) -> None:
    (tmp_path / "a.net").write_bytes(b'net T "a\rb"\r\ninput 8x8x3\r\nfc 2\r\n')
    assert specnet.check(tmp_path / "a.net").network.description == "a\rb"


def test_settings_may_be_values() -> None:
    checked = specnet.check(TEXT, {"K": 6, "epochs": 2, "input": (9, 9, 1), "optimizer.lr": 0.5, "data": "digits"})
    assert checked.network.shapes["conv1"] == (7, 7, 6)
    assert checked.network.training
    assert checked.network.training.epochs.count == 2


@pytest.mark.torch
def test_what_is_returned_shows_itself_in_one_line(tmp_path: Path) -> None:
    run = specnet.train(TEXT, run=tmp_path / "run", freeze="conv1")
    loaded = specnet.load_run(tmp_path / "run")
    image = tmp_path / "run/curves.png"
    shown = {
        repr(specnet.check("alexnet")): r"Checked\('.*alexnet.net': ok, 62,378,344 parameters\)",
        repr(specnet.check("input 8x8x1\ncnov 3\n")): r"Checked\('<text>': 1 of 1 messages are errors\)",
        repr(specnet.check("alexnet").network): r"Network\('AlexNet', \d+ layers\)",
        repr(run): r"Run\('.*run', test \d+\.\d+%\)",
        repr(loaded): r"LoadedRun\('.*run', Tiny, 10 classes, test \d+\.\d+%\)",
        repr(specnet.evaluate(loaded)): r"ClassificationMetrics\(accuracy .*% of 359, loss \d\.\d+\)",
        repr(specnet.predict(loaded, str(image), top=1)): r"\[Prediction\('.*curves.png': \d \d+\.\d+%\)\]",
    }
    for text, pattern in shown.items():
        assert re.fullmatch(pattern, text), text


@pytest.mark.torch
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"rnu": "x"}, "there is no option `rnu`; did you mean `run`?"),
        ({"precision": "fp8"}, "`precision` cannot be 'fp8'"),
        ({"workers": -1}, "`workers` cannot be -1"),
        ({"workers": "two"}, "`workers` cannot be 'two'"),
        ({"compile": "yes"}, "`compile` cannot be 'yes'"),
        ({"freeze": 3}, "`freeze` cannot be 3"),
    ],
    ids=str,
)
def test_an_option_that_is_not_possible(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        specnet.train(TEXT, **options)


@pytest.mark.torch
def test_an_argument_that_is_not_possible(tmp_path: Path) -> None:
    for call in (
        lambda: specnet.predict("no run", "im.png", top=-1),
        lambda: specnet.evaluate("no run", batch=-3),
        lambda: specnet.draw(TEXT, depth=-1),
    ):
        with pytest.raises(ValueError, match=r"not -\d"):
            call()
