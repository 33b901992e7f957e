"""The figure of a network as volumes: what is in it, where it stands, and that nothing overlaps."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations
from pathlib import Path

import pytest
from paths import SPECS

from specnet.backends.volumes import Scene, draw_volumes, scene_to_svg
from specnet.backends.volumes.scene import Extent, Text
from specnet.compiler import Checked, check_source
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


@pytest.mark.parametrize("name", ZOO)
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
