"""The SVG as a browser shows it: texts are as wide as they were measured, and tooltips are where the pointer is."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from browser import Tab, open_tab
from paths import SPECS
from zoo_sample import sample

from specnet.backends.volumes import Scene, draw_volumes, scene_to_svg
from specnet.backends.volumes.scene import Text
from specnet.compiler import check_source
from specnet.source import Source

pytestmark = pytest.mark.slow

EXTENTS = """[...document.querySelectorAll('text')].map(text => {
  const { x, y, width, height } = text.getBBox();
  return [x, y, x + width, y + height];
})"""


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tab]:
    with open_tab(tmp_path_factory.mktemp("browser")) as opened:
        yield opened


def show(tab: Tab, name: str) -> Scene:
    path = SPECS / f"{name}.net"
    scene = draw_volumes(check_source(Source(str(path), path.read_text(encoding="utf-8"))))
    tab.show("<!doctype html>" + scene_to_svg(scene).partition("\n")[2])
    return scene


@pytest.mark.parametrize("name", sample(sorted(path.stem for path in SPECS.glob("*.net"))))
def test_texts_are_no_wider_than_measured(tab: Tab, name: str) -> None:
    scene = show(tab, name)
    texts = [item for item in scene.items if isinstance(item, Text)]
    for text, (left, top, right, bottom) in zip(texts, tab.evaluate(EXTENTS), strict=True):
        assert right - left <= text.width + 1.5, text.text  # each letter may be rounded to pixels
        assert left >= 0 and top >= 0 and right <= scene.width and bottom <= scene.height, text.text


def test_a_box_has_its_tooltip(tab: Tab) -> None:
    scene = show(tab, "lenet5")
    titles = tab.evaluate("[...document.querySelectorAll('g > title')].map(title => title.textContent)")
    assert titles == [group.tooltip for group in scene.groups if group.tooltip]
