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
