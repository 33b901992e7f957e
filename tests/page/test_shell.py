"""The shell of a page, which knows nothing of runs."""

from __future__ import annotations

from pathlib import Path

import pytest
from parsed import assert_accessible, assert_self_contained, parse

from specnet.page.markup import Html, join
from specnet.page.shell import Page, Section, lay_out, make_bar, make_facts, make_table

HOSTILE = "</script><script>alert(1)</script><!-- <img src=x onerror=alert(1)> \" ' & \u2028 ]]>"


def make_page(text: str = "text", script: str = "") -> Page:
    table = make_table(text, (text, "number"), [(text, "1"), (join([text]), make_bar(0.5))], numbers={1})
    sections = [Section("first", text, table), Section("second", text, make_facts({text: text}))]
    data = {"text": text, "none": float("nan")}
    kind = "Page of a test"
    lead = make_facts({text: text}, "tiles")
    return Page(kind, text, lay_out(kind, text, lead, sections, runs_script=bool(script)), data, script)


@pytest.mark.parametrize("text", ["plain", HOSTILE, "猫 قطة", "\x1b[31m\u202e"])
def test_no_text_breaks_out(text: str) -> None:
    page = make_page(text)
    assert_self_contained(page.html)
    assert_accessible(page.html)
    assert parse(page.html).tags == parse(make_page().html).tags
    assert parse(page.html).data == {"schema": 1, "text": text, "none": None}


def test_only_its_own_script_runs() -> None:
    page = make_page(HOSTILE, "document.title = 1 < 2")
    assert_self_contained(page.html)
    assert "its script shows the diagram" in page.html


def test_a_table_has_scopes_and_numbers_on_the_right() -> None:
    table = make_table("Sizes", ("name", "size"), [("a", "1"), ("b", "22")], numbers={1})
    assert "<caption>Sizes</caption>" in table
    assert '<tr><th scope="row">a</th><td class="number">1</td></tr>' in table
    assert '<th scope="col" class="number">size</th>' in table


def test_the_theme_can_be_chosen() -> None:
    elements = parse(make_page().html).elements
    assert [a["id"] for tag, a, _ in elements if tag == "input"] == ["theme-auto", "theme-light", "theme-dark"]


def test_a_page_is_saved_and_shows_itself(tmp_path: Path) -> None:
    page = make_page(HOSTILE)
    page.save(tmp_path / "page.html")
    assert (tmp_path / "page.html").read_text(encoding="utf-8") == page.html
    ((tag, attributes, _),) = parse(page._repr_html_()).elements
    assert (tag, attributes["srcdoc"]) == ("iframe", page.html)


def test_what_is_no_markup_is_no_html() -> None:
    assert not isinstance("a" + Html("b"), Html)
