"""Convolutions worked by hand: every product is there, and the sums are numpy's."""

from __future__ import annotations

import numpy as np
import pytest

from specnet.filtering.choices import Edges
from specnet.filtering.correlation import correlate
from specnet.filtering.kernels import parse_kernel
from specnet.filtering.numbers import parse_numbers
from specnet.filtering.worked import MOST_WINDOWS, format_worked, work_out

GRID = "[[3,0,1,2,7,4],[1,5,8,9,3,1],[2,7,2,5,1,3],[0,1,3,1,7,8],[4,2,1,6,2,8],[2,4,5,2,3,9]]"


def test_six_by_six_and_three_by_three() -> None:
    """The edge detector of every course: each line has nine products and their sum."""
    worked = work_out(parse_numbers(GRID), parse_kernel("[[1,0,-1],[1,0,-1],[1,0,-1]]"), "none", False)
    assert [[*map(int, row)] for row in worked.output] == [
        [-5, -4, 0, 8],
        [-10, -2, 2, 3],
        [0, -2, -4, -7],
        [-3, -2, -3, -16],
    ]
    lines = format_worked(worked)
    assert lines[0] == "cross-correlation, as networks compute it: the kernel is not flipped"
    assert "output 4×4: (6 − 3 + 0)/1 + 1 = 4" in lines
    first = "row 1, column 1: 3·1 + 0·0 + 1·(−1) + 1·1 + 5·0 + 8·(−1) + 2·1 + 7·0 + 2·(−1) = −5"
    assert lines[-16] == first


def test_the_sum_of_two_dice_is_a_convolution() -> None:
    die = "[1/6, 1/6, 1/6, 1/6, 1/6, 1/6]"
    worked = work_out(parse_numbers(die), parse_kernel(die), "full", True)
    assert [36 * chance for chance in worked.output[0]] == [1, 2, 3, 4, 5, 6, 5, 4, 3, 2, 1]
    lines = format_worked(worked)
    assert lines[0] == "convolution, the kernel is flipped first"
    assert "output 11: (6 − 6 + 10)/1 + 1 = 11" in lines
    assert lines[-9] == "position 3: 1/6·1/6 + 1/6·1/6 + 1/6·1/6 = 1/36 + 1/36 + 1/36 = 3/36"


def test_a_loaded_die_needs_the_flipped_kernel() -> None:
    die, loaded = parse_numbers("[1/2, 1/4, 1/4]"), parse_kernel("[1/8, 3/8, 1/2]")
    chances = np.convolve([1 / 2, 1 / 4, 1 / 4], [1 / 8, 3 / 8, 1 / 2])
    assert [*map(float, work_out(die, loaded, "full", True).output[0])] == pytest.approx(chances)
    assert [*map(float, work_out(die, loaded, "full", False).output[0])] != pytest.approx(chances)


def test_a_moving_average() -> None:
    worked = work_out(parse_numbers("[3, 5, 4, 6, 8, 7]"), parse_kernel("[1/3, 1/3, 1/3]"), "none", False)
    assert [int(mean) for mean in worked.output[0]] == [4, 5, 6, 7]
    assert format_worked(worked)[-4] == "position 1: 3·1/3 + 5·1/3 + 4·1/3 = 1 + 5/3 + 4/3 = 4"


@pytest.mark.parametrize("edges", ["none", "zeros", "full"])
@pytest.mark.parametrize("kernel", ["sobel_x", "box_blur:2", "[1, 2]", "[[1], [3], [0]]"])
def test_sums_are_those_of_the_pictures(edges: Edges, kernel: str) -> None:
    numbers, chosen = parse_numbers(GRID), parse_kernel(kernel)
    values = np.array([[float(number) for number in row] for row in numbers], np.float32)[:, :, None]
    worked = work_out(numbers, chosen, edges, False)
    wanted = correlate(values, chosen.weights, edges)[:, :, 0]
    np.testing.assert_allclose([[*map(float, row)] for row in worked.output], wanted, rtol=1e-5, atol=1e-4)


def test_many_windows_are_counted() -> None:
    worked = work_out(parse_numbers(f"[{','.join('1' * (MOST_WINDOWS + 5))}]"), parse_kernel("[1]"), "none", False)
    assert format_worked(worked)[-1] == "and 5 more windows"
