"""The named kernels of image processing (Gonzalez and Woods, "Digital Image Processing", chapter 3)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import comb
from typing import Literal

Rows = tuple[tuple[float, ...], ...]
"""The weights of a kernel, row by row."""

KernelName = Literal[
    "box_blur",
    "gaussian_blur",
    "sharpen",
    "emboss",
    "edge",
    "laplacian",
    "sobel_x",
    "sobel_y",
    "prewitt_x",
    "prewitt_y",
    "scharr_x",
    "scharr_y",
]


def make_box_blur(size: int) -> Rows:
    """Return size×size weights of 1/size²: the mean of the window."""
    return ((1 / size**2,) * size,) * size


def make_gaussian_blur(size: int) -> Rows:
    """Return size×size weights with the sum 1, the products of binomial coefficients, which approach a Gaussian."""
    row = [comb(size - 1, place) / 2 ** (size - 1) for place in range(size)]
    return tuple(tuple(a * b for b in row) for a in row)


BLURS: Mapping[str, Callable[[int], Rows]] = {"box_blur": make_box_blur, "gaussian_blur": make_gaussian_blur}
"""The kernels that there are in every size."""

KERNELS: Mapping[KernelName, Rows] = {
    "box_blur": make_box_blur(3),
    "gaussian_blur": make_gaussian_blur(3),
    "sharpen": ((0, -1, 0), (-1, 5, -1), (0, -1, 0)),
    "emboss": ((-2, -1, 0), (-1, 1, 1), (0, 1, 2)),
    "edge": ((-1, -1, -1), (-1, 8, -1), (-1, -1, -1)),
    "laplacian": ((0, 1, 0), (1, -4, 1), (0, 1, 0)),
    "sobel_x": ((-1, 0, 1), (-2, 0, 2), (-1, 0, 1)),
    "sobel_y": ((-1, -2, -1), (0, 0, 0), (1, 2, 1)),
    "prewitt_x": ((-1, 0, 1), (-1, 0, 1), (-1, 0, 1)),
    "prewitt_y": ((-1, -1, -1), (0, 0, 0), (1, 1, 1)),
    "scharr_x": ((-3, 0, 3), (-10, 0, 10), (-3, 0, 3)),
    "scharr_y": ((-3, -10, -3), (0, 0, 0), (3, 10, 3)),
}
"""The named kernels, for cross-correlation (not flipped): sobel_x is positive where a map gets lighter to the right."""
