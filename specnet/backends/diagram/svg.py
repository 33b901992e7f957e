"""Finish the SVG that Graphviz writes: title and description for screen readers, and tooltips that browsers show."""

from __future__ import annotations

from collections.abc import Mapping
from xml.etree import ElementTree
from zlib import crc32

from specnet.backends.diagram.html_labels import make_printable
from specnet.backends.diagram.layout import CLUSTER
from specnet.backends.diagram.model import Diagram

SVG, XLINK = "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"

ElementTree.register_namespace("", SVG)
ElementTree.register_namespace("xlink", XLINK)

Element = ElementTree.Element


def finish_svg(picture: bytes, diagram: Diagram) -> bytes:
    """Return a picture of a diagram with its name as title and its summary as description."""
    root = ElementTree.fromstring(picture)
    titles = _list_titles(diagram)
    for group in root.iter(f"{{{SVG}}}g"):
        _finish_group(group, titles)
    _describe(root, make_printable(diagram.name), make_printable(diagram.summary), f"{crc32(picture):08x}")
    ElementTree.indent(root, "")
    finished: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return finished + b"\n"


def _list_titles(diagram: Diagram) -> Mapping[str, str]:
    """Return the tooltips of all but the boxes, which have theirs already."""
    scopes = {CLUSTER + name: f"{scope.title}  {scope.call}" for name, scope in diagram.scopes.items()}
    ends = {each.identity: f"{each.name} {each.role}".strip() for each in (*diagram.inputs, *diagram.ends)}
    names = ends | {name: box.title for name, box in diagram.boxes.items()}
    edges = {
        f"{edge.source}->{edge.target}": f"{names.get(edge.source)} → {names.get(edge.target)}  {edge.label}".strip()
        for edge in reversed(diagram.edges)
    }
    return scopes | ends | edges


def _finish_group(group: Element, titles: Mapping[str, str]) -> None:
    """Make the tooltip of a part its title, and take away the link around it."""
    title = group.find(f"{{{SVG}}}title")
    link = group.find(f"{{{SVG}}}g/{{{SVG}}}a")
    if title is None:
        return
    if group.get("class", "").startswith("graph"):
        group.remove(title)
        return
    title.text = make_lines_printable(titles.get(title.text or "", ""))
    if link is not None:
        title.text = link.get(f"{{{XLINK}}}title", "")
        inside = group.find(f"{{{SVG}}}g")
        assert inside is not None
        group.remove(inside)
        group.extend(link)


def make_lines_printable(text: str) -> str:
    """Return lines of text without unprintable characters."""
    return "\n".join(map(make_printable, text.split("\n")))


def _describe(root: Element, name: str, summary: str, suffix: str) -> None:
    title = Element(f"{{{SVG}}}title", id=f"title-{suffix}")
    description = Element(f"{{{SVG}}}desc", id=f"description-{suffix}")
    title.text, description.text = name, summary
    root[:0] = [title, description]
    root.set("role", "img")
    root.set("aria-labelledby", f"{title.get('id')} {description.get('id')}")
