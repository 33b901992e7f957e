"""The component of a network in a real browser: what is pointed at, folded, found, and how it is seen."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from browser import OVERFLOW, Tab, open_tab
from paths import SPECS
from test_network import BROKEN, HOSTILE
from zoo_sample import sample

import specnet
from specnet.page.network_page import make_network_page

pytestmark = pytest.mark.slow

DRAWN = "document.querySelector('.network .diagram svg') && !document.querySelector('.network.busy')"

STAGES = """net Stages
input 32x32x3
block b(K) { conv K=K F=3 P=1 -> bn -> relu }
conv1: conv K=8 F=3 P=1 -> relu
stage: repeat 3 { b 8 }
fc2: fc 10
"""


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tab]:
    with open_tab(tmp_path_factory.mktemp("browser")) as tab:
        yield tab


@pytest.fixture
def tab(browser: Tab) -> Iterator[Tab]:
    """Return the tab; what a test makes it prefer is forgotten, and no test may leave a complaint."""
    yield browser
    browser.prefer()
    assert browser.complaints == []


LONG = f'net A "https://a.org/{"a" * 300}"\ninput 8x8x3\nfc 3\n'

WIDE = f"input 32x32x3\nconcat {{\n{'| conv K=8 F=3 P=1' * 8}\n}}\nfc 10\n"


def show(tab: Tab, source: str, width: int = 1280, height: int = 900) -> None:
    tab.show(make_network_page(specnet.check(source)).html, width, height)
    tab.wait(DRAWN)


def list_marked(tab: Tab, style: str) -> dict[str, list[str]]:
    """Return the names of the rows and boxes, and the lines, with a mark."""
    found = "(selector) => [...document.querySelectorAll(selector)].map(each => each.dataset.name ?? each.dataset.line)"
    selectors = {"rows": f"tr.{style}", "boxes": f"svg .{style}", "lines": f".line.{style}"}
    return {key: sorted(tab.evaluate(f"({found})({selector!r})")) for key, selector in selectors.items()}


@pytest.mark.parametrize(
    ("pointed", "rows", "boxes", "lines"),
    [
        ("tr[data-name='conv1']", ["conv1"], ["conv1"], ["4"]),
        ("tr[data-name='conv1_relu']", ["conv1_relu"], ["conv1"], ["4"]),
        ("svg [data-name='conv1'] text", ["conv1", "conv1_relu"], ["conv1"], ["4"]),
        (".line[data-line='4'] code", ["conv1", "conv1_relu"], ["conv1"], ["4"]),
        ("tr[data-name='stage']", ["stage"], ["stage"], ["5"]),
        (".line[data-line='5'] code", ["stage"], ["stage"], ["5"]),
        ("tr[data-name='input']", ["input"], ["input"], ["2"]),
    ],
)
def test_what_is_pointed_at_is_lit_everywhere(
    tab: Tab, pointed: str, rows: list[str], boxes: list[str], lines: list[str]
) -> None:
    show(tab, STAGES)
    tab.hover(pointed)
    assert list_marked(tab, "lit") == {"rows": rows, "boxes": boxes, "lines": lines}
    tab.click(pointed)
    assert list_marked(tab, "selected") == {"rows": rows, "boxes": boxes, "lines": lines}
    tab.press("Escape")
    assert list_marked(tab, "selected") == {"rows": [], "boxes": [], "lines": []}


def test_blocks_fold_in_diagram_and_table(tab: Tab) -> None:
    show(tab, STAGES)
    tab.click("[data-action='unfold']")
    tab.wait(f"{DRAWN} && document.querySelectorAll('svg .node').length === 7")
    tab.click("tr[data-name='stage'] .fold")
    tab.wait(f"{DRAWN} && document.querySelectorAll('svg .node').length === 5")
    assert tab.evaluate("document.querySelector(\"tr[data-name='stage.1.conv1']\").hidden")
    assert tab.evaluate("document.querySelector(\"tr[data-name='stage']\").ariaExpanded") == "false"
    tab.click("svg [data-name='stage'] text")
    tab.wait(f"{DRAWN} && document.querySelectorAll('svg .node').length === 7")
    assert not tab.evaluate("document.querySelector(\"tr[data-name='stage.1.conv1']\").hidden")
    tab.click("[data-action='fold']")
    tab.wait(f"{DRAWN} && document.querySelectorAll('svg .cluster').length === 0")


def test_the_search_opens_what_hides_a_layer(tab: Tab) -> None:
    show(tab, STAGES)
    tab.click("[data-action='fold']")
    tab.evaluate("document.querySelector('input[type=search]').focus()")
    for letter in "2.bn":
        tab.press(letter)
    assert tab.evaluate("document.querySelector('.count').textContent") == "1 layer"
    tab.press("Enter")
    tab.wait(f"{DRAWN} && document.querySelector('tr.selected')")
    assert list_marked(tab, "selected")["rows"] == ["stage.2.bn1"]
    assert list_marked(tab, "selected")["boxes"] == ["stage.2.conv1"]
    assert tab.evaluate("document.querySelector('.count').textContent") == "1 of 1"


@pytest.mark.parametrize(
    ("words", "count", "rows"),
    [
        (
            "stage",
            "9 layers, 1 block",
            ["stage", *(f"stage.{i}.{name}" for i in range(3) for name in ("bn1", "conv1", "relu1"))],
        ),
        ("repeat 3", "1 line", []),
        ("qqq", "no match", []),
    ],
)
def test_the_search_says_what_it_finds(tab: Tab, words: str, count: str, rows: list[str]) -> None:
    show(tab, STAGES)
    tab.click("[data-action='unfold']")
    tab.wait(DRAWN)
    tab.evaluate("document.querySelector('input[type=search]').focus()")
    for letter in words:
        tab.press(letter)
    assert tab.evaluate("document.querySelector('.count').textContent") == count
    assert list_marked(tab, "found")["rows"] == rows


@pytest.mark.parametrize("width", [390, 1280])
def test_it_opens_at_the_input(tab: Tab, width: int) -> None:
    show(tab, WIDE, width)
    middle = "(box => box.x + box.width / 2)(document.querySelector('{}').getBoundingClientRect())"
    apart = f"{middle.format('svg [data-name=input]')} - {middle.format('.diagram')}"
    assert abs(tab.evaluate(apart)) < 2
    assert tab.evaluate(
        "(box => box.scrollWidth > box.clientWidth && !box.scrollTop)(document.querySelector('.diagram'))"
    )


def test_the_costs_are_in_view(tab: Tab) -> None:
    show(tab, "googlenet")
    assert tab.evaluate("(box => box.scrollWidth - box.clientWidth)(document.querySelector('.layers'))") == 0


def test_the_keyboard_walks_diagram_and_table(tab: Tab) -> None:
    show(tab, STAGES)
    focused = "document.activeElement.dataset.name"
    tab.evaluate("document.querySelector('svg .node[tabindex=\"0\"]').focus()")
    assert tab.evaluate(focused) == "input"
    tab.press("ArrowDown")
    assert tab.evaluate(focused) == "conv1"
    assert tab.evaluate("document.querySelector('.inspector').textContent").startswith(
        "conv1 · conv K=8 F=3 P=1 · 32×32×8"
    )
    tab.evaluate("document.querySelector('tr[data-name=stage]').focus()")
    tab.press("Enter")
    tab.wait(f"{DRAWN} && document.querySelector('tr[data-name=stage]').ariaExpanded === 'false'")
    tab.press("ArrowDown")
    assert tab.evaluate(focused) == "fc2"
    tab.press("ArrowUp")
    tab.press("ArrowRight")
    assert tab.evaluate("document.querySelector('tr[data-name=stage]').ariaExpanded") == "true"


def test_zoom_keeps_the_point_under_the_mouse(tab: Tab) -> None:
    show(tab, "resnet18")
    tab.click("[data-action='zoom-in']")
    x, y = tab.locate("svg [data-name='conv1'] text")
    tab.send("Input.dispatchMouseEvent", type="mouseWheel", x=x, y=y, deltaX=0, deltaY=-60, modifiers=2)
    tab.wait("!document.querySelector('.zoom').textContent.startsWith('100')")
    after = tab.locate("svg [data-name='conv1'] text")
    assert abs(after[0] - x) + abs(after[1] - y) < 24
    tab.click("[data-action='fit']")
    assert tab.evaluate("(box => box.scrollHeight - box.clientHeight)(document.querySelector('.diagram'))") <= 1


def test_enter_opens_and_closes_blocks_of_the_diagram(tab: Tab) -> None:
    show(tab, STAGES)
    state = "[document.activeElement.dataset.name, document.querySelectorAll('svg .cluster').length]"
    tab.click("[data-action='fold']")
    tab.wait(f"{DRAWN} && document.querySelector('svg .node[data-name=stage]')")
    tab.evaluate("document.querySelector('svg [data-name=stage]').focus()")
    tab.press("Enter")
    tab.wait(f"{DRAWN} && document.querySelectorAll('svg .cluster').length === 1")
    assert tab.evaluate(state) == ["stage", 1]
    tab.evaluate("document.querySelector('svg [data-name=\"stage.0.conv1\"]').focus()")
    tab.press("Enter", modifiers=8)
    tab.wait(f"{DRAWN} && document.querySelectorAll('svg .cluster').length === 0")
    assert tab.evaluate(state) == ["stage", 0]


def test_an_error_is_red_at_its_line_and_in_the_diagram(tab: Tab) -> None:
    show(tab, BROKEN)
    tab.hover(".message.error p")
    assert list_marked(tab, "lit") == {"rows": ["conv2"], "boxes": ["conv2"], "lines": ["4"]}
    assert "leaves real pixels unread" in tab.evaluate("document.querySelector('.message.error').textContent")
    assert tab.evaluate("document.querySelectorAll('svg .edge [style*=\"#c8102e\" i]').length") > 0


@pytest.mark.parametrize("text", [HOSTILE, "input 3\nfoo\n", "fc 3\n"])
def test_any_text_is_drawn(tab: Tab, text: str) -> None:
    show(tab, text)
    assert tab.evaluate("document.querySelector('.failure').hidden")
    assert tab.evaluate("document.images.length") == 0


@pytest.mark.parametrize(
    "source", ["alexnet", "densenet121", BROKEN, LONG], ids=["alexnet", "densenet121", "broken", "long"]
)
@pytest.mark.parametrize("width", [390, 1280])
def test_it_fits(tab: Tab, source: str, width: int) -> None:
    show(tab, source, width)
    assert tab.evaluate(OVERFLOW) == 0


def test_the_dark_theme_has_light_text_on_dark_boxes(tab: Tab) -> None:
    tab.prefer(prefers_color_scheme="dark")
    show(tab, "alexnet")
    lightness = "(element) => Number(/oklch\\(([\\d.]+)/.exec(getComputedStyle(element).fill)[1])"
    assert tab.evaluate(f"({lightness})(document.querySelector('[data-name=conv1] .ink'))") > 0.85
    assert tab.evaluate(f"({lightness})(document.querySelector('[data-name=conv1] .filled'))") < 0.5


def test_it_prints_the_diagram_on_one_page(tab: Tab) -> None:
    show(tab, "unet")
    assert b"/Count" in (pdf := tab.print())
    assert pdf.startswith(b"%PDF")


@pytest.mark.parametrize("path", sample(sorted(SPECS.glob("*.net"))), ids=lambda path: path.stem)
def test_every_published_network_is_drawn_whole(tab: Tab, path: Path) -> None:
    """All layers are in boxes, and no text leaves its box."""
    show(tab, str(path))
    tab.evaluate("document.querySelector('[data-action=unfold]')?.click()")
    tab.wait(DRAWN)
    assert tab.evaluate("document.querySelector('.failure').hidden")
    outside = """[...document.querySelectorAll('svg .node')].filter(node => {
      const box = node.querySelector('path, polygon').getBBox();
      return [...node.querySelectorAll('text')].some(text => {
        const { x, width } = text.getBBox();
        return x < box.x - 1 || x + width > box.x + box.width + 1;
      });
    }).map(node => node.dataset.name)"""
    assert tab.evaluate(outside) == []


RUNS = """net Runs
input 32x32x3
block b(K) {
  add {
    | conv K=K F=3 P=1 -> bn -> relu -> conv K=K F=3 P=1
    | identity
  }
  relu
}
conv1: conv K=8 F=3 P=1 -> relu
stage: repeat 4 { b 8 }
fc2: fc 10
"""


def test_a_run_is_drawn_once_until_it_is_opened(tab: Tab) -> None:
    show(tab, RUNS)
    edges = "[...document.querySelectorAll('svg .edge')].length"
    boxes = "[...document.querySelectorAll('svg .node')].map(each => each.dataset.name)"
    once = tab.evaluate(boxes)
    assert {name for name in once if name.startswith("stage.")} == {"stage.0.conv1", "stage.0.conv2", "stage.0.add1"}
    assert tab.evaluate(edges) == len(once)  # a chain with one shortcut
    assert tab.evaluate("[...document.querySelectorAll('tr[data-name^=\"stage.\"]:not([hidden])')].length") == 7
    tab.hover("tr[data-name='stage.0']")
    tab.click(".run")
    tab.wait(f"{DRAWN} && document.querySelectorAll('svg .node').length === {len(once) + 9}")
    assert tab.evaluate(edges) == len(once) + 9 + 3
    assert tab.evaluate("document.querySelector('.run').ariaExpanded") == "true"


def test_attention_is_opened_and_lit_with_its_line(tab: Tab) -> None:
    show(tab, "net A\ninput 10x12\nattention heads=3 -> dropout 0.1\nfc 10\n")
    count = "document.querySelectorAll('.diagram svg .node').length"
    assert tab.evaluate(count) == 4
    tab.click(".layers tr[data-name=attention1] .fold")
    tab.wait(f"{count} === 9")
    tab.hover(".diagram svg [data-name='attention1.k']")
    assert list_marked(tab, "lit") == {"rows": ["attention1", "dropout1"], "boxes": ["attention1"], "lines": ["3"]}
