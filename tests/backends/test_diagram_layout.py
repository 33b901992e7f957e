"""Where the parts of a diagram stand: on a page, in columns, the arms in order, sizes and edges clear of boxes."""

from __future__ import annotations

import shutil
from dataclasses import replace
from functools import cache
from itertools import combinations, pairwise
from pathlib import Path

import pytest
from paths import ERRORS, SPECS
from zoo_sample import sample

from specnet.backends.diagram import DrawingOptions
from specnet.backends.diagram.choice import choose_fit
from specnet.backends.diagram.columns import list_segments
from specnet.backends.diagram.describe import describe_network
from specnet.backends.diagram.layout import Curve, Rectangle
from specnet.backends.diagram.options import Direction
from specnet.backends.diagram.page_fit import Fit
from specnet.backends.diagram.sizes import flatten, measure_caption
from specnet.compiler import Checked, check_source
from specnet.source import Source

pytestmark = pytest.mark.skipif(not shutil.which("dot"), reason="Graphviz's program dot is not installed")

ZOO = sorted(path.stem for path in SPECS.glob("*.net"))

SOME = ["alexnet", "resnet18", "mobilenet-v2", "googlenet-heads", "unet", "siamese", "squeezenet-v1.1"]
"""Networks in one piece and in columns, with heads, skips and two inputs."""


@cache
def read(name: str) -> Checked:
    return check_source(Source(name, (SPECS / f"{name}.net").read_text(encoding="utf-8")))


@cache
def fit(name: str, depth: int | None = None, expand: bool = False) -> Fit:
    return choose_fit(read(name), DrawingOptions(depth, expand))


def assert_clear(drawn: Fit) -> None:
    """Boxes stand apart, edges pass them, and sizes lie on neither."""
    layout = drawn.layout
    boxes = {name: box.grow(-1) for name, box in layout.boxes.items()}
    for one, other in combinations(boxes, 2):
        assert not boxes[one].overlaps(boxes[other]), f"{one} and {other}"
    for number, curve in layout.curves.items():
        edge = drawn.diagram.edges[number]
        crossed = [name for name in _list_crossed(curve, boxes) if name not in (edge.source, edge.target)]
        assert not crossed, f"{edge.source} → {edge.target}"
    for number, size in layout.sizes.items():
        on = [name for name, box in boxes.items() if box.overlaps(size.grow(-1))]
        assert not on, f"{drawn.diagram.edges[number].label} on {on}"


def _list_crossed(curve: Curve, boxes: dict[str, Rectangle]) -> list[str]:
    points = flatten(curve)
    return [name for name, box in boxes.items() if any(_holds(box, *point) for point in points)]


def _holds(box: Rectangle, x: float, y: float) -> bool:
    return box.left < x < box.right and box.bottom < y < box.top


@pytest.mark.parametrize("name", SOME)
def test_a_picture_is_readable_on_a_page_and_nothing_overlaps(name: str) -> None:
    assert fit(name).is_readable
    assert_clear(fit(name))


@pytest.mark.slow
@pytest.mark.parametrize("name", sample(ZOO))
def test_every_network_of_the_zoo_fits_a_page(name: str) -> None:
    drawn = fit(name)
    assert drawn.smallest_text >= 6, f"{drawn.smallest_text:.1f} pt"
    assert_clear(drawn)


@pytest.mark.slow
@pytest.mark.parametrize("spec", sorted(ERRORS.glob("*.net")), ids=lambda spec: spec.stem)
def test_broken_networks_are_laid_out(spec: Path) -> None:
    checked = check_source(Source("a.net", spec.read_bytes().decode(errors="replace")))
    if len(checked.network.nodes) < 1000:
        assert choose_fit(checked, DrawingOptions()).layout.boxes or not checked.network.nodes


def test_columns_are_cut_where_a_single_value_crosses() -> None:
    diagram = describe_network(read("mobilenet-v2"), depth=2)
    segments = list_segments(diagram)
    assert [item for segment in segments for item in segment] == [*diagram.contents]
    assert len(segments) > 8
    assert len(list_segments(describe_network(read("unet")))) < 4


def test_the_edge_between_columns_goes_through_the_gutter() -> None:
    drawn = fit("googlenet")
    lowest = min(box.bottom for box in drawn.layout.boxes.values())
    crossing = [curve for curve in drawn.layout.curves.values() if min(y for _, y in curve.points) < lowest]
    assert len(crossing) == 1
    assert len({round(box.left) for box in drawn.layout.boxes.values()}) > 1


@pytest.mark.parametrize("direction", ["tb", "lr"])
def test_arms_stand_in_the_order_of_the_file(direction: Direction) -> None:
    drawn = choose_fit(read("googlenet"), DrawingOptions(depth=9, direction=direction))
    assert len(drawn.diagram.arms) == 9
    for arms in drawn.diagram.arms:
        boxes = [drawn.layout.boxes[name] for name in arms]
        places = [box.left if direction == "tb" else -box.top for box in boxes]
        assert places == sorted(places), arms


def test_edges_keep_clear_of_captions() -> None:
    """With four arms from a module to the next, one of nine captions has no free place."""
    drawn = choose_fit(read("googlenet"), DrawingOptions(direction="tb"))
    lines = [flatten(curve) for curve in drawn.layout.curves.values()]
    crossed = list[str]()
    for name, caption in drawn.layout.captions.items():
        text = replace(caption, right=caption.left + measure_caption(drawn.diagram.scopes[name])).grow(-3)
        crossed += [name] * any(text.holds(point) for line in lines for point in line)
    assert len(crossed) <= 1


UNET = """
input 45x37x1
block double(K) { repeat 2 { conv K=K F=3 P=1 bias=no -> bn -> relu } }
block down(K) {
  double K -> @skip
  pool max F=2 floor
}
block up(K, skip) {
  deconv K=K F=2 S=2
  upsample like=@skip
  concat @skip
  double K
}
d1: down 16
d2: down 32
d3: down 64
double 128
up 64 @d3.skip
up 32 @d2.skip
up 16 @d1.skip
conv K=2 F=1
"""


def test_sizes_are_apart_in_a_wide_font() -> None:
    """In DejaVu Sans, which stands in for Helvetica, a digit is 6.4 points wide and a cross 8.4."""
    drawn = choose_fit(check_source(Source("<text>", UNET)), DrawingOptions())
    texts = list[Rectangle]()
    for number, size in drawn.layout.sizes.items():
        label = drawn.diagram.edges[number].label
        texts.append(Rectangle.around(size.centre, sum(8.4 if c == "×" else 6.4 for c in label), 10))
    assert not any(one.overlaps(other) for one, other in combinations(texts, 2))
    lines = [flatten(curve) for curve in drawn.layout.curves.values()]
    assert not any(text.holds(point) for text in texts for line in lines for point in line)


def test_the_main_path_is_straight() -> None:
    drawn = choose_fit(read("resnet18"), DrawingOptions(depth=1, direction="tb"))
    centres = [drawn.layout.boxes[name].centre[0] for name in drawn.diagram.boxes]
    assert all(abs(one - other) < 2 for one, other in pairwise(centres))


def test_from_left_to_right() -> None:
    drawn = choose_fit(read("alexnet"), DrawingOptions(direction="lr"))
    assert drawn.layout.picture.width > 2 * drawn.layout.picture.height
    assert_clear(drawn)


def test_resnet152_is_laid_out_with_every_layer() -> None:
    drawn = choose_fit(read("resnet152"), DrawingOptions(expand=True, direction="tb"))
    assert len(drawn.layout.boxes) > 200
