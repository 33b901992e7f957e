"""Layers of plugins that fail: a mistake is one error at the layer's line, whatever method it is in."""

from __future__ import annotations

import re
import warnings
from typing import Any, ClassVar

import pytest
from pydantic import field_validator

from specnet.compiler import check_source
from specnet.diagnostics import Code
from specnet.layers import get_layer_class, list_kinds
from specnet.layers.base.traits import KEEPS_INPUT
from specnet.plugins import (
    Elements,
    Family,
    Kept,
    Layer,
    LayerError,
    PluginError,
    Reach,
    Shape,
    ShapePreserving,
    Shapes,
    TorchCall,
    register,
)
from specnet.registry import make_word
from specnet.source import Source


class Probe(ShapePreserving):
    """A layer whose methods answer as a test says."""

    family: ClassVar[Family] = Family.ACTIVATION
    answers: ClassVar[dict[str, Any]] = {}

    def answer(self, name: str, default: Any) -> Any:
        given = self.answers.get(name, default)
        if isinstance(given, BaseException):
            raise given
        return given

    def output(self, inputs: Shapes) -> Shape:
        return self.answer("output", inputs[0])  # type: ignore[no-any-return]

    def parameters(self, inputs: Shapes) -> Any:
        return self.answer("parameters", {"weight": (3,)})

    def macs(self, inputs: Shapes) -> Any:
        return self.answer("macs", 0)

    def kept(self, inputs: Shapes) -> Any:
        return self.answer("kept", KEEPS_INPUT)

    def torch(self, inputs: Shapes) -> Any:
        return self.answer("torch", (TorchCall("F.relu"),))

    def receptive_field(self, inputs: Shapes) -> Any:
        return self.answer("receptive_field", (Elements.ALL,))

    def notes(self, inputs: Shapes) -> Any:
        return self.answer("notes", ())

    def rounds(self, inputs: Shapes) -> Any:
        return self.answer("rounds", (False, False))

    def formula(self, inputs: Shapes) -> Any:
        return self.answer("formula", "")

    def passes_gradient(self, inputs: Shapes) -> Any:
        return self.answer("passes_gradient", (True,))

    @property
    def traits(self) -> Any:
        return self.answer("traits", frozenset())

    @property
    def period(self) -> Any:
        return self.answer("period", (1, 1))


def check_probe(**answers: Any) -> list[tuple[Code, str]]:
    register("probe")(type("Answering", (Probe,), {"answers": answers, "__module__": __name__}))
    checked = check_source(Source("a.net", "input 8x8x3\nprobe -> relu\n"))
    assert all(diagnostic.span for diagnostic in checked.diagnostics)
    return [(diagnostic.code, diagnostic.message) for diagnostic in checked.diagnostics]


def test_a_layer_that_answers_well_is_as_any_other() -> None:
    assert check_probe() == []
    assert "probe" in list_kinds()
    cls = get_layer_class("probe")
    assert cls is not None
    assert cls().kind == "probe"
    assert cls().group_words == ("probe",)


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        ({"output": ValueError("no")}, "its `output` fails at {file}: ValueError: no"),
        ({"output": SystemExit(1)}, "its `output` fails at {file}: it calls sys.exit(1)"),
        (
            {"output": None},
            "its `output` returns None, and not (height, width, channels), (length, channels) or (length,)",
        ),
        ({"output": (8, 8, 8, 8)}, "its `output` returns (8, 8, 8, 8), and not"),
        ({"output": (0, 8, 3)}, "its `output` returns (0, 8, 3), and not"),
        ({"output": (8, 8, -3)}, "its `output` returns (8, 8, -3), and not"),
        ({"output": (8.0, 8, 3)}, "its `output` returns (8.0, 8, 3), and not"),
        ({"output": [8, 8, 3]}, "its `output` returns [8, 8, 3], and not"),
        ({"output": (True,)}, "its `output` returns (True,), and not"),
        ({"parameters": KeyError("x")}, "its `parameters` fails at {file}: KeyError: 'x'"),
        ({"parameters": {"weight": 3}}, "its `parameters` returns {'weight': 3}, and not shapes by name"),
        ({"parameters": [3]}, "its `parameters` returns [3], and not shapes by name"),
        ({"macs": -1}, "its `macs` returns -1, and not a whole number from 0, or None"),
        ({"macs": 1.5}, "its `macs` returns 1.5, and not"),
        ({"kept": "input"}, "its `kept` returns 'input', and not a Kept"),
        ({"kept": Kept(inputs="x")}, "its `kept` returns Kept(inputs='x'"),  # type: ignore[arg-type]
        ({"kept": Kept(elements=-1)}, "and not a Kept of input positions and whole numbers"),
        ({"kept": Kept(inputs=(1,))}, "and not positions among 1 inputs, from 0"),
        ({"torch": TorchCall("F.relu")}, "its `torch` returns TorchCall("),
        ({"torch": ()}, "its `torch` returns (), and not a tuple of TorchCall"),
        ({"torch": (TorchCall("numpy.abs"),)}, "TorchCall, each of a target such as `nn.Linear`, `F.relu`"),
        ({"torch": (TorchCall("nn"),)}, "its `torch` returns (TorchCall(target='nn'"),
        (
            {"torch": (TorchCall("nn.Softshrink"), TorchCall("torch.sin"), TorchCall("own.nets:Swish"))},
            "its `torch` returns the modules nn.Softshrink and own.nets:Swish, and a layer has one: call functions",
        ),
        ({"receptive_field": (3,)}, "its `receptive_field` returns (3,), and not a tuple with a reading of each input"),
        ({"receptive_field": (Reach(), Reach())}, "and not a tuple with a reading of each input"),
        ({"receptive_field": ()}, "its `receptive_field` returns (), and not one for each of 1 inputs"),
        ({"passes_gradient": (True, True)}, "its `passes_gradient` returns (True, True), and not one for each of 1"),
        ({"notes": ("hello",)}, "its `notes` returns ('hello',), and not a tuple of LayerNote"),
        ({"rounds": 3}, "its `rounds` returns 3, and not two of True and False"),
        ({"formula": ZeroDivisionError("none")}, "its `formula` fails at {file}: ZeroDivisionError: none"),
        ({"formula": None}, "its `formula` returns None, and not a text"),
        ({"traits": {"linear"}}, "its `traits` returns {'linear'}, and not a frozenset of Trait"),
        ({"period": (0, 1)}, "its `period` returns (0, 1), and not two whole numbers from 1"),
        ({"output": GeneratorExit("no")}, "its `output` fails at {file}: GeneratorExit: no"),
    ],
)
def test_a_mistake_is_one_error(answers: dict[str, Any], message: str) -> None:
    ((code, said),) = check_probe(**answers)
    assert code is Code.E308
    assert said.startswith("`probe1` cannot be computed: ")
    before, _, after = message.partition("{file}")
    assert before in said
    assert after in said


def test_a_size_beyond_all_bounds_is_that_of_any_layer() -> None:
    ((code, _),) = check_probe(output=(2**40, 8, 3))
    assert code is Code.E306


def test_a_class_that_fails_for_its_values_is_an_error_at_the_line() -> None:
    @register("fragile")
    class Fragile(Probe):
        size: int = 1

        @field_validator("size")
        @classmethod
        def divide(cls, size: int) -> int:
            return 8 // size

        def model_post_init(self, context: object) -> None:
            if self.size == 2:
                raise KeyError("no luck")

    checked = check_source(Source("a.net", "input 8\nfragile size=0\nfragile size=4\nfragile size=2\n"))
    assert [(each.code, each.span.line) for each in checked.diagnostics if each.span] == [
        (Code.E308, 2),
        (Code.E308, 3),
    ]
    first, second = (each.message for each in checked.diagnostics)
    assert first.startswith("`fragile` cannot be made: its class fails at ")
    assert first.endswith(": ZeroDivisionError: integer division or modulo by zero")
    assert second.endswith(": KeyError: 'no luck'")


def test_an_error_of_the_layer_itself_is_shown_as_it_is() -> None:
    assert check_probe(output=LayerError(Code.E305, "needs a cat")) == [(Code.E305, "`probe1` needs a cat")]


def test_what_a_layer_prints_is_no_output(capsys: pytest.CaptureFixture[str]) -> None:
    @register("talking")
    class Talking(Probe):
        def output(self, inputs: Shapes) -> Shape:
            print("hello")
            return inputs[0]

    assert check_source(Source("a.net", "input 8\ntalking\n")).ok
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "hello" in captured.err


def test_a_cell_that_is_run_again_replaces_its_layer() -> None:
    assert check_probe(macs=-1)
    assert not check_probe()


def test_two_layers_cannot_have_one_name() -> None:
    check_probe()
    with pytest.raises(PluginError, match="the layer `probe` is registered twice"):
        register("probe")(type("Another", (Probe,), {}))


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"period": 2}, "the field `period` of `probe` has the name of something that its base class has"),
        ({"arity": 2}, "the field `arity` of `probe` has the name of"),
        ({"answers": 2}, "the field `answers` of `probe` has the name of"),
        ({"sizes": []}, "the field `sizes` of `probe` can be a list, whose values may change; a tuple does not"),
        ({"sizes": {}}, "the field `sizes` of `probe` can be a dict, whose values may change"),
    ],
)
def test_a_field_must_not_hide_what_a_layer_is_and_must_not_change(members: dict[str, Any], message: str) -> None:
    kinds = {
        name: {list: tuple[list[int], ...], dict: dict[str, int] | None}.get(type(value), int)
        for name, value in members.items()
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pydantic's, which a user of the command does not see
        cls = type("Answering", (Probe,), {**members, "__annotations__": kinds, "__module__": __name__})
    with pytest.raises(PluginError, match=re.escape(message)):
        register("probe")(cls)


def test_a_field_may_have_any_other_name_and_type() -> None:
    members = {"__annotations__": {"sizes": tuple[int, ...], "copy_of": str | None}, "sizes": (1, 2), "copy_of": None}
    cls = type("Answering", (Probe,), {**members, "__module__": __name__, "positional": ("sizes",)})
    assert register("probe")(cls)().sizes == (1, 2)


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"positional": ("nope",)}, "`probe` has no field `nope`, which its class names in `positional` or `words`"),
        ({"words": {"tall": ("height", 3)}}, "`probe` has no field `height`"),
        ({"arity": 2}, "`arity` of the layer `probe` is 2, and not an Arity, such as Arity(2, 2)"),
        ({"storage": "own of its"}, "`storage` of the layer `probe` is 'own of its', and not a Storage, or None"),
        ({"kind_traits": {"linear"}}, "`kind_traits` of the layer `probe` is {'linear'}, and not a frozenset of Trait"),
        (
            {"output_field": "channels"},
            "`output_field` of the layer `probe` is 'channels', and not the name of a field",
        ),
        ({"family": "activation"}, "`family` of the layer `probe` is 'activation', and not one of Family.CONVOLUTION"),
    ],
)
def test_what_a_class_says_of_all_its_layers_is_checked(members: dict[str, Any], message: str) -> None:
    with pytest.raises(PluginError, match=re.escape(message)):
        register("probe")(type("Answering", (Probe,), {**members, "__module__": __name__}))


@pytest.mark.parametrize("word", ["norm", "yes", "like", "_", "__"])
def test_a_word_with_another_meaning_is_no_layer(word: str) -> None:
    with pytest.raises(PluginError, match=f"`{word}`"):
        register(word)(Probe)


@pytest.mark.parametrize("cls", [int, Layer, "x y"])
def test_what_is_no_layer_cannot_be_registered(cls: Any) -> None:
    with pytest.raises(PluginError):
        register("mine")(cls)


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("LeakyRelu", "leaky_relu"),
        ("SE", "se"),
        ("Relu6", "relu6"),
        ("SEBlock", "se_block"),
        ("Conv2dSame", "conv2d_same"),
    ],
)
def test_a_class_gives_its_layer_the_name(name: str, word: str) -> None:
    assert make_word(name) == word


def test_the_words_that_are_taken_are_all_of_the_language() -> None:
    from specnet import builder
    from specnet.elaborate import walk
    from specnet.layers.base import registration

    assert {*walk.STATEMENTS} == registration.STATEMENTS
    assert {*walk.KEYWORDS, *builder.KEYWORDS} == registration.KEYWORDS
