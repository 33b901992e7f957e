"""What a notebook shows of a checked network."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from shutil import which

import pytest
from parsed import assert_self_contained, parse
from test_network import BROKEN, HOSTILE

import specnet
from specnet.page.media import NetworkDisplay

needs_dot = pytest.mark.skipif(not which("dot"), reason="Graphviz's program dot is not installed")


def test_a_network_shows_its_page_and_its_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")  # without Graphviz
    shown = specnet.check(HOSTILE)._repr_mimebundle_(include=None, exclude=None)
    assert shown.keys() == {"text/plain", "text/html"}
    assert shown["text/plain"].startswith("Hostile  </script>")
    ((tag, attributes, _),) = parse(shown["text/html"]).elements
    assert tag == "iframe"
    assert_self_contained(attributes["srcdoc"])


def test_errors_are_shown_as_in_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    shown = specnet.check(BROKEN)._repr_mimebundle_()
    for text in (shown["text/plain"], parse(shown["text/html"]).text_of("pre")):
        assert "error[E301]: `conv2` leaves real pixels unread" in text
        assert "= fix: S=2 → S=1" in text


def test_a_long_table_has_a_row_per_block(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    text = specnet.check("resnet50")._repr_mimebundle_()["text/plain"]
    assert "[1×1, 64; 3×3, 64; 1×1, 256] ×3" in text
    assert text.count("\n") < 30


@needs_dot
def test_the_picture_is_there_with_graphviz() -> None:
    svg = specnet.check(HOSTILE)._repr_mimebundle_()["image/svg+xml"]
    assert ElementTree.fromstring(svg).tag == "{http://www.w3.org/2000/svg}svg"


def test_the_figure_of_volumes_needs_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    shown = NetworkDisplay(specnet.check("lenet5"), style="volumes")._repr_mimebundle_()
    assert shown.keys() == {"text/plain", "image/svg+xml"}
    assert ElementTree.fromstring(shown["image/svg+xml"]).tag.endswith("svg")
