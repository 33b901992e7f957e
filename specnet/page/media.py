"""A checked network in the media that a notebook shows: its page, its picture, and its table as text."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from specnet.backends.diagram import DrawingOptions
from specnet.backends.diagram.rendering import render
from specnet.backends.drawing_errors import DrawingError
from specnet.backends.volumes.drawing import draw_volumes
from specnet.backends.volumes.svg import scene_to_svg
from specnet.compiler import Checked
from specnet.page.markup import Html, element, join
from specnet.page.network_page import make_network_page
from specnet.records import Displayed
from specnet.reporters.building_blocks import list_blocks
from specnet.reporters.network_table import format_table, make_table
from specnet.reporters.terminal import format_diagnostic, format_omitted

MOST_ROWS = 40
"""The number of layers up to which the table as text has a row per layer, and not per block."""

STYLES = ("layers", "volumes")


@dataclass(frozen=True)
class NetworkDisplay(Displayed):
    """What a notebook shows of a checked network: its blocks opened `depth` deep, or the figure of its volumes."""

    checked: Checked
    depth: int | None = None
    style: str = "layers"


def describe_display(shown: NetworkDisplay) -> dict[str, str]:
    """Return a network by media types; a picture is left out where it would need a Graphviz that is not installed."""
    checked, depth = shown.checked, shown.depth
    text = {"text/plain": "\n\n".join(_list_texts(checked))}
    if shown.style == "volumes":
        return {**text, "image/svg+xml": scene_to_svg(draw_volumes(checked, depth=depth))}
    page = Html(make_network_page(checked, depth)._repr_html_())
    messages = "\n\n".join(map(format_diagnostic, checked.shown))
    html = page if checked.ok else join([element("pre", messages), page])
    return {**text, **dict(_draw(checked, depth)), "text/html": str(html)}


NetworkDisplay.display = describe_display


def _list_texts(checked: Checked) -> Iterator[str]:
    """Yield the table, and messages as the terminal has them."""
    if nodes := checked.network.nodes:
        is_long = checked.ok and len(nodes) > MOST_ROWS
        yield format_table(checked, make_table(checked, rows=list_blocks(checked.network) if is_long else None))
    yield from map(format_diagnostic, checked.shown)
    if checked.omitted:
        yield format_omitted(checked.omitted)


def _draw(checked: Checked, depth: int | None) -> Iterator[tuple[str, str]]:
    """Yield the picture by its media type, if Graphviz can make it."""
    with suppress(DrawingError):
        svg = render(checked, "svg", DrawingOptions(depth)).decode()
        yield "image/svg+xml", svg[svg.index("<svg") :]
