"""A network as a component of pages: its diagram, its table, its text with messages, and what works on them."""

from __future__ import annotations

from collections.abc import Iterator

from specnet.backends.diagram.parts import list_parts
from specnet.compiler import Checked
from specnet.page.layer_table import make_layer_table
from specnet.page.markup import Html, element
from specnet.page.shell import embed_json
from specnet.page.source_lines import find_lines, list_messages, make_source
from specnet.page.unfolding import Parts, open_scopes

BUTTONS = (
    ("zoom-out", "−", "Zoom out"),
    ("zoom-in", "+", "Zoom in"),
    ("fit", "Fit", "Fit the whole diagram"),
    ("fold", "Fold all", "Fold all blocks"),
    ("unfold", "Unfold all", "Unfold all blocks"),
)
"""The actions of the diagram's buttons, their labels and what they do."""

KEYS = (
    "Arrow keys move between boxes. Enter opens or closes a block, Shift and Enter close the one around a box. "
    "The wheel with Ctrl zooms."
)


def make_network(checked: Checked, depth: int | None = None, expand: bool = False) -> Html:
    """Return the component; the script of pages draws the diagram in it, and everything else can be read without.

    Blocks are opened `depth` deep at first; None opens as many as can be taken in. Alike neighbours are drawn once,
    unless `expand` is set.
    """
    parts = list_parts(checked)
    for run in parts["runs"]:
        run["open"] = expand
    open_scopes(parts, depth)
    names = (*(each.name for each in checked.network.inputs), *(node.name for node in checked.network.nodes))
    made = {line for name in names for line in find_lines(checked, name)}
    table = make_layer_table(checked, parts)
    panes = element(
        "div",
        element("div", *_make_diagram(parts), class_="picture-pane"),
        element("div", table, class_="layers", tabindex="-1", role="region", aria_label="Layers"),
        element("div", make_source(checked, made), class_="text", role="region", aria_label="Text of the spec"),
        class_="panes",
    )
    data = embed_json({"parts": parts}, class_="network-data")
    return element("section", element("div", *_make_bar(checked), class_="network-bar"), panes, data, class_="network")


def _make_bar(checked: Checked) -> Iterator[Html]:
    """Yield the search and the links to messages."""
    field = element("input", type="search", placeholder="Search layers and lines", aria_label="Search layers and lines")
    yield element("div", field, element("output", class_="count"), class_="search", data_script=True, hidden=True)
    if checked.shown:
        yield element("ul", list_messages(checked), class_="messages", aria_label="Messages")


def _list_legend(parts: Parts) -> Iterator[Html]:
    """Yield what each colour of the diagram stands for."""
    for entry in parts["legend"]:
        swatch = element("i", style=f"--fill:{entry['fill']};--stroke:{entry['line']}", aria_hidden="true")
        yield element("li", swatch, entry["word"])


def _make_diagram(parts: Parts) -> Iterator[Html]:
    """Yield the place of the diagram with its buttons, and what stands there without it."""
    shown = [button for button in BUTTONS if parts["scopes"] or "fold" not in button[0]]
    buttons = (
        element("button", label, type="button", data_action=action, title=does, aria_label=does)
        for action, label, does in shown
    )
    zoom = element("output", class_="zoom", aria_label="Zoom")
    yield element("div", *buttons, zoom, class_="tools", role="toolbar", data_script=True, hidden=True)
    yield element("div", class_="diagram", role="group", aria_label="Diagram", aria_describedby="keys")
    yield element("div", class_="columns", aria_hidden="true")
    failure = "This browser could not lay the diagram out" + "; folded blocks make it simpler." * bool(parts["scopes"])
    yield element("p", failure, class_="failure", hidden=True)
    yield element("noscript", element("p", "The diagram needs a script, which this browser does not run."))
    yield element("ul", *_list_legend(parts), class_="legend", data_script=True, hidden=True, aria_label="Colours")
    yield element("p", class_="inspector", aria_live="polite", data_script=True, hidden=True)
    yield element("p", KEYS, id="keys", class_="unseen")
