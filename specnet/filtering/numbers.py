"""Rows of exact numbers: read from `[[1, 0, -1], …]` or `[1/6, 1/6]`, and written with a common denominator."""

from __future__ import annotations

import re
from collections.abc import Iterable
from fractions import Fraction
from math import lcm

Numbers = tuple[tuple[Fraction, ...], ...]
"""Rows of equal length."""

DIGITS = 15
"""The most digits of a number before its point, and behind it."""

SOME = rf"[0-9]{{1,{DIGITS}}}"

NUMBER = rf"[+-]?(?:{SOME}(?:\.(?:{SOME})?)?|\.{SOME})(?:/{SOME})?"

ROW = rf"\[{NUMBER}(?:,{NUMBER})*,?\]"

LIST = re.compile(rf"{ROW}|\[{ROW}(?:,{ROW})*,?\]")

MOST = 4096
"""The most numbers of a list."""

LARGEST_DENOMINATOR = 100_000
"""The common denominator up to which numbers are written as fractions."""


class NotNumbers(ValueError):
    """A text is no list of numbers; the message says why."""


def parse_numbers(text: str) -> Numbers:
    """Return the rows of `[[1, 2], [3, 4]]`, or the single row of `[1, 2, 1/6]`; raises NotNumbers."""
    packed = re.sub(r"\s*([][,/])\s*", r"\1", text.strip()).replace("−", "-")
    if not LIST.fullmatch(packed):
        raise NotNumbers(f"`{text[:60]}` is no list of numbers, as [1, 2, 1/6] or [[1, 0], [0, 1]]{_explain(packed)}")
    numbers = tuple(_parse_row(row) for row in re.findall(ROW, packed))
    if len(lengths := {len(row) for row in numbers}) > 1:
        raise NotNumbers(f"`{text[:60]}` has rows of {' and '.join(map(str, sorted(lengths)))} numbers")
    if (amount := len(numbers) * len(numbers[0])) > MOST:
        raise NotNumbers(f"a list has at most {MOST:,} numbers, not {amount:,}")
    return numbers


def _explain(packed: str) -> str:
    """Return what is wrong with the text of a list, as the end of a sentence; "" where it is no list at all."""
    if not packed.startswith("["):
        return ""
    words = [word for word in re.split(r"[][,]", packed) if word]
    odd = next((word for word in words if not re.fullmatch(NUMBER, word)), None)
    if odd is not None:
        return f": `{odd[:20]}` is no number of at most {DIGITS} digits, as 2, −0.5 or 1/6"
    return "" if words else ": it is empty"


def _parse_row(text: str) -> tuple[Fraction, ...]:
    """Return the numbers of a row; raises NotNumbers for a division by zero."""
    try:
        return tuple(_parse_number(number) for number in text[1:-1].rstrip(",").split(","))
    except ZeroDivisionError:
        raise NotNumbers(f"`{text[:60]}` divides by zero") from None


def _parse_number(text: str) -> Fraction:
    above, _, below = text.partition("/")
    return Fraction(above) / Fraction(below or 1)


def find_denominator(numbers: Iterable[Fraction]) -> int:
    """Return the least common denominator, or 0 if it is too large to read."""
    found = 1
    for number in numbers:
        found = lcm(found, number.denominator)
        if found > LARGEST_DENOMINATOR:
            return 0
    return found


def format_number(number: Fraction, denominator: int = 1) -> str:
    """Return `−5`, `1/6`, `6/36` over a denominator, or `0.4286` for denominator 0."""
    if denominator == 0:
        text = f"{float(number):.4g}"
    elif denominator == 1 or number.denominator == 1:
        text = f"{number}"
    else:
        text = f"{number * denominator}/{denominator}"
    return text.replace("-", "−")
