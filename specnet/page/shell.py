"""The shell of a page: theme, header, contents, sections, tables, print and the page's data as JSON.

A page is one file without a request, and without a script but its own; it knows nothing of what it shows.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from specnet.atomic_write import write_user_file
from specnet.package import __version__, read_package_text
from specnet.page.markup import Html, element, join
from specnet.page.scripts import make_policy
from specnet.printable import replace_not_finite

STYLE = "page/style.css"

SCHEMA = 1

THEMES = {"auto": "Auto", "light": "Light", "dark": "Dark"}
"""The positions of the switch, which is back at the first one when the page is opened again."""


@dataclass(frozen=True)
class Section:
    """A part of a page with a heading; `anchor` is what links to it name."""

    anchor: str
    title: str
    content: Html


@dataclass(frozen=True)
class Page:
    """An HTML page; in a notebook it shows itself.

    `kind` says what sort of page it is, `data` are JSON values, `script` runs on the page, with the style sheet and the
    `attachment` that it needs.
    """

    kind: str
    title: str
    content: Html = field(repr=False)
    data: Mapping[str, Any] = field(default_factory=dict, repr=False)
    script: str = field(default="", repr=False)
    style: str = field(default="", repr=False)
    attachment: Html = field(default=Html(), repr=False)
    connects: bool = False
    """Whether the script may ask the server that the page comes from."""

    @property
    def html(self) -> str:
        """The text of the page."""
        scripts = [self.script] if self.script else []
        head = element("head", *_make_head(self, make_policy(scripts, self.connects)))
        ends = [self.attachment, *(element("script", Html(script)) for script in scripts)]
        body = element("body", _make_switch(), self.content, *_embed(self.data), *ends)
        return f"<!doctype html>\n{element('html', head, body, lang='en')}\n"

    def save(self, path: str | Path) -> None:
        """Write the page; raises OSError."""
        write_user_file(Path(path), self.html.encode())

    def _repr_html_(self) -> str:
        frame = element("iframe", srcdoc=self.html, title=self.title, style="width:100%;height:85vh;border:0")
        return str(frame)


def lay_out(kind: str, title: str, lead: Html, sections: Sequence[Section], runs_script: bool) -> Html:
    """Return a header and sections, with a table of contents beside them."""
    header = element("header", element("p", kind, class_="kind"), element("h1", title), lead)
    main = element("main", header, *map(_format_section, sections), make_footer(runs_script))
    return element("div", _make_contents(sections), main, class_="layout")


def _make_head(page: Page, policy: str) -> Iterable[Html]:
    yield element("meta", charset="utf-8")
    yield element("meta", http_equiv="Content-Security-Policy", content=policy)
    yield element("meta", name="viewport", content="width=device-width, initial-scale=1")
    yield element("meta", name="generator", content=f"SpecNet {__version__}")
    yield element("meta", name="color-scheme", content="light dark")
    yield element("title", f"{page.title} – {page.kind}")
    yield element("link", rel="icon", href="data:,")  # or a browser asks the server for one
    yield element("style", Html(read_package_text(STYLE) + page.style))


def _make_switch() -> Html:
    """Return the switch of the theme: radio buttons that the style sheet reads, so that no script is needed."""
    choices = [
        element("label", element("input", type="radio", name="theme", id=f"theme-{key}", checked=key == "auto"), text)
        for key, text in THEMES.items()
    ]
    return element("fieldset", element("legend", "Theme"), *choices, class_="theme")


def _make_contents(sections: Sequence[Section]) -> Html:
    links = (element("li", element("a", section.title, href=f"#{section.anchor}")) for section in sections)
    return element("nav", element("ul", *links), class_="contents", aria_label="Contents")


def _format_section(section: Section) -> Html:
    return element("section", element("h2", section.title), section.content, id=section.anchor)


def make_footer(runs_script: bool) -> Html:
    """Return who made the page, and what it does."""
    does = "its script shows the diagram and sends nothing" if runs_script else "it runs no script"
    return element("footer", f"Made by SpecNet {__version__}. This file needs no network; {does}.")


def _embed(data: Mapping[str, Any]) -> Iterable[Html]:
    """Yield the page's data, if it has some, under the identity `data`."""
    if data:
        yield embed_json({"schema": SCHEMA, **data}, id="data")


def embed_json(values: Any, **attributes: str) -> Html:
    """Return values as JSON that no text within can break out of; numbers that are not finite are null."""
    text = json.dumps(replace_not_finite(values), separators=(",", ":")).replace("<", "\\u003c")
    return element("script", Html(text), type="application/json", **attributes)


def make_table(
    caption: str, heads: Sequence[str], rows: Iterable[Sequence[str]], numbers: Collection[int] = (), key: bool = True
) -> Html:
    """Return a table that scrolls in its own box; columns of `numbers` are flush right.

    The first cell of a row is its heading, unless `key` is False.
    """
    head = element("tr", *(_make_cell("th", text, place in numbers, scope="col") for place, text in enumerate(heads)))
    body = (
        element("tr", *(_make_body_cell(cell, place, numbers, key) for place, cell in enumerate(row))) for row in rows
    )
    table = element("table", element("caption", caption), element("thead", head), element("tbody", *body))
    return element("div", table, class_="scroll", tabindex="0", role="region", aria_label=caption)


def _make_body_cell(cell: str, place: int, numbers: Collection[int], key: bool) -> Html:
    if key and place == 0:
        return _make_cell("th", cell, place in numbers, scope="row")
    return _make_cell("td", cell, place in numbers)


def _make_cell(name: str, text: str, is_number: bool, **attributes: str) -> Html:
    return element(name, text, **attributes, **({"class_": "number"} if is_number else {}))


def make_bar(share: float) -> Html:
    """Return a bar for a share of 0 to 1, beside which the number stands."""
    return element("span", element("span", style=f"width:{share:.2%}"), class_="bar", aria_hidden="true")


def make_facts(facts: Mapping[str, str], style: str = "facts") -> Html:
    """Return facts by their names; with the style `tiles`, in large figures."""
    pairs = (element("div", element("dt", key), element("dd", value)) for key, value in facts.items())
    return element("dl", *pairs, class_=style)


def make_paragraph(*content: str) -> Html:
    return element("p", *content)


def make_code(text: str) -> Html:
    """Return lines of a program, which scroll in their own box."""
    return element("pre", element("code", text), tabindex="0")


def stack(parts: Iterable[Html]) -> Html:
    """Return parts one below the other."""
    return join(parts, "\n")
