"""Photograph Netron's page of a model with the browser of the tests."""

from __future__ import annotations

import json
from pathlib import Path

from gallery.tab import open_tab

ADDRESS = ("localhost", 8473)
PAGE = "http://localhost:8473/"

DRAWN = "document.body.className === 'default' && document.querySelectorAll('#canvas .node').length > 0"
"""Whether Netron's graph has been laid out."""

BOX = "(box => [box.width, box.height])(document.getElementById('canvas').getBoundingClientRect())"
"""The size of all of the graph."""


def photograph_netron(model: Path, target: Path) -> None:
    """Save the whole graph that Netron shows of a model, without its buttons."""
    import netron

    netron.start(str(model), ADDRESS, browse=False)
    try:
        with open_tab() as tab:
            # Netron asks whether it may report its use; it is not asked here, and nothing is reported
            tab.send("Network.enable")
            tab.send("Network.setBlockedURLs", urls=["https://*"])
            tab.send("Network.setCookie", name="consent", value="0", url=PAGE)
            tab.visit(PAGE)
            tab.wait(DRAWN)
            width, height = json.loads(tab.evaluate(f"JSON.stringify({BOX})"))
            tab.visit(PAGE, round(width), round(height))
            tab.wait(DRAWN)
            tab.evaluate(
                "document.querySelectorAll('button, #menu-button').forEach(each => each.style.display = 'none')"
            )
            tab.take_picture(target)
    finally:
        netron.stop()
