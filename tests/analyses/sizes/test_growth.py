"""How the values of a network grow with its input, and the period that follows."""

from __future__ import annotations

from fractions import Fraction

import pytest

from specnet.analyses.sizes.growth import measure_growth
from specnet.compiler import check_source
from specnet.source import Source

HEIGHT = (Fraction(1), Fraction(0), Fraction(0))


@pytest.mark.parametrize(
    ("text", "period", "slope"),
    [
        ("input 35x32x3\nconv K=2 F=3x2 S=2 P=1x0\npool max F=3x1 S=3x1\n", 6, Fraction(1, 6)),
        ("input 32x32x3\nrepeat 4 { pool max F=2 -> deconv K=3 F=2 S=2 }\n", 2, Fraction(1)),
        (
            "input 32x32x3\nconcat { | pool max F=2 -> pool avg to=4 | pool max F=4 S=3 floor -> pool avg to=4 }\n",
            24,
            0,
        ),
        ("input 32x32x3\npool avg global\nconv K=3 F=1 S=7\n", 1, 0),
        ("input 32x32x3\nupsample 1.5\n", 2, Fraction(3, 2)),
        ("input 32x16x3\npermute WHC\npool max F=1x4\n", 4, 0),
        ("input 4x4x3\nflatten\n", 1, 12),
    ],
)
def test_the_period_is_that_of_the_strides_that_the_height_meets(text: str, period: int, slope: Fraction) -> None:
    network = check_source(Source("a.net", text)).network
    growth = measure_growth(network, {"input": HEIGHT})
    assert growth.period == period
    assert growth.values[network.outputs[0]][0] == (slope, 0)
    assert not growth.refusing


def test_a_layer_that_takes_one_size_refuses_to_grow() -> None:
    network = check_source(Source("a.net", "input 4x4x3\nconv K=2 F=1\nreshape 8x4x1\nconv K=2 F=3\n")).network
    growth = measure_growth(network, {"input": HEIGHT})
    assert growth.refusing == {"reshape1"}
    assert not any(growth.values["conv2"])
