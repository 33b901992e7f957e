"""A sheet of a picture filtered by several kernels, side by side, with the numbers of each kernel below."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from specnet.filtering.choices import Edges, Range
from specnet.filtering.correlation import filter_pixels
from specnet.filtering.kernels import Kernel
from specnet.filtering.numbers import find_denominator, format_number
from specnet.filtering.picture import to_bytes

SIDE = 240
"""The longer side of a picture on the sheet, in pixels."""

MARGIN, TITLE, NUMBERS, LINE = 24, 17, 14, 19
"""Pixels between cells, sizes of the letters, and the height of a line of numbers."""

MOST_COLUMNS = 5

MOST_SHOWN = 5
"""The size up to which the numbers of a kernel are written out."""

INK, PALE, PAPER = "#1f2328", "#6a737d", "white"

SIGNS = str.maketrans("−×", "-x")
"""Signs that Pillow's own font lacks, and those in their place."""

ORIGINAL = "original"


@dataclass(frozen=True)
class Cell:
    """A picture with its title, the factor before the numbers of its kernel, and these row by row."""

    picture: Image.Image
    title: str
    factor: str
    rows: tuple[tuple[str, ...], ...]


def draw_sheet(pixels: np.ndarray, kernels: Sequence[Kernel], edges: Edges, how: Range) -> np.ndarray:
    """Return a sheet, uint8 H×W×3, of uint8 h×w×C as it is and filtered by each kernel; raises DoesNotFit.

    A picture that is larger than on the sheet is made smaller first, so that a kernel does what one sees.
    """
    small = _shrink(pixels)
    cells = [Cell(_to_image(small), ORIGINAL, "", ())]
    for kernel in kernels:
        filtered = to_bytes(filter_pixels(small, [kernel], edges), how)
        cells.append(Cell(_to_image(filtered), kernel.name, *_write_numbers(kernel)))
    return np.asarray(_arrange(cells))


def _shrink(pixels: np.ndarray) -> np.ndarray:
    """Return the picture at most SIDE high and wide."""
    image = Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels)
    image.thumbnail((SIDE, SIDE))
    return np.asarray(image).reshape(image.height, image.width, pixels.shape[2])


def _to_image(pixels: np.ndarray) -> Image.Image:
    """Return the picture as it is shown: small ones are enlarged by a whole number, so that their pixels are seen."""
    image = Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels)
    factor = max(1, SIDE // max(image.size))
    return image.resize((image.width * factor, image.height * factor), Image.Resampling.NEAREST).convert("RGB")


def _write_numbers(kernel: Kernel) -> tuple[str, tuple[tuple[str, ...], ...]]:
    """Return a factor such as `1/16 ×`, and the numbers; of a large kernel, what all of them are or its size."""
    weights = [weight for row in kernel.rows for weight in row]
    height, width = len(kernel.rows), len(kernel.rows[0])
    denominator = find_denominator(weights)
    if max(height, width) > MOST_SHOWN:
        same = f"{height}×{width} times {format_number(weights[0], 0 if denominator == 0 else 1)}"
        return same if len(set(weights)) == 1 else f"{height}×{width} weights", ()
    factor = Fraction(1, denominator) if denominator > 1 else Fraction(1)
    rows = tuple(tuple(format_number(w / factor, 1 if denominator else 0) for w in row) for row in kernel.rows)
    return f"{format_number(factor)} ×" if denominator > 1 else "", rows


def _arrange(cells: Sequence[Cell]) -> Image.Image:
    """Return the cells in rows of equal height and columns of equal width."""
    columns = min(MOST_COLUMNS, len(cells))
    width = max(SIDE, *(cell.picture.width for cell in cells))
    height = max(cell.picture.height for cell in cells)
    rows = [cells[start : start + columns] for start in range(0, len(cells), columns)]
    heights = [2 * LINE + height + max(map(_count_lines, row)) * LINE + MARGIN for row in rows]
    sheet = Image.new("RGB", (MARGIN + columns * (width + MARGIN), MARGIN + sum(heights)), PAPER)
    for number, row in enumerate(rows):
        top = MARGIN + sum(heights[:number])
        for place, cell in enumerate(row):
            _draw_cell(sheet, cell, (MARGIN + place * (width + MARGIN), top), (width, height))
    return sheet


def _count_lines(cell: Cell) -> int:
    return len(cell.rows) or bool(cell.factor)


def _draw_cell(sheet: Image.Image, cell: Cell, corner: tuple[int, int], size: tuple[int, int]) -> None:
    """Draw a title, a picture in the middle of its place, and numbers in columns flush right."""
    draw, (left, top), (width, height) = ImageDraw.Draw(sheet), corner, size
    middle = left + width // 2
    draw.text((middle, top), cell.title, INK, _load_font(TITLE), anchor="ma")
    sheet.paste(cell.picture, (middle - cell.picture.width // 2, top + int(1.5 * LINE)))
    below, font = top + 2 * LINE + height, _load_font(NUMBERS)
    if not cell.rows:
        draw.text((middle, below), cell.factor.translate(SIGNS), PALE, font, anchor="ma")
        return
    step = 12 + max(font.getlength(number.translate(SIGNS)) for row in cell.rows for number in row)
    start = middle - step * len(cell.rows[0]) / 2
    for y, row in enumerate(cell.rows):
        for x, number in enumerate(row, 1):
            draw.text((start + step * x, below + LINE * y), number.translate(SIGNS), INK, font, anchor="ra")
    draw.text((start, below + LINE * (len(cell.rows) - 1) / 2), cell.factor.translate(SIGNS), PALE, font, anchor="ra")


def _load_font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Return the font that comes with Pillow."""
    return ImageFont.load_default(size)
