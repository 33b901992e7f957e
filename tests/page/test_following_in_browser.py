"""A page that follows its file in a real browser: what is folded, selected, zoomed and scrolled stays so."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from browser import Tab, open_tab
from test_following import check
from test_network_in_browser import DRAWN, STAGES, list_marked

from specnet.page.following import FollowedSpec
from specnet.page.server import PageServer

pytestmark = pytest.mark.slow

STATE = """(box => ({
  zoom: document.querySelector('.zoom').textContent,
  boxes: document.querySelectorAll('svg .node').length,
  diagram: box('.diagram').scrollTop, layers: box('.layers').scrollTop, text: box('.text').scrollTop,
}))(selector => document.querySelector(selector))"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "x.net").write_text(STAGES + "".join(f"fc 1{number}\n" for number in range(40)))
    return tmp_path / "x.net"


@pytest.fixture
def tab(file: Path, tmp_path: Path) -> Iterator[Tab]:
    """Return a tab that shows the page of a file."""
    server = PageServer(FollowedSpec.begin(file, check))
    thread = Thread(target=server.follow)
    thread.start()
    try:
        with open_tab(tmp_path) as tab:
            tab.visit(server.address)
            tab.wait(DRAWN)
            yield tab
            assert tab.complaints == []
    finally:
        server.shutdown()
        thread.join()


def prepare(tab: Tab) -> Any:
    """Fold, zoom, scroll, search and select, and return what should stay."""
    tab.click("tr[data-name='stage'] .fold")
    tab.wait(f"{DRAWN} && document.querySelectorAll('svg .cluster').length === 0")
    tab.click("[data-action='zoom-in']")
    tab.click("tr[data-name='conv1']")
    tab.evaluate("document.querySelector('input[type=search]').focus()")
    tab.press("f")
    for pane, top in {"diagram": 150, "layers": 60, "text": 40}.items():
        tab.evaluate(f"document.querySelector('.{pane}').scrollTo(0, {top})")
    return tab.evaluate(STATE)


def edit(tab: Tab, file: Path, old: str, new: str, condition: str) -> None:
    file.write_text(file.read_text().replace(old, new))
    tab.wait(f"({condition}) && {DRAWN}")


def test_everything_stays_where_it_was(tab: Tab, file: Path) -> None:
    before = prepare(tab)
    assert min(before["diagram"], before["layers"], before["text"]) > 30
    edit(tab, file, "fc 139", "fc 99", "document.querySelector('.source').textContent.includes('fc 99')")
    assert tab.evaluate(STATE) == before
    assert list_marked(tab, "selected") == {"rows": ["conv1"], "boxes": ["conv1"], "lines": ["4"]}
    assert tab.evaluate("document.activeElement.value") == "f"


def test_errors_come_and_go(tab: Tab, file: Path) -> None:
    before = prepare(tab)
    edit(tab, file, "repeat 3 { b 8 }", "repeat 3 { c 8 }", "document.querySelector('.message.error')")
    edit(tab, file, "repeat 3 { c 8 }", "repeat 3 { b 8 }", "!document.querySelector('.message.error')")
    assert tab.evaluate("document.querySelectorAll('svg .node').length") == before["boxes"]
    text = file.read_text()
    file.unlink()
    tab.wait("document.querySelector('.notice:not([hidden])')?.textContent.startsWith('There is no file')")
    assert tab.evaluate("document.querySelectorAll('svg .node').length") == before["boxes"]
    file.write_text(text)
    tab.wait("!document.querySelector('.notice:not([hidden])')")


SEEN = """(box => {
  const seen = (element) => {
    const [inner, outer] = [element, element.closest('.diagram, .text')].map(each => each.getBoundingClientRect());
    return inner.top >= outer.top - 1 && inner.bottom <= outer.bottom + 1;
  };
  const selectors = [".line[data-line='%d']", ".message.error", "svg [data-name='%s']"];
  return selectors.every(each => seen(document.querySelector(each)));
})()"""
"""Whether a line, the first message and a box are in view."""


def test_a_new_error_is_shown_and_an_old_one_stays_out_of_the_way(tab: Tab, file: Path) -> None:
    tab.prefer(prefers_reduced_motion="reduce")
    edit(tab, file, "fc 135\n", "conv K=1 F=3\n", "document.querySelector('.message.error')")
    line = file.read_text().split("\n").index("conv K=1 F=3") + 1
    link = "document.querySelector('.messages a.error').textContent"
    assert tab.evaluate(link).startswith(f"E305 line {line}: ")
    name = tab.evaluate("document.querySelector('.message.error').dataset.name")
    tab.wait(SEEN % (line, name))
    tab.evaluate("['.text', '.diagram'].forEach(each => document.querySelector(each).scrollTo(0, 0))")
    edit(tab, file, "fc 12\n", "fc 99\n", "document.querySelector('.source').textContent.includes('fc 99')")
    assert tab.evaluate(STATE)["text"] == tab.evaluate(STATE)["diagram"] == 0
    tab.click(".messages a.error")
    tab.wait(SEEN % (line, name))
    assert tab.evaluate("scrollY") == 0


def test_an_empty_file_does_not_move_what_comes_after(tab: Tab, file: Path) -> None:
    before = prepare(tab)
    text = file.read_text()
    edit(tab, file, text, "", "document.querySelectorAll('.line').length === 1")
    file.write_text(text)
    tab.wait(f"document.querySelectorAll('.line').length > 1 && {DRAWN}")
    assert tab.evaluate(STATE) == before


def test_it_says_when_the_server_has_gone(tmp_path: Path) -> None:
    (tmp_path / "x.net").write_text(STAGES)
    server = PageServer(FollowedSpec.begin(tmp_path / "x.net", check))
    thread = Thread(target=server.follow)
    thread.start()
    with open_tab(tmp_path) as tab:
        tab.visit(server.address)
        tab.wait(DRAWN)
        server.shutdown()
        thread.join()
        tab.wait("!document.querySelector('.stopped').hidden")
