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
    assert done.stdout.strip() == "['specnet', 'specnet.errors', 'specnet.file_access', 'specnet.package']"


@pytest.mark.torch
def test_the_tree_of_exceptions_is_complete() -> None:
    for name in specnet.__all__:
        getattr(specnet, name)

    def names(kind: type[BaseException]) -> list[str]:
        return [kind.__name__, *(name for child in kind.__subclasses__() for name in names(child))]

    tree = inspect.getdoc(errors) or ""
    drawn = re.findall(r"[├└]── (\w+)", tree)
    drawn_below_training = re.findall(r"^ +(?:│ +)?[├└]── (\w+)", tree, re.MULTILINE)
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
        repr(specnet.check("input 8x8x1\ncnov 3\n")): r"Checked\('<text>': 1 error\)",
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


class Stranger:
    """An object that no argument can be."""

    def __repr__(self) -> str:
        return "Stranger()"


GOOD: dict[str, Any] = {
    "source": TEXT,
    "network": None,
    "path": "run.pt2",
    "run": "no run",
    "images": "im.png",
    "name": "x",
    "shape": (8, 8, 1),
    "layer": "relu",
    "output": "input",
}
"""Values for the arguments that have no default."""


@pytest.mark.torch
def test_an_argument_of_another_type_is_refused_by_its_name() -> None:
    builder = specnet.NetworkBuilder("x")
    functions = [
        *(specnet.check, specnet.compile, specnet.digraph, specnet.draw, specnet.evaluate, specnet.load_run),
        *(
            specnet.export,
            specnet.predict,
            specnet.resume,
            specnet.train,
            specnet.NetworkBuilder,
            builder.input,
            builder.add,
            builder.network,
        ),
    ]
    for function in functions:
        named = [
            each
            for each in inspect.signature(function).parameters.values()
            if each.kind not in (each.VAR_KEYWORD, each.VAR_POSITIONAL)
        ]
        for parameter in named:
            values = {each.name: GOOD[each.name] for each in named if each.default is each.empty}
            expected = "a value is" if parameter.name == "output" else f"`{parameter.name}` is"
            with pytest.raises(TypeError, match=rf"^{expected} .*, not an object of the class Stranger$"):
                function(**values | {parameter.name: Stranger()})


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("", "a network of NetworkBuilder, not an empty text"),
        ("  ", "not an empty text"),
        ("a\0b", r"and none can be 'a\x00b'"),
        ("a\ud800b", r"and none can be 'a\ud800b'"),
        ("a" * 5000, "not 'aaaaaaaa"),
        ("input 8x8x1 " * 500, "not 'input 8x8x1 input"),
    ],
)
def test_a_text_that_can_be_no_source(source: str, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)) as refused:
        specnet.check(source)
    assert "\n" not in str(refused.value)
    assert len(str(refused.value)) < 250


@pytest.mark.parametrize("source", [None, 123, b"input 8x8x1\nfc 2\n", Path, ["alexnet"], specnet.check(TEXT)], ids=str)
def test_what_is_no_source(source: Any) -> None:
    with pytest.raises(TypeError, match="`source` is a path, the name of a published network, a text with a newline"):
        specnet.check(source)
    with pytest.raises(TypeError, match="its method `network` makes the network"):
        specnet.check(specnet.NetworkBuilder("x"))  # type: ignore[arg-type] # such a source is what the test is about


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ("K=3", "`settings` is a dictionary of values by name, such as {\"epochs\": 5}, not 'K=3'"),
        (["K=3"], "not ['K=3']"),
        ({3: 4}, "where the names are texts, not 3"),
        ({"K": None}, '`settings["K"]` is a text, a number, yes or no as a bool, or a tuple of numbers, not None'),
        ({"K": Stranger()}, "not an object of the class Stranger"),
        ({"K": b"3"}, "not b'3'"),
        ({"optimizer": {"lr": 3}}, "not {'lr': 3}"),
        ({"K": (3, None)}, "not (3, None)"),
    ],
    ids=str,
)
def test_settings_of_other_types(settings: Any, message: str) -> None:
    with pytest.raises(TypeError, match=re.escape(message)):
        specnet.check(TEXT, settings)


def test_settings_are_named_as_an_argument() -> None:
    for settings, message in (
        ({"K": " "}, 'settings["K"]` is a text'),
        ({"K": "3\nfc 3"}, r'settings["K"]: `3\nfc 3` is not a value'),
        ({"lr": 3}, 'settings["lr"]: the spec has no `let lr`; did you mean `optimizer.lr`?'),
    ):
        with pytest.raises(ValueError, match=re.escape(message)):
            specnet.check(TEXT, settings)
    (error,) = specnet.check(TEXT, {"epochs": -3}).errors
    assert error.span
    assert (error.span.source.name, error.span.source.text) == ("<settings>", "epochs=-3")


def test_a_path_may_be_a_setting() -> None:
    training = specnet.check(TEXT.replace("digits", 'folder "a"'), {"data.path": Path("some/where")}).network.training
    assert training
    assert training.data.path == "some/where"  # type: ignore[attr-defined] # a folder has one


def test_an_error_comes_with_the_fixes_that_are_verified() -> None:
    checked = specnet.check("input 32x32x3\nconv K=10 F=7\nconv K=6 F=5 S=2\n")
    assert [fix.title.partition(":")[0] for fix in checked.errors[0].fixes][:2] == [
        "S=2 → S=1 in conv2, line 3",
        "S=2 → S=3 in conv2, line 3",
    ]
    unverified = specnet.check("input 8x8x1\ncnov 3\n")
    assert not unverified.errors[0].fixes, "`conv 3` still lacks F"


@pytest.mark.torch
def test_an_error_says_only_fixes_that_are_verified() -> None:
    with pytest.raises(specnet.SpecError) as raised:
        specnet.compile("input 8x8x1\ncnov 3\n")
    assert "did you mean `conv`?" in str(raised.value)
    assert "fix:" not in str(raised.value)


def test_totals_show_themselves() -> None:
    totals = specnet.check("alexnet").totals
    assert repr(totals) == "Totals(62,378,344 parameters, 0 buffers, 1,135,256,096 MACs)"


@pytest.mark.torch
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"epochs": 3}, 'there is no option `epochs`; it is a setting: `settings={"epochs": 3}`'),
        ({"epoch": 3}, 'there is no option `epoch`; it is a setting: `settings={"epochs": 3}`'),
        ({"learning_rate": 0.5}, 'it is a setting: `settings={"optimizer.lr": 0.5}`'),
        ({"overrides": {"K": "3"}}, "there is no option `overrides`; `settings` takes values by name"),
        ({"data_dir": 3}, "the option `data_dir` cannot be 3: it is no path"),
        ({"freeze": None}, "the option `freeze` cannot be None: it is neither a text nor a list of texts"),
        ({"device": None}, "the option `device` cannot be None: it is no text"),
    ],
    ids=str,
)
def test_an_option_of_training_that_is_none(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        specnet.train(TEXT, **options)


@pytest.mark.torch
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"sharded": True}, "`sharded=True` is for several processes, and there is one; `specnet train --gpus N`"),
        ({"processes": 2}, "2 processes are asked for, and there is 1; leave the number to torchrun, or to `specnet"),
        ({"freeze": "fc9"}, "no part of the network is called `fc9`, as `freeze` says"),
    ],
    ids=str,
)
def test_messages_of_training_name_the_argument(options: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(specnet.TrainingError, match=re.escape(message)):
        specnet.train(TEXT, run=tmp_path / "run", **options)


@pytest.mark.torch
def test_a_spec_that_says_nothing_to_train() -> None:
    for text, message in (
        ("input 8x8x3\nfc 10\n", "the spec does not say what to train on; add at least `train { data cifar10 }`"),
        ("block a(K) {\nconv K=K F=3\n}\n", "the spec holds blocks alone, and no network to train"),
    ):
        with pytest.raises(specnet.UntrainableError, match=re.escape(message)):
            specnet.train(text)
