"""The variants of a sweep: each combination once, samples of them, and numbers drawn from ranges."""

from __future__ import annotations

from itertools import product
from math import log
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from specnet.sweeps.grid import Range, Sample, list_variants, name_folders, parse_variation

NAMES = st.dictionaries(
    st.sampled_from(["width", "optimizer.lr", "depth"]),
    st.lists(st.integers(0, 99).map(str), min_size=1, max_size=5, unique=True).map(tuple),
    min_size=1,
)


@given(NAMES)
def test_a_grid_holds_each_combination_once(variations: dict[str, tuple[str, ...]]) -> None:
    variants = list_variants(variations, None, 1000)
    assert [tuple(each.values()) for each in variants] == [*product(*variations.values())]
    assert all([*each] == [*variations] for each in variants)


@given(NAMES, st.integers(1, 200), st.integers(0, 9))
def test_a_sample_is_a_part_of_the_grid_in_its_order(
    variations: dict[str, tuple[str, ...]], number: int, seed: int
) -> None:
    grid = list_variants(variations, None, 1000)
    sample = list_variants(variations, Sample(number, seed), 1000)
    places = [grid.index(each) for each in sample]
    assert places == sorted({*places})
    assert len(sample) == min(number, len(grid))
    assert sample == list_variants(variations, Sample(number, seed), 1000)


def test_a_sample_of_a_huge_grid_is_drawn_without_listing_it() -> None:
    digits = tuple(map(str, range(10)))
    variants = list_variants({f"x{number}": digits for number in range(30)}, Sample(5), 1000)
    assert len({*map(str, variants)}) == 5


@given(st.integers(0, 99))
def test_numbers_lie_in_their_range(seed: int) -> None:
    log_range, whole, uniform = (parse_variation(text) for text in ("log(1e-4,1e-1)", "log(8,64)", "uniform(0.2,0.3)"))
    assert isinstance(log_range, Range) and isinstance(whole, Range) and isinstance(uniform, Range)
    random = Random(seed)
    assert 1e-4 <= float(log_range.draw(random)) <= 1e-1
    assert int(whole.draw(random)) in range(8, 65)
    assert 0.2 <= float(uniform.draw(random)) <= 0.3


def test_a_logarithmic_range_is_uniform_in_the_logarithm() -> None:
    variation = parse_variation(" log( 1e-4 , 1 ) ")
    assert isinstance(variation, Range)
    random = Random(0)
    draws = sorted(log(float(variation.draw(random)), 10) for _ in range(2000))
    assert draws[1000] == pytest.approx(-2, abs=0.15)
    assert draws[500] == pytest.approx(-3, abs=0.15)


def test_a_sample_of_ranges_is_distinct_and_repeats_with_its_seed() -> None:
    variations = {"width": parse_variation("uniform(1,4)"), "lr": ("0.1", "0.2")}
    variants = list_variants(variations, Sample(100), 1000)
    assert sorted(map(tuple, (each.values() for each in variants))) == [*product("1234", ("0.1", "0.2"))]
    assert variants == list_variants(variations, Sample(100), 1000) != list_variants(variations, Sample(100, 1), 1000)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("32,64", ("32", "64")),
        (" 32 , 64 ", ("32", "64")),
        ("[30,60],[40,80]", ("[30,60]", "[40,80]")),
        ("sgd", ("sgd",)),
        ("log(3", ("log(3",)),
    ],
)
def test_values(text: str, values: tuple[str, ...]) -> None:
    assert parse_variation(text) == values


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "write NAME=A,B"),
        ("1,,2", "write NAME=A,B"),
        ("1,2,1", "the value 1 stands there twice"),
        ("log(0,1)", "begins above 0, not at 0"),
        ("log(1,a)", "the ends of a range are numbers, not 1 and a"),
        ("uniform(2,1)", "2 is not below 1"),
        ("uniform(0,inf)", "0 is not below inf"),
        ("uniform(nan,1)", "nan is not below 1"),
    ],
)
def test_what_is_refused(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said.replace("(", r"\(")):
        parse_variation(text)


def test_ranges_need_a_sample_and_sweeps_have_an_end() -> None:
    with pytest.raises(ValueError, match="lr has a range, of which a sample has to be drawn"):
        list_variants({"lr": parse_variation("log(1,2)")}, None, 10)
    with pytest.raises(ValueError, match="16 variants are more than the 10 that a sweep takes"):
        list_variants({"a": tuple("1234"), "b": tuple("1234")}, None, 10)


@given(st.lists(st.dictionaries(st.text(min_size=1), st.text(min_size=1), max_size=3), min_size=1, max_size=12))
def test_folders_have_names_of_their_own_that_every_system_takes(settings: list[dict[str, str]]) -> None:
    names = name_folders(settings)
    assert len({name.lower() for name in names}) == len(settings)
    assert all("/" not in name and "\0" not in name and name.strip(".") == name and len(name) < 100 for name in names)


def test_names_say_what_is_varied() -> None:
    assert name_folders([{"width": "8", "data.path": "/a b/c"}] * 10)[0] == "01-width=8,data.path=_a_b_c"
