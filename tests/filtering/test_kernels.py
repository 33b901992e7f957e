"""Kernels by their names, in sizes, and as numbers."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from specnet.filtering.kernels import NoKernel, list_kernels, parse_kernel
from specnet.filtering.numbers import NotNumbers, find_denominator, format_number, parse_numbers
from specnet.layers.base.kernels import KERNELS


def test_all_of_the_table_and_larger_blurs() -> None:
    assert [kernel.name for kernel in list_kernels()] == [*KERNELS, "box_blur:8", "gaussian_blur:5"]


@pytest.mark.parametrize("name", [f"{blur}:{size}" for blur in ("box_blur", "gaussian_blur") for size in (1, 2, 8, 31)])
def test_a_blur_keeps_the_brightness(name: str) -> None:
    weights = parse_kernel(name).weights
    assert weights.shape == (int(name.partition(":")[2]),) * 2
    assert weights.sum() == pytest.approx(1)
    np.testing.assert_allclose(weights, weights[::-1, ::-1])


def test_the_blurs_of_the_table_are_those_of_size_3() -> None:
    for name in ("box_blur", "gaussian_blur"):
        assert parse_kernel(name).rows == parse_kernel(f"{name}:3").rows
    assert parse_kernel("box_blur").rows == ((Fraction(1, 9),) * 3,) * 3


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("sobelx", "there is no kernel `sobelx`; did you mean `sobel_x`"),
        ("blue", "there is no kernel `blue`"),
        ("sobel_x:5", "`sobel_x` has one size only; box_blur and gaussian_blur have any"),
        ("box_blur:0", "a whole number from 1 to 31"),
        ("box_blur:x", "a whole number from 1 to 31"),
        ("box_blur:", "a whole number from 1 to 31"),
        ("[[1, 2], [3]]", "has rows of 1 and 2 numbers"),
        ("[1, two]", "is no list of numbers"),
        ("", "there is no kernel ``; there are box_blur, "),
    ],
)
def test_what_is_no_kernel(text: str, message: str) -> None:
    with pytest.raises(NoKernel) as caught:
        parse_kernel(text)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("[1, 2,3]", [[1, 2, 3]]),
        ("[[1, -2],\n [.5, 1/6],]", [[1, -2], [Fraction(1, 2), Fraction(1, 6)]]),
        ("[[7]]", [[7]]),
        ("[−1, +2]", [[-1, 2]]),
    ],
)
def test_numbers(text: str, rows: list[list[Fraction]]) -> None:
    assert [list(row) for row in parse_numbers(text)] == rows


@pytest.mark.parametrize(
    "text", ["", "[]", "[[]]", "[[1], 2]", "1, 2", "[1 2,]]", "[1e5]", "[1//2]", "[1/0]", "[[1],[2]"]
)
def test_what_is_no_list(text: str) -> None:
    with pytest.raises(NotNumbers):
        parse_numbers(text)


def test_a_list_that_is_too_long() -> None:
    with pytest.raises(NotNumbers, match="at most 4,096 numbers, not 5,000"):
        parse_numbers(f"[{','.join('1' * 5000)}]")


def test_numbers_are_written_over_a_common_denominator() -> None:
    numbers = [Fraction(1, 6), Fraction(-1, 4), Fraction(3)]
    assert find_denominator(numbers) == 12
    assert [format_number(number, 12) for number in numbers] == ["2/12", "−3/12", "3"]
    assert find_denominator([Fraction(1, 99_991), Fraction(1, 99_989)]) == 0
    assert format_number(Fraction(1, 99_991), 0) == "1e−05"
