"""Choices that plugins add to the lines of a `train` section: what their classes must have, and what a check says."""

from __future__ import annotations

import warnings
from math import prod
from typing import Any, ClassVar

import pytest

from specnet.analyses.passes import replay_training
from specnet.attributes import Setting
from specnet.compiler import Checked, check_source
from specnet.diagnostics import Code
from specnet.plugins import Augment, Data, Loss, Mixing, Optimizer, PluginError, Positive, Target, register
from specnet.settings import Training, find_unknown_choice, from_record, get_choice, get_choices, to_record
from specnet.settings.data import Mnist
from specnet.settings.optimizer import Adam
from specnet.source import Source


class Poly(Loss):
    """Poly-1."""

    targets: ClassVar[frozenset[Target]] = frozenset({Target.CLASS})

    epsilon: Positive = 1.0

    def compute(self, outputs: Any, targets: Any) -> Any:
        raise AssertionError("a check computes nothing")


class Lion(Optimizer):
    """Lion."""

    lr: Positive = 1e-4

    def build(self, groups: Any) -> Any:
        raise AssertionError("a check builds nothing")

    def count_state(self, shape: Any) -> int:
        return prod(shape)


class Solarize(Augment):
    """Inverts bright pixels."""

    positional: ClassVar[tuple[str, ...]] = ("threshold",)

    threshold: Positive = 128

    def apply(self, images: Any) -> Any:
        raise AssertionError("a check changes no images")


class Moons(Data):
    """Two moons."""

    def read(self, find: Any) -> Any:
        raise AssertionError("a check reads nothing")


OURS = {"loss": Poly, "optimizer": Lion, "augment": Solarize, "data": Moons}


def check(*lines: str) -> Checked:
    text = "\n  ".join(lines)
    return check_source(Source("a.net", f"input 8x8x3\nconv K=4 F=3 -> relu -> fc 10\ntrain {{\n  {text}\n}}\n"))


@pytest.fixture
def ours() -> None:
    for cls in OURS.values():
        register(cls)


@pytest.mark.usefixtures("ours")
@pytest.mark.parametrize("line", OURS)
def test_a_registered_class_is_a_choice_like_any_other(line: str) -> None:
    cls = OURS[line]
    assert get_choices(line)[cls.__name__.lower()] is cls
    assert [*get_choices(line)][-1] == get_choice(line, cls()) == cls.__name__.lower()
    assert len(get_choices(line)) == len([*get_choices(line)])


@pytest.mark.usefixtures("ours")
def test_a_spec_uses_them_and_a_record_keeps_them() -> None:
    checked = check("data moons classes=10", "augment solarize 100 -> flip", "loss poly epsilon=0.5", "optimizer lion")
    assert checked.ok
    training = checked.network.training
    assert isinstance(training, Training)
    assert training.loss == Poly(epsilon=0.5)
    assert training.augment[0] == Solarize(threshold=100)
    record = to_record(training)
    assert from_record(record) == training
    assert find_unknown_choice(record) == ""
    record["augment"][0]["choice"] = "vignette"
    assert find_unknown_choice(record) == "vignette"


@pytest.mark.usefixtures("ours")
@pytest.mark.parametrize(
    ("line", "code", "message"),
    [
        ("loss poli", Code.E104, "`loss` has no choice `poli`; did you mean `poly`?"),
        ("loss poly epsilon=-1", Code.E112, "`epsilon` must be more than 0, not -1"),
        ("loss poly eps=1", Code.E110, "`poly` has no attribute `eps`; did you mean `epsilon`?"),
        ("augment solarise", Code.E104, "`augment` has no choice `solarise`; did you mean `solarize`?"),
        ("optimizer lion momentum=0.9", Code.E110, "`lion` has no attribute `momentum`"),
        ("data moon", Code.E104, "`data` has no choice `moon`; did you mean `moons`?"),
    ],
)
def test_mistakes_in_a_spec_are_explained_as_everywhere(line: str, code: Code, message: str) -> None:
    (error,) = check(line).errors
    assert (error.code, error.message) == (code, message)


def test_a_loss_for_other_targets_is_named_as_any_other() -> None:
    register(Poly)
    (warning,) = [
        each for each in check("data digits", "task regress", "loss poly").diagnostics if "poly" in each.message
    ]
    assert warning.message.startswith("`loss poly` does not suit `task regress`")


def make_class(base: type[Setting], **members: Any) -> type[Setting]:
    return type("Ours", (base,), {"__module__": __name__, **members})


def compute(self: Any, *arguments: Any) -> Any:
    return arguments


INCOMPLETE = [
    (Loss, {"compute": compute}, "the loss `ours` has no `targets`"),
    (Loss, {"targets": frozenset({Target.CLASS})}, "the loss `ours` has no `compute`"),
    (Optimizer, {"build": compute}, "the optimizer `ours` has no `count_state`"),
    (Optimizer, {"count_state": compute}, "the optimizer `ours` has no `build`"),
    (Augment, {"mix": compute}, "the augmentation `ours` has no `apply`"),
    (Mixing, {"apply": compute}, "the augmentation `ours` has no `mix`"),
    (Data, {}, "the data set `ours` has no `read`"),
    (Mnist, {}, "the data set `ours` has no `read`"),
    (Adam, {}, "the optimizer `ours` has no `build`"),
]


@pytest.mark.parametrize(
    ("base", "members", "message"), INCOMPLETE, ids=lambda each: each if isinstance(each, str) else None
)
def test_a_class_that_lacks_something_is_refused(base: type[Setting], members: dict[str, Any], message: str) -> None:
    with pytest.raises(PluginError) as refused:
        register(make_class(base, **members))
    assert str(refused.value).endswith(message)
    assert __file__ in str(refused.value)


STATES = [
    (lambda self, shape: -5.5, r"its `count_state` returns -5\.5, and not a whole number from 0; it stands at .*py"),
    (lambda self, shape: -1, "returns -1, and not"),
    (lambda self, shape: None, "returns None, and not"),
    (lambda self, shape: shape["conv1"], r"its `count_state` fails at .*test_plugin_choices.py:\d+: TypeError"),
    (lambda self, shape: exit(1), r"its `count_state` fails at .*: it calls sys.exit\(1\)"),
]


@pytest.mark.parametrize(("count_state", "message"), STATES)
def test_a_state_that_is_no_number_of_elements_is_named(count_state: Any, message: str) -> None:
    with pytest.raises(PluginError, match=f"the optimizer `ours` .*{message}"):
        measure_state(count_state)


def test_a_state_may_be_any_kind_of_whole_number() -> None:
    class Seven:
        """An integer as those of NumPy are."""

        def __index__(self) -> int:
            return 7

    assert measure_state(lambda self, shape: Seven()) == 4 * 4 * 7


def measure_state(count_state: Any) -> int:
    """Return the bytes of the optimizer for a network of four parameters."""
    register("ours")(make_class(Lion, count_state=count_state))
    network = check("data digits", "optimizer ours").network
    assert network.training
    return replay_training(network, network.training).state


@pytest.mark.parametrize(
    ("base", "word", "message"),
    [
        (Loss, "mse", "the loss `mse` takes the name of one of SpecNet; "),
        (Data, "digits", "the data set `digits` takes the name of one of SpecNet; "),
        (Optimizer, "adam", "the optimizer `adam` takes the name of one of SpecNet; "),
        (Augment, "flip", "the augmentation `flip` takes the name of one of SpecNet; "),
        (Augment, "to-grey", "`to-grey` cannot be a word of a spec"),
    ],
)
def test_a_name_that_is_taken_is_refused(base: type[Setting], word: str, message: str) -> None:
    with pytest.raises(PluginError) as refused:
        register(word)(make_class(base))
    assert message in str(refused.value)


def test_a_field_must_not_hide_what_a_setting_is() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pydantic's, which a user of the command does not see

        class Hiding(Poly):
            required: str = "x"

    with pytest.raises(PluginError, match="the field `required` of `hiding` has the name of something that its base"):
        register(Hiding)


def test_two_of_one_name_are_refused_and_one_run_again_is_not() -> None:
    register(Poly)
    register(Poly)
    with pytest.raises(PluginError, match=r"the loss `poly` is registered twice, at .* and .*"):
        register("poly")(make_class(Poly))


def test_a_layer_and_a_loss_may_have_one_name() -> None:
    register("relu")(Poly)
    assert check("data digits", "loss relu").ok
