"""A scene as SVG, TikZ, PNG and PDF: files that are read, whatever the names in a spec are."""

from __future__ import annotations

import re
import shutil
import struct
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from paths import SPECS

from specnet.backends.volumes import Scene, draw_volumes, scene_to_svg, scene_to_tikz
from specnet.backends.volumes.font import measure_text, shorten_text, wrap_text
from specnet.backends.volumes.scene import Group, Polygon, Text, make_hatching
from specnet.backends.volumes.tikz import SET_BY_TEX, SPECIAL, escape_tex
from specnet.cli import main
from specnet.compiler import Checked, check_source
from specnet.graph import Network, Node
from specnet.source import Source

SMALL = "net N\ninput 8x8x3\nconv1: conv K=4 F=3 -> relu\nconv2: conv K=4 F=9\nfc: fc 3\n"

HOSTILE = st.one_of(
    st.text(max_size=40),
    st.text(st.sampled_from("\"'<>&\\{}$#%_~^|-`!?;\x00\x1b\n\u202e\u200b\ud800猫é×"), max_size=320),
)

SVG = "{http://www.w3.org/2000/svg}"


def rename(checked: Checked, title: str, name: str) -> Checked:
    """Return a checked network under another title, in which the first layer has another name."""
    first = checked.network.nodes[0].name

    def rename_node(node: Node) -> Node:
        inputs = tuple(name if value == first else value for value in node.inputs)
        return replace(node, name=name if node.name == first else node.name, inputs=inputs)

    nodes = tuple(map(rename_node, checked.network.nodes))
    old = checked.network
    network = Network(title, title, old.inputs, nodes, old.outputs)
    costs = {name if key == first else key: cost for key, cost in checked.costs.items()}
    return replace(checked, costs=costs, elaborated=replace(checked.elaborated, network=network))


def draw_hostile(text: str) -> Scene:
    return draw_volumes(rename(check_source(Source("spec.net", SMALL)), text, f"{text}:"))


def draw(name: str) -> Scene:
    path = SPECS / f"{name}.net"
    return draw_volumes(check_source(Source(str(path), path.read_text(encoding="utf-8"))))


def list_texts(scene: Scene) -> list[str]:
    return [item.text for item in scene.items if isinstance(item, Text)]


@given(HOSTILE)
@example("</text><script>alert(1)</script>")
def test_svg_holds_any_name_as_text(text: str) -> None:
    scene = draw_hostile(text)
    root = ElementTree.fromstring(scene_to_svg(scene))
    assert {element.tag.removeprefix(SVG) for element in root.iter()} <= {
        *("svg", "title", "desc", "rect", "g", "polygon", "path", "text")
    }
    assert [element.text or "" for element in root.iter(f"{SVG}text")] == list_texts(scene)
    assert root.findtext(f"{SVG}title") == scene.title
    assert root.findtext(f"{SVG}desc") == scene.description
    assert all(line.isprintable() for line in list_texts(scene))


ESCAPED = re.compile(
    "(?:" + "|".join(map(re.escape, sorted(SPECIAL.values(), key=len, reverse=True))) + r"|[^\\{}$#%&_~^])*"
)


@given(HOSTILE)
@example("\\input{/etc/passwd}")
def test_tex_obeys_no_name(text: str) -> None:
    escaped = escape_tex(text)
    assert ESCAPED.fullmatch(escaped)
    assert all(" " <= character <= "~" or character in SET_BY_TEX for character in escaped)


@given(HOSTILE)
def test_every_line_of_tikz_is_whole(text: str) -> None:
    scene = draw_hostile(text)
    lines = scene_to_tikz(scene).splitlines()
    assert len([line for line in lines if line.startswith(r"\node")]) == len(list_texts(scene))
    assert all(line.startswith(("\\", "% ")) for line in lines)
    body = lines[lines.index(next(line for line in lines if line.startswith(r"\fill"))) : -2]
    assert all(line.endswith(";") or line.startswith("% ") for line in body)


def test_tikz_says_what_boxes_and_colours_are() -> None:
    lines = scene_to_tikz(draw("lenet5")).splitlines()
    assert {"% title", "% c5", "% c5 to f6", "% legend"} <= set(lines)
    assert lines.index(r"\definecolor{specnet-convolution}{HTML}{A0C6FB}") > lines.index(r"\begin{document}")


@pytest.mark.slow
def test_a_paper_inputs_it_and_keeps_its_font(tmp_path: Path) -> None:
    if not shutil.which("pdflatex"):
        pytest.skip("pdflatex is not installed")
    (tmp_path / "figure.tex").write_text(scene_to_tikz(draw("lenet5")), encoding="utf-8")
    packages = r"\documentclass{article}\usepackage{tikz}\usepackage{standalone}"
    body = r"\resizebox{\textwidth}{!}{\input{figure}}\makeatletter\typeout{family=\f@family}"
    (tmp_path / "paper.tex").write_text(rf"{packages}\begin{{document}}{body}\end{{document}}", encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "paper.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False)
    assert done.returncode == 0, done.stdout.decode(errors="replace")[-2000:]
    assert b"family=cmr" in done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("name", ["alexnet", "unet", "hostile"])
def test_pdflatex_compiles_it(name: str, tmp_path: Path) -> None:
    if not shutil.which("pdflatex"):
        pytest.skip("pdflatex is not installed")
    scene = draw_hostile("\"<&>\\{}$#%_^~|`'--?`!` é猫ß") if name == "hostile" else draw(name)
    (tmp_path / "figure.tex").write_text(scene_to_tikz(scene), encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "figure.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False)
    assert done.returncode == 0, done.stdout.decode(errors="replace")[-2000:]
    assert b"LaTeX Warning" not in done.stdout


@given(HOSTILE, st.floats(20, 200))
def test_texts_are_cut_to_their_width(text: str, width: float) -> None:
    assert measure_text(shorten_text(text, width, 9), 9) <= width
    lines = wrap_text(text, width, 9)
    assert len(lines) <= 3
    assert all(line.isprintable() for line in lines)


@pytest.mark.parametrize("angle", range(0, 180, 15))
def test_hatching_stays_in_its_polygon(angle: int) -> None:
    polygon = Polygon(((0, 0), (30, 0), (30, 20), (0, 20)), "#FFFFFF", "#000000", hatch=angle)
    lines = list(make_hatching(polygon))
    assert len(lines) >= 4
    for line in lines:
        left, top, right, bottom = line.extent
        assert left >= -1e-9 and top >= -1e-9 and right <= 30 + 1e-9 and bottom <= 20 + 1e-9


def test_png_and_pdf(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    from specnet.backends.volumes import scene_to_image

    scene = draw_hostile("猫 $x$ <&>")
    png = scene_to_image(scene, "png", width=500)
    assert png.startswith(b"\x89PNG")
    assert abs(struct.unpack(">I", png[16:20])[0] - 500) <= 1
    assert scene_to_image(scene, "pdf").startswith(b"%PDF")


@pytest.mark.parametrize("suffix", ["svg", "tex"])
def test_command(suffix: str, tmp_path: Path) -> None:
    target = tmp_path / f"figure.{suffix}"
    assert main(["draw", "lenet5", "--style", "volumes", "-o", str(target)]) == 0
    assert "LeNet5" in target.read_text(encoding="utf-8")


def test_command_for_a_png(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("matplotlib")
    target = str(tmp_path / "figure.png")
    assert main(["draw", "lenet5", "--style", "volumes", "--width", "400", "--theme", "print", "-o", target]) == 0
    assert abs(struct.unpack(">I", Path(target).read_bytes()[16:20])[0] - 400) <= 1
    assert main(["draw", "lenet5", "--style", "volumes", "--width", "90000", "-o", target]) == 2
    assert "is too large" in capsys.readouterr().err


def test_command_without_matplotlib(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert main(["draw", "lenet5", "--style", "volumes", "-o", str(tmp_path / "figure.png")]) == 2
    assert "pip install 'specnet[train]'" in capsys.readouterr().err


def test_command_refuses_the_formats_of_the_other_style(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["draw", "lenet5", "--style", "volumes", "-o", str(tmp_path / "figure.dot")]) == 2
    assert ".tex" in capsys.readouterr().err


def test_an_empty_scene_is_written() -> None:
    scene = Scene((Group(()),), 10, 10, "#FFFFFF", "t", "d")
    assert ElementTree.fromstring(scene_to_svg(scene)).get("width") == "10pt"
