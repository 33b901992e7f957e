"""The looks of a diagram: themes, patterns and heat, told apart by all eyes."""

from __future__ import annotations

import re
from itertools import combinations

import pytest
from paths import SPECS

from specnet.analyses.devices import DATA_SHEETS
from specnet.analyses.usage import Usage
from specnet.backends.diagram import DrawingOptions, sketch
from specnet.backends.diagram.choice import describe
from specnet.backends.diagram.model import Diagram, State
from specnet.backends.diagram.patterns import PATTERNS
from specnet.backends.diagram.ranges import format_share
from specnet.backends.diagram.themes import THEMES, measure_contrast
from specnet.compiler import check_source
from specnet.layers.base import Family
from specnet.source import Source


def lab(colour: str, sight: tuple[tuple[float, ...], ...]) -> list[float]:
    """A colour in CIELAB, as someone with that sight sees it."""
    encoded = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in encoded]
    seen = [min(1.0, max(0.0, sum(a * c for a, c in zip(row, linear, strict=True)))) for row in sight]
    to_xyz = ((0.4339, 0.3762, 0.1899), (0.2126, 0.7152, 0.0722), (0.0177, 0.1095, 0.8729))
    ratios = [sum(a * c for a, c in zip(row, seen, strict=True)) for row in to_xyz]
    x, y, z = (t ** (1 / 3) if t > 0.008856 else 7.787 * t + 16 / 116 for t in ratios)
    return [116 * y - 16, 500 * (x - y), 200 * (y - z)]


SIGHTS = {
    "normal": ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)),
    "red-blind": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "green-blind": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.01182, 0.04294, 0.968881)),
    "blue-blind": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.3039)),
}
"""Machado, Oliveira and Fernandes 2009, severity 1."""


def measure_distance(one: str, other: str, sight: str) -> float:
    pairs = zip(lab(one, SIGHTS[sight]), lab(other, SIGHTS[sight]), strict=True)
    return sum((a - b) ** 2 for a, b in pairs) ** 0.5


@pytest.mark.parametrize("sight", SIGHTS)
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_families_stay_apart_for_all_eyes(theme: str, sight: str) -> None:
    for (one, a), (other, b) in combinations(THEMES[theme].families.items(), 2):
        assert measure_distance(a.fill, b.fill, sight) > 12, f"{one} and {other}"


def test_families_have_patterns_of_their_own_in_print() -> None:
    assert PATTERNS.keys() == {*Family} and len({*PATTERNS.values()}) == len(Family)
    assert all(len(rows) == len(row) == 5 for rows in PATTERNS.values() for row in rows)


@pytest.mark.parametrize("theme", THEMES)
def test_text_is_legible(theme: str) -> None:
    shown = THEMES[theme]
    boxes = [*shown.families.values(), shown.folded, shown.terminal, shown.states[State.FAULT]]
    assert all(measure_contrast(box.ink, box.fill) >= 4.5 for box in boxes)
    assert measure_contrast(shown.quiet, shown.paper) >= 4.5 and measure_contrast(shown.quiet, shown.scope.fill) >= 4.5


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("sight", SIGHTS)
def test_more_heat_is_ever_darker_or_ever_lighter(theme: str, sight: str) -> None:
    colours = [THEMES[theme].mix_heat(step / 20) for step in range(21)]
    lightness = [lab(each.fill, SIGHTS[sight])[0] for each in colours]
    assert lightness in (sorted(lightness), sorted(lightness, reverse=True))
    assert abs(lightness[0] - lightness[-1]) > 60
    assert all(measure_contrast(each.ink, each.fill) >= 4.5 for each in colours)


def heat(text: str, quantity: str, device: str = "h100") -> Diagram:
    checked = check_source(Source("a.net", text))
    return describe(checked, DrawingOptions(heat=quantity, usage=Usage(device=DATA_SHEETS[device])))  # type: ignore[arg-type]


ALEXNET = (SPECS / "alexnet.net").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "quantity, box, text",
    [
        ("parameters", "fc6", "37.8 M parameters · 61 %"),
        ("parameters", "pool1", "0"),
        ("macs", "conv2", "448 M MACs · 39 %"),
        ("memory", "fc6", None),
        ("time", "conv2", None),
    ],
)
def test_a_box_has_its_share(quantity: str, box: str, text: str | None) -> None:
    diagram = heat(ALEXNET, quantity)
    share = diagram.boxes[box].share
    assert share and (share.text == text or (text is None and share.text.endswith(" %")))
    assert diagram.largest_share == max(each.share.part or 0 for each in diagram.boxes.values() if each.share)
    assert sum(each.share.part or 0 for each in diagram.boxes.values() if each.share) == pytest.approx(1)


def test_copies_count_in_the_share_of_the_one_that_is_drawn() -> None:
    diagram = heat("input 8x8x4\nstage: repeat 3 { conv K=4 F=3 P=1 }\nfc 10", "parameters")
    share = diagram.boxes["stage.0.conv1"].share
    assert share and share.text.startswith("444 parameters")


@pytest.mark.parametrize("quantity", ["parameters", "macs", "memory", "time"])
def test_what_is_unknown_cannot_be_said(quantity: str) -> None:
    diagram = heat("input 8x8x4\na: conv K=4 F=3\nconv K=4 F=9\nfc 10", quantity)
    share = diagram.boxes["fc"].share if "fc" in diagram.boxes else diagram.boxes["fc1"].share
    assert share and share.text.endswith("cannot be said") and share.part is None
    first = diagram.boxes["a"].share
    assert first and "%" not in first.text


@pytest.mark.parametrize("theme", THEMES)
def test_the_legend_names_the_families_that_are_there(theme: str) -> None:
    source = sketch(check_source(Source("a.net", ALEXNET)), DrawingOptions(theme=theme)).source  # type: ignore[arg-type]
    title = source[: source.index("node [")]
    assert all(word in title for word in ("convolution", "pooling", "dense", "activation", "regularisation"))
    assert "join" not in title


def test_the_legend_of_heat_is_a_scale() -> None:
    checked = check_source(Source("a.net", ALEXNET))
    source = sketch(checked, DrawingOptions(heat="parameters")).source
    title = source[: source.index("node [")]
    assert (
        "parameters, 62.4 M in total" in title
        and all(f">{tick}<" in title for tick in ("0", "15 %", "61 %"))
        and "pooling" not in title
    )


@pytest.mark.parametrize("quantity", ["memory", "time"])
def test_the_legend_says_the_batch(quantity: str) -> None:
    assert re.search(r", batch \d+, .+ in total$", heat(ALEXNET, quantity).heat)


@pytest.mark.parametrize(
    ("share", "text"),
    [(0.6051, "61 %"), (0.0423, "4.2 %"), (0.001, "0.1 %"), (0.0002, "<0.1 %"), (0, "0 %"), (1, "100 %")],
)
def test_shares_have_two_digits(share: float, text: str) -> None:
    assert format_share(share) == text


def test_a_figure_for_a_paper_has_no_title_and_no_legend() -> None:
    checked = check_source(Source("a.net", 'net Tiny "a description"\ninput 8x8x3\nconv K=4 F=3 -> relu\nfc 10\n'))
    plain, bare = (sketch(checked, DrawingOptions(title=title)) for title in (True, False))
    assert all(shown in plain.source for shown in ("a description", "MACs", "convolution"))
    assert "a description" not in bare.source and 'label="" ' in bare.source
    assert bare.source.count(" -> ") == plain.source.count(" -> ")
