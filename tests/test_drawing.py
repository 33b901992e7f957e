"""`specnet.draw`: the drawing that it returns, the files it writes, and what it shows in a notebook."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

import specnet
from specnet.backends.drawing_errors import GraphvizMissing, MatplotlibMissing, PictureTooLarge
from specnet.drawing import FORMATS, Style

TEXT = "net Small\ninput 32x32x3\nconv K=4 F=3 -> relu\npool max F=2\nfc 10\n"

BEGINNINGS = {
    "svg": b"<?xml",
    "png": b"\x89PNG",
    "pdf": b"%PDF",
    "dot": b"digraph",
    "html": b"<!doctype",
    "mmd": b"flow",
}

needs_dot = pytest.mark.skipif(not shutil.which("dot"), reason="Graphviz's program dot is not installed")


@needs_dot
@pytest.mark.parametrize("format", FORMATS["layers"])
def test_layers_are_saved_in_every_format(format: str, tmp_path: Path) -> None:
    specnet.draw(TEXT).save(tmp_path / f"out.{format}")
    assert (tmp_path / f"out.{format}").read_bytes().startswith(BEGINNINGS[format])


@pytest.mark.parametrize("format", FORMATS["volumes"])
def test_volumes_are_saved_in_every_format(format: str, tmp_path: Path) -> None:
    if format in ("png", "pdf"):
        pytest.importorskip("matplotlib")
    specnet.draw(TEXT, style="volumes").save(tmp_path / f"out.{format}")
    begin = b"\\documentclass" if format == "tex" else BEGINNINGS[format]
    assert begin in (tmp_path / f"out.{format}").read_bytes()[:300]


def test_the_layers_view_is_a_graph() -> None:
    drawing = specnet.draw(TEXT, depth=0)
    assert "conv K=4 F=3" in drawing.graph.source
    assert repr(drawing) == "Drawing('Small' as layers)"


@needs_dot
def test_options_reach_the_picture() -> None:
    plain, dark = (specnet.draw("resnet18", theme=theme).render("svg") for theme in ("light", "dark"))
    assert plain != dark
    heat = specnet.draw("resnet18", heat="time", device="t4").render("svg").decode()
    assert "ms" in heat


@needs_dot
def test_a_drawing_shows_its_picture() -> None:
    shown = specnet.draw(TEXT)._repr_mimebundle_()
    assert shown["image/svg+xml"].startswith("<svg") and shown["text/plain"] == "Drawing('Small' as layers)"


def test_without_graphviz_the_page_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    shown = specnet.draw(TEXT)._repr_mimebundle_()
    assert "image/svg+xml" not in shown and "<iframe" in shown["text/html"]
    with pytest.raises(GraphvizMissing, match="Graphviz's program `dot`"):
        specnet.draw(TEXT).render("svg")


def test_without_matplotlib_volumes_are_svg_and_tikz(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    drawing = specnet.draw(TEXT, style="volumes")
    with pytest.raises(MatplotlibMissing, match=r"specnet\[train\]"):
        drawing.render("png")
    assert drawing.render("svg") and drawing.render("tex")


@needs_dot
def test_a_picture_too_large_is_refused() -> None:
    with pytest.raises(PictureTooLarge, match="too large"):
        specnet.draw(TEXT).render("png", dpi=100_000)


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"style": "oil"}, "`style` is 'layers' or 'volumes', not 'oil'"),
        ({"direction": "up"}, "`direction`"),
        ({"theme": "grey"}, "`theme`"),
        ({"heat": "love"}, "`heat`"),
        ({"heat": "time", "device": "abacus"}, "`device`"),
        ({"device": "t4"}, "`device` goes with"),
        ({"style": "volumes", "heat": "macs"}, "`heat` goes with"),
        ({"style": "volumes", "expand": True}, "`expand` goes with"),
        ({"depth": -1}, "`depth`"),
    ],
)
def test_values_that_make_no_sense_are_named(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        specnet.draw(TEXT, **arguments)


def test_a_format_of_another_style_is_named() -> None:
    with pytest.raises(ValueError, match="volumes are drawn as svg, png, pdf, tex, not as 'dot'"):
        specnet.draw(TEXT, style="volumes").render("dot")


@pytest.mark.parametrize(
    "size, format, error",
    [
        ({"dpi": -5}, "png", ValueError),
        ({"dpi": "x"}, "png", TypeError),
        ({"dpi": 10, "width": 10}, "png", ValueError),
        ({"width": 10}, "svg", ValueError),
    ],
)
@pytest.mark.parametrize("style", FORMATS)
def test_a_size_that_makes_no_sense_is_named(size: Any, format: str, error: type[Exception], style: Style) -> None:
    with pytest.raises(error, match=r"`(dpi|width)`"):
        specnet.draw(TEXT, style=style).render(format, **size)


@pytest.mark.parametrize("style", FORMATS)
def test_a_figure_for_a_paper_has_no_title_and_no_legend(style: Style) -> None:
    drawings = [
        specnet.draw(TEXT.replace("Small", 'Small "described"'), style=style, title=shown) for shown in (True, False)
    ]
    texts = [(each.graph.source if style == "layers" else each.render("tex").decode()) for each in drawings]
    assert "described" in texts[0] and "described" not in texts[1]
    assert "MACs" in texts[0]


def test_a_checked_network_is_drawn_as_it_is() -> None:
    checked = specnet.check(TEXT)
    assert specnet.draw(checked).checked is checked
    with pytest.raises(ValueError, match="give them to `check`"):
        specnet.draw(checked, settings={"width": 3})


def test_a_broken_network_is_drawn_too() -> None:
    assert "fault" in specnet.draw(TEXT.replace("F=3", "F=99")).render("mmd").decode()
