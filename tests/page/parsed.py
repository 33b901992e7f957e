"""An HTML page taken apart by the standard library: its elements, its texts, its scripts and its data."""

from __future__ import annotations

import json
from base64 import b64encode
from dataclasses import dataclass, field
from hashlib import sha256
from html.parser import HTMLParser
from itertools import pairwise
from typing import Any

from specnet.page.markup import VOID

LOADING = ("src", "srcset", "href", "action", "formaction", "poster", "data", "background", "srcdoc", "xlink:href")
"""Attributes that make a browser ask for something."""


@dataclass
class Parsed(HTMLParser):
    """`elements` are (tag, attributes, the tags around it), `texts` (tag, text), `scripts` (attributes, text)."""

    elements: list[tuple[str, dict[str, str], tuple[str, ...]]] = field(default_factory=list)
    texts: list[tuple[str, str]] = field(default_factory=list)
    scripts: list[tuple[dict[str, str], str]] = field(default_factory=list)
    open: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attributes}, tuple(self.open)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, text: str) -> None:
        self.texts.append((self.open[-1] if self.open else "", text))
        if self.open and self.open[-1] == "script":
            self.scripts.append((self.elements[-1][1], text))

    @property
    def tags(self) -> list[str]:
        return [tag for tag, _, _ in self.elements]

    def text_of(self, tag: str) -> str:
        return "".join(text for within, text in self.texts if within == tag)

    @property
    def data(self) -> dict[str, Any]:
        """The page's own data."""
        return json.loads(self.find_script(id="data"))  # type: ignore[no-any-return]

    def find_script(self, **attributes: str) -> str:
        """Return the text of the only script with these attributes."""
        (text,) = [text for given, text in self.scripts if attributes.items() <= given.items()]
        return text


def parse(html: str) -> Parsed:
    parsed = Parsed()
    parsed.feed(html)
    parsed.close()
    assert parsed.open == []
    return parsed


def assert_self_contained(html: str) -> None:
    """Fail where the page could load or send anything, run what is not its own script, or could be read badly."""
    parsed = parse(html)
    for tag, attributes, _ in parsed.elements:
        for name, value in attributes.items():
            assert not name.startswith("on"), (tag, name)
            if name in LOADING:
                assert value.startswith(("data:", "#")), (tag, name, value[:80])
    assert {given.get("type") for given, _ in parsed.scripts} <= {None, "application/json", "text/plain"}
    running = [text for given, text in parsed.scripts if "type" not in given]
    styles = parsed.text_of("style")
    assert "url(" not in styles
    assert "@import" not in styles
    (policy,) = [a["content"] for _, a, _ in parsed.elements if a.get("http-equiv") == "Content-Security-Policy"]
    assert policy.startswith("default-src 'none'")
    hashes = [f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'" for text in running]
    allowed = [each.split() for each in policy.split("; ") if each.startswith("script-src")]
    assert allowed == ([["script-src", *hashes, "'wasm-unsafe-eval'"]] if running else [])


def assert_accessible(html: str) -> None:
    """Fail where headings leave out a level, pictures have no text, or cells of a head no scope."""
    parsed = parse(html)
    levels = [int(tag[1]) for tag in parsed.tags if tag in ("h1", "h2", "h3", "h4")]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert all(attributes.get("alt") for tag, attributes, _ in parsed.elements if tag == "img")
    assert all(attributes.get("scope") in ("col", "row") for tag, attributes, _ in parsed.elements if tag == "th")
    names = [attributes["id"] for _, attributes, _ in parsed.elements if "id" in attributes]
    assert len(names) == len(set(names))
    links = [a["href"] for tag, a, _ in parsed.elements if tag == "a"]
    assert all(link[1:] in names for link in links)
