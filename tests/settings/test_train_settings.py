"""The lines of a `train` section."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

import specnet.settings
from specnet.attributes import Interval
from specnet.settings import Training, from_record, get_choices, list_lines, takes_several, to_record
from specnet.settings.augment import Brightness, Contrast, Flip, RandomCrop
from specnet.settings.data import Cifar10, Folder
from specnet.settings.optimizer import Sgd
from specnet.settings.split import Split


def test_a_line_is_a_file_and_a_field() -> None:
    files = {path.stem for path in Path(specnet.settings.__file__).parent.glob("*.py")}
    assert files - {"__init__", "training", "registration"} == set(list_lines())


@pytest.mark.parametrize("line", list_lines())
def test_every_choice_says_what_it_is_and_knows_its_words(line: str) -> None:
    for kind in get_choices(line).values():
        assert kind.__doc__
        assert {field for field, _ in kind.words.values()} | set(kind.positional) <= set(kind.model_fields)
    default = getattr(Training(), line)
    assert default is None or takes_several(line) or type(default) in get_choices(line).values()


def test_settings_survive_being_written_down() -> None:
    training = Training(
        data=Folder(path="pets", resize=(64, 48)),
        split=Split(validation=0.1),
        augment=(RandomCrop(), Flip(direction="vertical"), Contrast(factor=Interval(0.2, 1.8))),
        optimizer=Sgd(momentum=0.9, nesterov=True),
    )
    assert from_record(json.loads(json.dumps(to_record(training)))) == training


def test_a_number_stands_for_an_interval_around_one() -> None:
    assert Brightness(factor=0.25).factor == Interval(0.75, 1.25)
    assert Brightness(factor=2).factor == Interval(0, 3)


@pytest.mark.parametrize(
    ("line", "choice", "values"),
    [
        ("data", "cifar10", {"classes": 100}),
        ("data", "folder", {}),
        ("evaluate", "", {"along": "axes"}),
        ("split", "", {"validation": 0}),
        ("split", "", {"validation": 1.0}),
        ("optimizer", "sgd", {"lr": 0}),
        ("optimizer", "sgd", {"lr": float("nan")}),
        ("optimizer", "sgd", {"nesterov": True}),
        ("augment", "contrast", {"factor": Interval(1.8, 0.2)}),
        ("augment", "zoom", {"factor": 2}),
        ("augment", "zoom", {"factor": 0}),
        ("augment", "zoom", {"factor": Interval(1e-40, 1e-40)}),
        ("augment", "zoom", {"factor": Interval(1, 11)}),
        ("schedule", "onecycle", {"warmup": 1.0}),
        ("batch", "", {"size": 0}),
        ("epochs", "", {"count": 0}),
        ("seed", "", {"value": -1}),
        ("loss", "cross_entropy", {"smoothing": 1.0}),
    ],
)
def test_what_is_refused(line: str, choice: str, values: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        get_choices(line)[choice](**values)


def test_published_images_have_their_shape() -> None:
    assert Cifar10.image == (32, 32, 3)
    assert Folder.image is None


@pytest.mark.parametrize(
    ("line", "override", "values"),
    [
        ('data folder "pets"', {"data.path": "/x/y"}, {"path": "/x/y"}),
        ('data folder "pets"', {"data.path": "sets/eval"}, {"path": "sets/eval"}),
        ('data folder "pets"', {"data.path": '"sets/eval"'}, {"path": "sets/eval"}),
        ('data folder "pets"', {"data.path": "dogs"}, {"path": "dogs"}),
        ('data folder "pets"', {"data.path": "2024"}, {"path": "2024"}),
        ('data folder "pets"', {"data.path": "./a b*c-1"}, {"path": "./a b*c-1"}),
        ('data folder "pets"', {"data.path": "C"}, {"path": "C"}),
        ('data folder path="pets" resize=9x9', {"data.path": "/x"}, {"path": "/x", "resize": (9, 9)}),
        ('data folder "pets" resize=9x9', {"data.resize": "8x8"}, {"path": "pets", "resize": (8, 8)}),
        ('data folder "pets"', {"data": "digits"}, {"classes": 10}),
        ("batch 1024 drop_last", {"batch.size": "64"}, {"size": 64, "drop_last": True}),
        ("batch 1024 drop_last", {"batch.drop_last": "no"}, {"size": 1024, "drop_last": False}),
        ("batch drop_last 1024", {"batch": "64", "batch.accumulate": "2"}, {"size": 64, "accumulate": 2}),
        ("epochs 9", {"epochs.count": "2"}, {"count": 2.0}),
        ("optimizer sgd lr=1 momentum=0.9 nesterov", {"optimizer.nesterov": "no"}, {"nesterov": False, "lr": 1.0}),
        ("optimizer sgd lr=1", {"optimizer": "adam", "optimizer.lr": "0.5"}, {"lr": 0.5}),
        ("evaluate test", {"evaluate.test": "no", "evaluate.mirror": "yes"}, {"test": False, "mirror": True}),
    ],
)
def test_an_override_replaces_what_sets_the_same_field(
    line: str, override: dict[str, str], values: dict[str, object]
) -> None:
    checked = specnet.check(f"input 8x8x1\nfc 10\ntrain {{\n  {line}\n}}\n", override)
    assert checked.network.training, checked.diagnostics
    setting = getattr(checked.network.training, line.partition(" ")[0])
    assert {name: getattr(setting, name) for name in values} == values


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ({"data.size": "9"}, "`folder` has no attribute `size`"),
        ({"optimizer.lr": "a/b/"}, "must be a number, not"),
        ({"data.resize": "/x"}, "must be a whole number, not `/x`"),
    ],
)
def test_an_override_that_fits_no_field_is_an_error(override: dict[str, str], message: str) -> None:
    checked = specnet.check('input 8x8x1\nfc 10\ntrain {\n  data folder "pets"\n}\n', override)
    assert message in checked.diagnostics[0].message


def test_settings_do_without_torch_and_numpy() -> None:
    code = "import sys, specnet.settings; sys.exit(any(name in sys.modules for name in ('torch', 'numpy')))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(
    ("override", "batch"),
    [({"batch": "64"}, (64, True, 2)), ({"batch.accumulate": "4"}, (1024, True, 4)), ({}, (1024, True, 2))],
)
def test_a_value_by_position_leaves_the_others(override: dict[str, str], batch: tuple[int, bool, int]) -> None:
    spec = "input 8x8x1\nfc 10\ntrain {\n  data digits\n  batch 1024 drop_last accumulate=2\n}\n"
    settings = specnet.check(spec, override).network.training
    assert settings
    assert (settings.batch.size, settings.batch.drop_last, settings.batch.accumulate) == batch


@pytest.mark.parametrize("line", ['image="jpg" label="txt"', "image=jpg label=txt"])
def test_a_word_needs_no_quotes_where_a_text_is_expected(line: str) -> None:
    """Whether the attribute may be left out makes no difference."""
    network = specnet.check(f'input 8x8x1\nfc 10\ntrain {{\n  data webdataset "a.tar" {line}\n}}\n').network
    assert network and network.training
    assert to_record(network.training)["data"]["image_ending"] == "jpg"
