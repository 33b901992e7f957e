"""The shell of a page: theme, header, contents, sections, tables, print and the page's data as JSON.

A page is one file without a script and without a request; it knows nothing of what it shows.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from specnet.atomic_write import write_user_file
from specnet.package import __version__
from specnet.page.markup import Html, element, join
from specnet.printable import replace_not_finite

STYLE = Path(__file__).with_name("style.css")

POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
"""The Content-Security-Policy: the page loads nothing, runs nothing and sends nothing."""

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
    """An HTML page; in a notebook it shows itself. `kind` says what sort of page it is, `data` are JSON values."""

    kind: str
    title: str
    lead: Html = field(repr=False)
    sections: Sequence[Section] = field(repr=False)
    data: Mapping[str, Any] = field(repr=False)

    @property
    def html(self) -> str:
        """The text of the page."""
        head = element("head", *_make_head(f"{self.title} – {self.kind}"))
        header = element("header", element("p", self.kind, class_="kind"), element("h1", self.title), self.lead)
        main = element("main", header, *map(_format_section, self.sections), _make_footer())
        layout = element("div", _make_contents(self.sections), main, class_="layout")
        body = element("body", _make_switch(), layout, _embed(self.data))
        return f"<!doctype html>\n{element('html', head, body, lang='en')}\n"

    def save(self, path: str | Path) -> None:
        """Write the page; raises OSError."""
        write_user_file(Path(path), self.html.encode())

    def _repr_html_(self) -> str:
        frame = element("iframe", srcdoc=self.html, title=self.title, style="width:100%;height:85vh;border:0")
        return str(frame)


def _make_head(title: str) -> Iterable[Html]:
    yield element("meta", charset="utf-8")
    yield element("meta", http_equiv="Content-Security-Policy", content=POLICY)
    yield element("meta", name="viewport", content="width=device-width, initial-scale=1")
    yield element("meta", name="generator", content=f"SpecNet {__version__}")
    yield element("meta", name="color-scheme", content="light dark")
    yield element("title", title)
    yield element("link", rel="icon", href="data:,")  # or a browser asks the server for one
    yield element("style", Html(STYLE.read_text(encoding="utf-8")))


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


def _make_footer() -> Html:
    return element("footer", f"Made by SpecNet {__version__}. This file needs no network and runs no script.")


def _embed(data: Mapping[str, Any]) -> Html:
    """Return the data as JSON that no text within can break out of; numbers that are not finite are null."""
    text = json.dumps(replace_not_finite({"schema": SCHEMA, **data})).replace("<", "\\u003c")
    return element("script", Html(text), type="application/json", id="data")


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
