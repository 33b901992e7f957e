"""The SVG of a diagram: well-formed, described, nothing injected, and its text inside the boxes."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree

import pytest
from browser import open_tab
from hypothesis import given, settings
from hypothesis import strategies as st
from paths import SPECS

from specnet.backends.diagram.dot import to_dot
from specnet.backends.diagram.dot_program import run_dot
from specnet.backends.diagram.model import Box, Diagram, Edge, Part, Scope, State, Terminal
from specnet.backends.diagram.page_fit import lay_out_whole
from specnet.backends.diagram.rendering import render, render_fit
from specnet.backends.diagram.svg import SVG
from specnet.backends.diagram.themes import LIGHT
from specnet.compiler import check_source
from specnet.layers.base import Family
from specnet.source import Source

pytestmark = pytest.mark.skipif(not shutil.which("dot"), reason="Graphviz's program dot is not installed")

SOME = ["alexnet", "googlenet-heads", "mobilenet-v2", "resnet50", "unet"]

ZOO = sorted(path.stem for path in SPECS.glob("*.net"))


def draw(name: str) -> ElementTree.Element:
    text = (SPECS / f"{name}.net").read_text(encoding="utf-8")
    return ElementTree.fromstring(render(check_source(Source(name, text)), "svg"))


def list_texts(root: ElementTree.Element) -> list[str]:
    return [(text.text or "").replace("\xa0", " ") for text in root.iter(f"{{{SVG}}}text")]


@pytest.mark.parametrize("name", SOME)
def test_a_picture_describes_itself(name: str) -> None:
    root = draw(name)
    title, description = root[0], root[1]
    assert root.get("role") == "img" and root.get("aria-labelledby") == f"{title.get('id')} {description.get('id')}"
    assert (title.tag, description.tag) == (f"{{{SVG}}}title", f"{{{SVG}}}desc")
    assert description.text and description.text.startswith("A network of ") and "MACs" in description.text
    fonts = {text.get("font-family") for text in root.iter(f"{{{SVG}}}text")}
    assert all(font and font.endswith("sans-serif") for font in fonts)


@pytest.mark.parametrize("name", ["alexnet", "unet", "vgg19"])
def test_the_name_of_every_box_is_shown_once(name: str) -> None:
    root = draw(name)
    shown = Counter(list_texts(root))
    nodes = [group for group in root.iter(f"{{{SVG}}}g") if (group.get("class") or "").startswith("node")]
    names = [next(text.text for text in group.iter(f"{{{SVG}}}text")) for group in nodes]
    assert len(names) > 9
    assert all(shown[each or ""] == 1 for each in names)


def test_a_tooltip_has_the_formula_and_the_costs() -> None:
    tooltips = [(title.text or "").replace("\xa0", " ") for title in draw("alexnet").iter(f"{{{SVG}}}title")]
    (conv1,) = [text for text in tooltips if text.startswith("conv1: conv")]
    assert conv1.split("\n")[:5] == [
        "conv1: conv K=96 F=11 S=4 → 55×55×96",
        "  (227 − 11 + 0)/4 + 1 = 55",
        "  34,944 parameters",
        "  105,415,200 MACs",
        "  receptive field: 11×11 pixels",
    ]
    assert "conv1 → pool1  55×55×96" in tooltips


def test_boxes_have_classes_of_family_and_state() -> None:
    picture = render(check_source(Source("a.net", "input 8x8x3\na: conv K=4 F=9\nfc 10")), "svg").decode()
    assert 'class="node convolution fault"' in picture and 'class="node dense behind"' in picture


HOSTILE = [
    '"',
    "\\",
    "\\N\\G\\L",
    "</svg><script>alert(1)</script>",
    "<b>&amp;&#38;</b>",
    "]]>",
    '"]; evil -> edge [label="',
    "a\x01b\x1b[31m\nc",
    "\u202egnp.exe\u2066",
    "%s" * 90,
    "x" * 300,
    ">",
    "<",
]

ODD = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=320) | st.sampled_from(HOSTILE)


def make_diagram(name: str, text: str) -> Diagram:
    """A diagram with a hostile text wherever a spec can put one."""
    part = Part(text, Family.ACTIVATION, State.SOUND)
    box = Box("a", name, text, Family.DENSE, State.SOUND, (text,), (text,), (part,), (text, name), ("a",), count=3)
    inside = Box("s.b", text, name, None, State.FAULT, (), (name, text), (), (name,), ("s.b",), is_folded=True)
    scope = Scope("s", name, text, ("s.b", "s.c"))
    other = Box("s.c", text, text, Family.JOIN, State.BEHIND, (), (), (part,), (), ("s.c",))
    start, end = Terminal("input", name, text, State.SOUND), Terminal("the output", text, name, State.BEHIND)
    edges = (
        Edge("input", "input", "a", text, State.SOUND, is_trunk=True),
        Edge("a", "a", "s.b", name, State.FAULT),
        Edge("a", "a", "s.c", "", State.SOUND),
        Edge("s.c", "s.c", "the output", text, State.BEHIND),
    )
    boxes = {each.name: each for each in (box, inside, other)}
    return Diagram(name, text, text, (text,), (start,), (end,), boxes, {"s": scope}, ("a", "s"), edges, summary=text)


@settings(max_examples=20)
@given(ODD, ODD)
def test_no_text_breaks_the_picture_or_adds_to_it(name: str, text: str) -> None:
    diagram = make_diagram(name, text)
    root = ElementTree.fromstring(render_fit(lay_out_whole(diagram, LIGHT), "svg", LIGHT))
    kinds = Counter((group.get("class") or "").split()[0] for group in root.iter(f"{{{SVG}}}g"))
    assert kinds["node"] == 5 and kinds["edge"] == 4 and kinds["cluster"] == 1
    assert not {"script", "image", "foreignObject", "a"} & {each.tag.rpartition("}")[2] for each in root.iter()}
    assert run_dot(to_dot(diagram).source, "-Tcanon")


OVERFLOWS = """
[...document.querySelectorAll("g.node")].flatMap((node) => {
  const outline = node.querySelector("path, polygon, ellipse").getBBox();
  return [...node.querySelectorAll("text")].filter((text) => {
    const box = text.getBBox();
    return box.x < outline.x - 0.5 || box.x + box.width > outline.x + outline.width + 0.5
      || box.y < outline.y - 1.5 || box.y + box.height > outline.y + outline.height + 1.5;
  }).map((text) => text.textContent);
})
"""


@pytest.mark.slow
def test_all_text_of_the_zoo_is_inside_its_box(tmp_path: Path) -> None:
    with open_tab(tmp_path) as tab:
        for name in ZOO:
            (tmp_path / "picture.svg").write_bytes(ElementTree.tostring(draw(name)))
            tab.visit((tmp_path / "picture.svg").as_uri())
            assert tab.evaluate(OVERFLOWS) == [], name
        for text in HOSTILE:
            drawn = lay_out_whole(make_diagram(text, text), LIGHT)
            (tmp_path / "picture.svg").write_bytes(render_fit(drawn, "svg", LIGHT))
            tab.visit((tmp_path / "picture.svg").as_uri())
            assert tab.evaluate(OVERFLOWS) == [], text
