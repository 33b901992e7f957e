"""The page of a network: what it is, with its diagram, table and text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from specnet.analyses.cost import format_count
from specnet.compiler import Checked
from specnet.layers.base import format_shape
from specnet.page.markup import Html, element, name
from specnet.page.network import make_network
from specnet.page.scripts import embed_engine, read_network_script, read_network_style
from specnet.page.shell import Page, make_footer
from specnet.reporters.terminal import format_counts


def make_network_page(checked: Checked) -> Page:
    """Return the page of a network, sound or not."""
    title = checked.network.name or "network"
    content = element("div", make_header(checked), make_network(checked), make_footer(True), class_="network-page")
    return make_page_with_network("Network", title, content)


def make_page_with_network(kind: str, title: str, content: Html, data: Mapping[str, Any] | None = None) -> Page:
    """Return a page whose content has a network in it, with all that shows it."""
    return Page(kind, title, content, data or {}, read_network_script("start"), read_network_style(), embed_engine())


def make_header(checked: Checked) -> Html:
    """Return the name, the description and the figures of a network."""
    network = checked.network
    return element(
        "header",
        element("h1", name(network.name or "network")),
        *([element("p", name(network.description), class_="lead")] if network.description else []),
        element("p", " · ".join(_list_figures(checked)), class_="figures"),
        class_="network-header",
    )


def _list_figures(checked: Checked) -> Iterator[str]:
    network, totals = checked.network, checked.totals
    inputs = ", ".join(format_shape(each.shape) for each in network.inputs if each.shape)
    if inputs and network.outputs and checked.ok:
        shapes = [network.shapes[value] for value in network.outputs]
        yield f"{inputs} → {', '.join(format_shape(shape) for shape in shapes if shape)}"
    if checked.has_sound_network and network.nodes:
        yield f"{totals.parameters:,} parameters"
        yield f"{format_count(totals.macs)} MACs"
    if counts := format_counts(checked.shown):
        yield counts
