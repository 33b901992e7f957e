"""The figure of a network as volumes: what is in it, where it stands, and that nothing overlaps."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations, pairwise
from pathlib import Path

import pytest
from made_up import MADE_UP
from paths import SPECS
from zoo_sample import sample

from specnet.backends.diagram.palette import BEHIND, FAMILIES, FAULT
from specnet.backends.volumes import Scene, draw_volumes, scene_to_svg
from specnet.backends.volumes.scene import Extent, Point, Polygon, Stroke, Text, follow_curve
from specnet.compiler import Checked, check_source
from specnet.layers.base import Family
from specnet.source import Source

ZOO = sorted(path.stem for path in SPECS.glob("*.net"))

PAGE = (786, 540)
"""A4 across within its margins, in points."""

SMALLEST = 6
"""The least size of text on a page, in points."""

BROKEN = """net Lecture
input 32x32x3
conv1: conv K=10 F=7 -> relu
conv2: conv K=6 F=5 S=2 -> relu
fc: fc 10
"""


def check(path: Path) -> Checked:
    return check_source(Source(str(path), path.read_text(encoding="utf-8")))


def draw(text: str, depth: int | None = None) -> Scene:
    return draw_volumes(check_source(Source("spec.net", text)), depth=depth)


def list_texts(scene: Scene) -> list[Text]:
    return [item for item in scene.items if isinstance(item, Text)]


def overlaps(one: Extent, two: Extent) -> bool:
    """Whether two extents have more in common than a hair."""
    return min(one[2], two[2]) - max(one[0], two[0]) > 0.1 and min(one[3], two[3]) - max(one[1], two[1]) > 0.1


def widen(extent: Extent) -> Extent:
    """Return an extent with room on all sides, which that of a straight line lacks."""
    left, top, right, bottom = extent
    return left - 1, top - 1, right + 1, bottom + 1


def crosses(stroke: Stroke, box: Extent) -> bool:
    """Whether a line goes through the inside of a box: it is sampled along its way."""
    ways = [stroke.points] if stroke.is_curve else [(a, a, b, b) for a, b in pairwise(stroke.points)]
    left, top, right, bottom = box[0] + 1, box[1] + 2, box[2] - 1, box[3] - 2
    points = (follow_curve(way, step / 50) for way in ways for step in range(51))
    return any(left < x < right and top < y < bottom for x, y in points)


def list_fronts(scene: Scene) -> list[Extent]:
    """Return the fronts of boxes, which no line but a filter's ends on."""
    polygons = [item for item in scene.items if isinstance(item, Polygon)]
    return [
        each.extent for each in polygons if len({x for x, _ in each.points}) == 2 == len({y for _, y in each.points})
    ]


def find_struck(scene: Scene) -> list[tuple[Extent | str, tuple[Point, ...]]]:
    """Return the texts and boxes through which lines go."""
    strokes = [item for item in scene.items if isinstance(item, Stroke)]
    named: list[tuple[Extent, Extent | str]] = [(text.extent, text.text) for text in list_texts(scene)]
    struck = [(name, each.points) for each in strokes for at, name in named if strikes(each, at)]
    arrows = [stroke for stroke in strokes if stroke.width == 1]
    return struck + [(front, each.points) for each in arrows for front in list_fronts(scene) if strikes(each, front)]


def strikes(stroke: Stroke, extent: Extent) -> bool:
    return overlaps(widen(stroke.extent), extent) and crosses(stroke, extent)


@pytest.mark.parametrize("name", sample(ZOO))
def test_no_line_crosses_a_text_or_a_box(name: str) -> None:
    assert find_struck(draw_volumes(check(SPECS / f"{name}.net"))) == []


@pytest.mark.parametrize("depth", [None, 0, 1, 2])
@pytest.mark.parametrize("name", MADE_UP)
def test_no_line_crosses_a_text_or_a_box_of_other_networks(name: str, depth: int | None) -> None:
    assert find_struck(draw(MADE_UP[name], depth)) == []


@pytest.mark.parametrize("name", sample(ZOO))
def test_zoo_fits_a_page_and_no_texts_overlap(name: str) -> None:
    scene = draw_volumes(check(SPECS / f"{name}.net"))
    texts = list_texts(scene)
    assert not [(one.text, two.text) for one, two in combinations(texts, 2) if overlaps(one.extent, two.extent)]
    for item in scene.items:
        left, top, right, bottom = item.extent
        assert left >= 0 and top >= 0 and right <= scene.width and bottom <= scene.height, item
    share = min(PAGE[0] / scene.width, PAGE[1] / scene.height)
    assert min(text.size for text in texts) * share >= SMALLEST


@pytest.mark.parametrize("name", ["alexnet", "lenet5", "unet"])
def test_golden(name: str, golden: Callable[[str, str], None]) -> None:
    golden(f"volumes-{name}.svg", scene_to_svg(draw_volumes(check(SPECS / f"{name}.net"))))


def test_golden_of_a_broken_network(golden: Callable[[str, str], None]) -> None:
    golden("volumes-broken.svg", scene_to_svg(draw(BROKEN)))


@pytest.mark.parametrize("name", ["resnet18", "googlenet-heads", "siamese", "alexnet-2012"])
def test_each_volume_is_named_once(name: str) -> None:
    scene = draw_volumes(check(SPECS / f"{name}.net"))
    names = [text.text for text in list_texts(scene) if text.is_bold][1:]  # the first is the title
    assert len(names) == len(set(names)) == sum(bool(group.tooltip) for group in scene.groups)


def test_a_tooltip_has_name_formula_and_costs() -> None:
    scene = draw_volumes(check(SPECS / "alexnet.net"))
    tooltip = next(group.tooltip for group in scene.groups if group.tooltip.startswith("conv1"))
    assert tooltip.splitlines() == [
        "conv1: conv K=96 F=11 S=4 → 55×55×96, (227 − 11 + 0)/4 + 1 = 55, 34,944 parameters, 105,415,200 MACs",
        "conv1_relu: relu → 55×55×96",
    ]


def test_captions_say_where_a_map_grows_and_whose_weights_are_used() -> None:
    texts = [text.text for text in list_texts(draw(MADE_UP["plain-u"]))]
    assert texts.count("2×2 up 2") == texts.count("2×2 /2") == 2
    shared = [text.text for text in list_texts(draw_volumes(check(SPECS / "siamese.net")))]
    assert shared.count("weights of") == 3 and "branch.conv1" in shared


def test_a_difference_says_what_is_subtracted() -> None:
    body = "{ conv K=4 F=3 P=1 -> relu -> @a\nconv K=4 F=1 -> conv K=4 F=1\n%s }"
    for join, shown in (("sub { | @a | identity }", "conv1 − conv3"), ("sub @a", "conv3 − conv1")):
        texts = [text.text for text in list_texts(draw(f"input 8x8x4\nrepeat 2 {body % join}\n"))]
        assert texts.count(shown) == 2
    assert not any("−" in text.text for text in list_texts(draw("input 8x8x4 -> @x\nconv K=4 F=1\nadd @x\n")))


def test_the_legend_names_the_families_that_are_shown() -> None:
    texts = [text.text for text in list_texts(draw_volumes(check(SPECS / "lenet5.net")))]
    assert texts[-3:] == ["convolution", "pooling", "dense"]
    assert [text.text for text in list_texts(draw(BROKEN))][-3:] == ["convolution", "error", "behind an error"]
    rows = [text.text for text in list_texts(draw(MADE_UP["streams"]))]  # the sequences that concat joins keep theirs
    assert rows[-5:] == ["convolution", "pooling", "dense", "attention", "reshaping"]


def test_themes_differ_in_colours_alone() -> None:
    checked = check(SPECS / "lenet5.net")
    light, dark, print_ = (draw_volumes(checked, theme) for theme in ("light", "dark", "print"))
    assert [item.extent for item in light.items] == [item.extent for item in dark.items]
    assert dark.background != light.background
    assert any(isinstance(item, Polygon) and item.hatch is not None for item in print_.items)


def test_errors_are_written_where_they_are() -> None:
    texts = {text.text: text for text in list_texts(draw(BROKEN))}
    assert texts["conv2"].colour == FAULT.line
    assert any(text.startswith("leaves real pixels unread") for text in texts)
    assert texts["fc"].colour == BEHIND.ink


def test_errors_without_a_place_stand_below_the_title() -> None:
    scene = draw("input 8x8x3\nkonv K=3\nfc 3\n")
    assert any(text.text.startswith("line 2: no layer") for text in list_texts(scene))
    assert any(isinstance(item, Stroke) and item.is_dashed and item.has_head for item in scene.items)


@pytest.mark.parametrize("text", ["", "net Nothing\n", "block b() { relu }\n", "input 4x4x1\n"])
def test_a_network_without_layers(text: str) -> None:
    scene = draw(text)
    assert scene.width > 0 and scene.height > 0


def test_a_negative_depth_is_refused() -> None:
    with pytest.raises(ValueError, match="-1 deep"):
        draw("input 4\nfc 3\n", depth=-1)


def test_hundreds_of_different_layers_are_drawn() -> None:
    layers = "".join(f"conv K={16 + at} F=3 P=1\n" for at in range(300))
    assert len(list_texts(draw(f"input 8x8x3\n{layers}"))) > 300


@pytest.mark.parametrize(("length", "slabs"), [(1, 1), (2, 2), (16, 10), (197, 13), (4096, 13)])
def test_a_sequence_is_slabs_of_tokens(length: int, slabs: int) -> None:
    scene = draw(f"input {length}x64\nfc 64")
    group = next(each for each in scene.groups if each.name == "input")
    assert sum(isinstance(item, Polygon) for item in group.items) == 3 * slabs
    assert f"{length}×64" in [text.text for text in list_texts(scene)]


def test_a_class_token_is_a_slab_of_its_own_colour() -> None:
    scene = draw("input 196x64\ntokens: fc 64\nclass_token -> positions learned")
    group = next(each for each in scene.groups if each.name == "class_token1")
    fills = [item.fill for item in group.items if isinstance(item, Polygon)]
    assert fills.count(FAMILIES[Family.JOIN].fill) == 1 and fills.count(FAMILIES[Family.DENSE].fill) == 12
    assert "+ positions learned" in " ".join(text.text for text in list_texts(scene))


def test_attention_is_described_as_papers_do() -> None:
    texts = [text.text for text in list_texts(draw("input 14x14x8\nattention heads=2 window=7 shift=3"))]
    assert texts[texts.index("attention") :][:4] == ["attention", "2 heads", "windows of 7", "shifted by 3"]
