"""The page of a network: what it is, with its diagram, table and text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from specnet.analyses.cost import format_count
from specnet.compiler import Checked
from specnet.graph import Network
from specnet.layers.base import format_shape
from specnet.page.following import Edition
from specnet.page.markup import Html, element, join, name
from specnet.page.network import make_network
from specnet.page.scripts import embed_engine, read_network_script, read_network_style
from specnet.page.shell import Page, make_footer
from specnet.reporters.terminal import format_counts

STOPPED = "The server no longer answers, and this page no longer follows its file."


def make_network_page(checked: Checked, depth: int | None = None, expand: bool = False) -> Page:
    """Return the page of a network, sound or not, with its blocks opened as `make_network` does."""
    content = element("main", make_contents(checked, depth, expand), make_footer(True), class_="network-page")
    return make_page_with_network("Network", checked.network.name or "network", content)


def make_followed_page(edition: Edition) -> Page:
    """Return the page of a spec that asks its server for the editions that follow."""
    checked, notice = edition.checked, edition.notice
    content = element(
        "main",
        element("p", notice, class_="notice", hidden=not notice, role="status"),
        element("p", STOPPED, class_="notice stopped", hidden=True, role="status"),
        element("div", make_contents(checked), class_="contents-shown"),
        class_="network-page",
        data_edition=edition.number,
    )
    page = make_page_with_network("Network", checked.network.name or "network", content)
    return replace(page, script=read_network_script("follow"), connects=True)


def make_contents(checked: Checked, depth: int | None = None, expand: bool = False) -> Html:
    """Return the name and the figures of a network, and the network itself."""
    return join([make_header(checked), make_network(checked, depth, expand)])


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
        yield f"{inputs} → {', '.join(_list_outputs(network))}"
    if checked.has_sound_network and network.nodes:
        yield f"{totals.parameters:,} parameters"
        yield f"{format_count(totals.macs)} MACs"
    if counts := format_counts(checked.shown):
        yield counts


def _list_outputs(network: Network) -> Iterator[str]:
    """Yield the shapes of the outputs, and of the heads with their names."""
    outputs = [("", value) for value in network.outputs]
    heads = [(f"head {head.name} ", head.value) for head in network.heads]
    for label, value in (*outputs, *heads):
        if shape := network.shapes[value]:
            yield f"{label}{format_shape(shape)}"
