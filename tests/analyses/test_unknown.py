"""A kind that does not say what it reads, costs or stores leaves that unknown; a kind of two inputs takes two."""

from __future__ import annotations

from math import prod
from typing import ClassVar

import pytest

from specnet.analyses.cost import Totals, measure_costs
from specnet.builder import NetworkBuilder
from specnet.compiler import check_source
from specnet.graph import Network
from specnet.layers.add import Add
from specnet.layers.base import Family, Layer, Shape, ShapePreserving, Shapes
from specnet.layers.base.traits import SAME_POSITION, Arity, Reach, ReceptiveField, Storage
from specnet.source import Source


class Roll(ShapePreserving):
    """Gathers from elsewhere, and says nothing of it."""

    family: ClassVar[Family] = Family.RESHAPING


class Attention(Layer):
    """softmax(q·kᵀ)·k of the positions of two maps: a layer of two inputs that joins no arms."""

    family: ClassVar[Family] = Family.ACTIVATION
    arity: ClassVar[Arity] = Arity(2, 2)
    storage: ClassVar[Storage | None] = Storage.OWN

    def output(self, inputs: Shapes) -> Shape:
        return inputs[0]

    def macs(self, inputs: Shapes) -> int:
        """Two products of matrices: H·W×C by C×H'·W', and H·W×H'·W' by H'·W'×C."""
        return 2 * prod(inputs[0]) * prod(inputs[1][:2])

    def receptive_field(self, inputs: Shapes) -> ReceptiveField:
        height, width, _ = inputs[1]
        return SAME_POSITION, (Reach(0, height - 1, 0), Reach(0, width - 1, 0))


def totals(network: Network) -> Totals:
    return Totals(network, measure_costs(network))


def test_what_a_layer_does_not_say_is_unknown_in_the_totals() -> None:
    builder = NetworkBuilder("rolled")
    x = builder.add("conv", builder.input((8, 8, 3)), K=4, F=3, P=1)
    x = builder.add("conv", builder.add(Roll(), x, name="rolled"), K=4, F=3, P=1)
    found = totals(builder.network(x))
    assert found.parameters == 4 * 3 * 9 + 4 + 4 * 4 * 9 + 4
    for quantity in ("macs", "memory", "receptive_field"):
        assert getattr(found, quantity) is None
        assert found.unknown_layer(quantity) == "rolled"


def test_a_layer_of_two_inputs_counts_its_products() -> None:
    builder = NetworkBuilder("attending")
    image = builder.input((8, 8, 4))
    keys = builder.add("pool", image, operation="max", F=2)
    found = totals(builder.network(builder.add("conv", builder.add(Attention(), image, keys), K=4, F=3, P=1)))
    assert found.macs == 2 * (64 * 4 * 16) + 64 * 4 * 4 * 9
    assert found.receptive_field == 3  # each position sees the whole image, by keys that move with none


def test_a_layer_takes_no_other_number_of_inputs() -> None:
    builder = NetworkBuilder("wrong")
    image = builder.input((8, 8, 4))
    for inputs in ((image,), (image, image, image)):
        with pytest.raises(ValueError, match=r"takes two values, not (one|three)"):
            builder.add(Attention(), *inputs)
    with pytest.raises(ValueError, match="`relu1` takes one value, not two"):
        builder.add("relu", image, image)


@pytest.mark.parametrize("arms", ["identity", "identity | identity | identity"])
def test_a_spec_that_gives_another_number_of_values_is_told(arms: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Add, "arity", Arity(2, 2))
    (error,) = check_source(Source("a.net", f"input 8x8x4\nadd {{ | {arms} }}")).errors
    given = "one" if arms == "identity" else "three"
    assert error.message == f"`add` joins two values, not {given}: its arms, or its input and `@name`"


@pytest.mark.parametrize(
    ("arity", "text"),
    [
        (Arity(), "one value"),
        (Arity(3, 3), "three values"),
        (Arity(2, None), "at least two values"),
        (Arity(2, 3), "two to three values"),
        (Arity(2, 12), "two to 12 values"),
    ],
)
def test_an_arity_is_worded(arity: Arity, text: str) -> None:
    assert str(arity) == text
