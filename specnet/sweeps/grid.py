"""The variants of a sweep: a grid of values, or a random sample of it or of ranges."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from random import Random

from specnet.option_names import name_option
from specnet.run_tables.columns import parse_number

RANGE = re.compile(r"(log|uniform)\(\s*([^\s,()]+)\s*,\s*([^\s,()]+)\s*\)")
"""A range to draw from, `log(1e-4,1e-1)`."""

SEPARATOR = re.compile(r"\s*,\s*(?![^\[(]*[\])])")
"""A comma between values, outside of brackets."""


DIGITS = 3
"""The significant digits of a number that is drawn, so that its text is the number that is trained with."""

Settings = Mapping[str, str]


@dataclass(frozen=True)
class Range:
    """Numbers from `low` to `high`, drawn uniformly, or uniformly in their logarithm; whole ones if both ends are."""

    scale: str
    low: float
    high: float
    is_whole: bool

    def draw(self, random: Random) -> str:
        """Return a number of the range as text."""
        if self.scale == "log":
            number = math.exp(random.uniform(math.log(self.low), math.log(self.high)))
        else:
            number = random.uniform(self.low, self.high)
        if self.is_whole:
            return str(min(int(self.high), max(int(self.low), round(number))))
        rounded = float(f"{number:.{DIGITS}g}")
        return f"{min(self.high, max(self.low, rounded)):g}"


Variation = tuple[str, ...] | Range
"""The values of a name, or the range that they are drawn from."""


@dataclass(frozen=True)
class Sample:
    """A number of variants drawn at random, a pure function of the seed."""

    number: int
    seed: int = 0


def parse_variation(text: str) -> Variation:
    """Return the values `32,64` or the range `log(1e-4,1e-1)`; raises ValueError."""
    text = text.strip()
    if match := RANGE.fullmatch(text):
        return _make_range(*match.groups())
    return check_values([value.strip() for value in SEPARATOR.split(text)])


def check_values(values: Sequence[str]) -> tuple[str, ...]:
    """Return the values of a name; raises ValueError for an empty one, or one that stands there twice."""
    if not values or not all(values):
        raise ValueError("write NAME=A,B, or NAME=log(A,B) or NAME=uniform(A,B) for a range")
    known: dict[float | str, str] = {}
    for value in values:
        number = parse_number(value)
        key = value if number is None else number
        if first := known.get(key, ""):
            same = f"the value {first}" if first == value else f"the value {first}, also as {value},"
            raise ValueError(f"{same} stands there twice")
        known[key] = value
    return tuple(values)


def _make_range(scale: str, low: str, high: str) -> Range:
    try:
        ends = float(low), float(high)
    except ValueError:
        raise ValueError(f"the ends of a range are numbers, not {low} and {high}") from None
    if not -math.inf < ends[0] < ends[1] < math.inf:
        raise ValueError(f"a range runs from a number to a larger one, and {low} is not below {high}")
    if scale == "log" and ends[0] <= 0:
        raise ValueError(f"a logarithmic range begins above 0, not at {low}")
    return Range(scale, *ends, low.isdigit() and high.isdigit())


def list_variants(variations: Mapping[str, Variation], sample: Sample | None, most: int) -> list[dict[str, str]]:
    """Return the values by name of each variant, the last name varied first; raises ValueError.

    There may be `most` variants. A sample of a grid holds no variant twice.
    """
    ranges = [name for name, values in variations.items() if isinstance(values, Range)]
    if ranges and not sample:
        raise ValueError(f"{ranges[0]} has a range, of which a sample has to be drawn: {name_option('sample', 'N')}")
    size = math.prod(len(values) for values in variations.values() if not isinstance(values, Range))
    number = min(size, sample.number) if sample and not ranges else sample.number if sample else size
    if number > most:
        raise ValueError(f"{number:,} variants are more than the {most:,} that a sweep takes")
    if not sample:
        return [*_list_grid(variations)]
    random = Random(sample.seed)
    if ranges:
        return [*_draw_distinct(variations, number, random)]
    return [_get_from_grid(variations, place) for place in sorted(_draw_places(size, number, random))]


def _draw_places(size: int, number: int, random: Random) -> set[int]:
    """Return different places of a grid, which may have more than `random.sample` takes."""
    if size < 2 * number:
        return {*random.sample(range(size), number)}
    places = set[int]()
    while len(places) < number:
        places.add(random.randrange(size))
    return places


def _list_grid(variations: Mapping[str, Variation]) -> Iterator[dict[str, str]]:
    lists = [values for values in variations.values() if not isinstance(values, Range)]
    return (dict(zip(variations, values, strict=True)) for values in product(*lists))


def _get_from_grid(variations: Mapping[str, Variation], place: int) -> dict[str, str]:
    """Return the variant at a place of the grid, which may be too large to be listed."""
    chosen = {}
    for name in reversed([*variations]):
        values = variations[name]
        assert not isinstance(values, Range)
        place, digit = divmod(place, len(values))
        chosen[name] = values[digit]
    return {name: chosen[name] for name in variations}


def _draw_distinct(variations: Mapping[str, Variation], number: int, random: Random) -> Iterator[dict[str, str]]:
    """Yield variants drawn one after the other; a range of few whole numbers may have fewer than are asked for."""
    seen = set[tuple[str, ...]]()
    for _ in range(20 * number):
        values = tuple(_draw(variation, random) for variation in variations.values())
        if values not in seen:
            seen.add(values)
            yield dict(zip(variations, values, strict=True))
        if len(seen) == number:
            return


def _draw(variation: Variation, random: Random) -> str:
    return variation.draw(random) if isinstance(variation, Range) else random.choice(variation)


def format_settings(settings: Settings, separator: str = " ") -> str:
    """Return `width=32 optimizer.lr=0.1`."""
    return separator.join(f"{name}={value}" for name, value in settings.items())


def name_folders(settings: Sequence[Settings]) -> list[str]:
    """Return a name for the folder of each run: its number and its settings, `03-width=32,seed=1`."""
    digits = len(str(len(settings)))
    texts = (re.sub(r"[^\w.=,+-]+", "_", format_settings(each, ","))[:80] for each in settings)
    return [f"{number:0{digits}}-{text}".rstrip("-._,") for number, text in enumerate(texts, 1)]
