"""`specnet draw`: what is in the picture, what of a broken network, and the files that come out."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import groupby
from pathlib import Path
from xml.etree import ElementTree

import pytest
from paths import ERRORS, SPECS

from specnet.backends.diagram import DrawingOptions, draw
from specnet.backends.diagram.describe import describe_network
from specnet.backends.diagram.dot import to_dot
from specnet.backends.diagram.folding import FoldedNetwork, fold_network
from specnet.backends.diagram.palette import BEHIND, FAULT
from specnet.cli import main
from specnet.compiler import Checked, check_source
from specnet.printer.scopes import Scopes
from specnet.source import Source

ALEXNET = SPECS / "alexnet.net"

BRANCHES = """
net Branches "a stem, residual blocks, an inception, a head on the side"
input 32x32x3
default conv bias=no

block residual(K, S=1) {
  add { | conv K=K F=3 S=S P=1 -> bn -> relu -> conv K=K F=3 P=1 -> bn
        | identity or { conv K=K F=1 S=S -> bn } }
  relu
}
block inception(one, three) {
  concat { | conv K=one F=1 -> relu
           | conv K=three F=1 -> relu -> conv K=three F=3 P=1 -> relu
           | pool max F=3 S=1 P=1 }
}

stem: conv K=16 F=3 P=1 -> bn -> relu
layers: repeat 2 { residual K=16 }
wide: residual K=32 S=2
mixed: inception 8 16
head aux weight=0.3 { pool avg global -> fc 10 }
pool avg global
fc: fc 10 -> softmax
"""

BROKEN = """net Lecture
input 32x32x3
conv1: conv K=10 F=7 -> relu
conv2: conv K=6 F=5 S=2 -> relu
fc: fc 10
"""

needs_dot = pytest.mark.skipif(not shutil.which("dot"), reason="Graphviz's program dot is not installed")


def checked(text: str) -> Checked:
    return check_source(Source("a.net", text))


def dot(text: str, depth: int | None = None, expand: bool = False) -> str:
    source: str = to_dot(describe_network(checked(text), depth, expand)).source
    return source


def svg(text: str, depth: int | None = None) -> str:
    """The picture as text, which must be well-formed."""
    picture: str = draw(checked(text), DrawingOptions(depth)).pipe("svg").decode()
    ElementTree.fromstring(picture)
    return picture


def boxes(text: str, depth: int | None = None) -> FoldedNetwork:
    network = checked(text).network
    return fold_network(network, Scopes(network), depth)


def statement(source: str, start: str) -> str:
    """The statement of a node or an edge, up to the next one."""
    found = re.search(rf'^\t*{re.escape(start)} \[.*?\]$(?=\n\t*[\w"}}])', source, re.MULTILINE | re.DOTALL)
    assert found, start
    return found[0]


# What is in the picture


def test_alexnet_looks_like_this(golden: Callable[[str, str], None]) -> None:
    golden("alexnet.dot", dot(ALEXNET.read_text(encoding="utf-8")))


def test_branches_look_like_this(golden: Callable[[str, str], None]) -> None:
    assert checked(BRANCHES).ok
    golden("branches.dot", dot(BRANCHES))


def test_a_broken_network_looks_like_this(golden: Callable[[str, str], None]) -> None:
    golden("broken.dot", dot(BROKEN))


def test_a_collapsed_network_looks_like_this(golden: Callable[[str, str], None]) -> None:
    golden("resnet50-collapsed.dot", dot((SPECS / "resnet50.net").read_text(encoding="utf-8"), depth=1))


def test_what_keeps_its_shape_stands_in_the_box_before_it() -> None:
    drawn = boxes("input 8x8x4\nfirst: conv K=4 F=3 P=1 -> bn -> relu\nfc 10 -> dropout 0.3 -> softmax")
    kinds = {name: [node.kind for node in box.nodes] for name, box in drawn.groups.items()}
    assert kinds == {"first": ["conv", "bn", "relu"], "fc1": ["fc", "dropout", "softmax"]}


def test_what_others_read_too_stays_visible() -> None:
    drawn = boxes("input 8x8x4\na: conv K=4 F=3 P=1 -> @x -> relu\nadd @x")
    assert list(drawn.groups) == ["a", "a_relu", "add1"]
    assert [(edge.source, edge.target) for edge in drawn.flows if edge.value == "a"] == [("a", "a_relu"), ("a", "add1")]


def test_sizes_parameters_and_ends_are_there() -> None:
    source = dot(ALEXNET.read_text(encoding="utf-8"))
    assert "62,378,344 parameters · 1,135,256,096 MACs" in source
    assert "conv K=96 F=11 S=4" in statement(source, "conv1")
    assert "37.8 M parameters, 61 %" in statement(source, "fc6")
    assert "227×227×3" in statement(source, "input -> conv1")
    assert "1000" in statement(source, 'fc8 -> "the output"')
    assert "conv1_relu: relu → 55×55×96" in statement(source, "conv1")


def test_heads_and_several_inputs_are_marked() -> None:
    source = dot("input left 4x4x1\ninput right 4x4x1\nconcat @left\nhead side weight=0.5 { fc 3 }\nfc 2")
    assert "input" in statement(source, "left") and "input" in statement(source, "right")
    assert "head, weight 0.5" in statement(source, '"head side"')


@pytest.mark.parametrize(
    "depth, expected",
    [
        (0, ["stem", "layers", "wide", "mixed", "aux", "pool1", "fc"]),
        (1, ["stem", "layers.0", "layers.1", "wide", "mixed", "aux", "pool1", "fc"]),
    ],
)
def test_depth_folds_scopes(depth: int, expected: list[str]) -> None:
    """With depth 1 the blocks on the top level are open, those in the repetition are not."""
    drawn = boxes(BRANCHES, depth)
    outermost = dict.fromkeys(name if name.startswith("layers.") else name.split(".")[0] for name in drawn.groups)
    assert list(outermost) == expected


def test_a_folded_scope_says_what_it_holds() -> None:
    source = dot(BRANCHES, depth=0)
    assert "2 × residual K=16" in statement(source, "layers")
    assert "4 conv" in statement(source, "layers")
    assert "inception one=8 three=16" in statement(source, "mixed")
    assert source.count("layers ->") == 1


def test_open_scopes_are_clusters_with_short_names_inside() -> None:
    source = dot(BRANCHES, expand=True)
    assert 'subgraph "cluster_layers.1"' in source
    assert "<B>conv1</B>" in statement(source, '"layers.1.conv1"')


def test_a_scope_with_one_box_in_it_is_that_box() -> None:
    source = dot("input 8x8x4\nblock unit(K) { conv K=K F=3 -> bn -> relu }\na: unit 4\nb: unit 8")
    assert "subgraph" not in source
    assert "<B>b.conv1</B>" in statement(source, '"b.conv1"')


GIVEN = """input 8x8x4
block unit(K, act={ relu }) { conv K=K F=3 P=1 -> bn -> act -> conv K=K F=1 -> act }
unit 4
b: unit 8 act={ silu -> dropout 0.2 }
"""


@pytest.mark.parametrize("depth", [None, 1])
def test_given_layers_stand_in_the_box_before_them(depth: int | None) -> None:
    groups = boxes(GIVEN, depth).groups
    assert list(groups) == ["unit1.conv1", "unit1.conv2", "b.conv1", "b.conv2"]
    assert [node.kind for node in groups["b.conv1"].nodes] == ["conv", "bn", "silu", "dropout"]


def test_given_layers_are_in_the_caption_whose_braces_never_stand_alone() -> None:
    source = dot(GIVEN)
    assert "unit K=8 act={ silu<BR/>-&gt; dropout 0.2 }<" in source
    long = dot(GIVEN.replace("silu ->", "leaky_relu slope=0.123456 ->"))
    assert "act={<" not in long and ">}<" not in long


def test_long_fractions_are_rounded() -> None:
    assert "dropout 0.333<" in dot("input 8x8x4\nfc 10 -> dropout (1/3)").replace("&#160;<", "<")


def test_a_difference_says_what_is_subtracted() -> None:
    body = "{ conv K=4 F=3 P=1 -> relu -> @a\nconv K=4 F=1 -> conv K=4 F=1\n%s }"
    for join, shown in (("sub { | @a | identity }", "conv1 − conv3"), ("sub @a", "conv3 − conv1")):
        assert shown in dot(f"input 8x8x4\nrepeat 2 {body % join}\n")
    assert "conv1 − " not in dot("input 8x8x4 -> @x\nconv K=4 F=1\nadd @x\n")


def test_depth_cannot_be_negative() -> None:
    with pytest.raises(ValueError, match="-1 deep"):
        draw(checked(BRANCHES), DrawingOptions(-1))


# Broken networks


def test_a_broken_network_is_drawn_around_its_error() -> None:
    source = dot(BROKEN)
    assert "26×26×10" in statement(source, "conv1 -> conv2") and FAULT.line in statement(source, "conv1 -> conv2")
    assert "(26 − 5 + 0)/2 + 1 = 11.5" in statement(source, "conv2") and FAULT.line in statement(source, "conv2")
    assert "?" in statement(source, "conv2 -> fc") and FAULT.line not in statement(source, "conv2 -> fc")
    assert BEHIND.fill in statement(source, "fc")
    assert " parameters · " not in source


def test_arms_that_differ_have_both_shapes_in_red() -> None:
    source = dot("input 8x8x4\na: conv K=4 F=1\nadd { | conv K=8 F=1 -> relu | identity }")
    for edge, shape in (("conv2 -> add1", "8×8×8"), ("a -> add1", "8×8×4")):
        assert shape in statement(source, edge) and FAULT.line in statement(source, edge)


def test_a_wrong_claim_stands_on_the_edge() -> None:
    source = dot("input 32x32x3\na: conv K=10 F=7 -> relu => 28x28x10\nb: fc 10")
    assert "26×26×10, not 28×28×10 as claimed" in statement(source, "a -> b")
    assert BEHIND.fill in statement(source, "b")


def test_an_error_in_a_block_is_red_in_every_call_and_said_once() -> None:
    text = "input 32x32x3\nblock odd(K) { conv K=K F=4 S=3 }\na: odd K=2\n@input\nb: odd K=2"
    source = dot(text)
    assert "leaves real pixels unread" in statement(source, '"a.conv1"')
    assert "unread" not in statement(source, '"b.conv1"') and FAULT.line in statement(source, '"b.conv1"')
    folded = dot(text, depth=0)
    assert "`a.conv1` leaves real pixels unread" in statement(folded, "a")
    assert FAULT.line in statement(folded, "input -> b")


def test_an_unknown_word_leaves_a_gap() -> None:
    source = dot("input 8x8x3\na: conv K=4 F=3\ncnov K=4 F=3\nb: fc 10")
    assert "dashed" in statement(source, "a -> b")
    assert "line 3: no layer or block is called `cnov`" in source


@needs_dot
@pytest.mark.parametrize(
    "text", ["", "input 8x8x3", "conv K=4 F=3", "input 0x8x3\nconv K=4 F=3\nfc 2", "net A\ncnov 3\n}"]
)
def test_hardly_a_network_is_a_picture_too(text: str) -> None:
    assert svg(text)


def list_pictures(spec: Path) -> list[str]:
    """The pictures of a broken spec as dot reads them: whole, and folded where that is another one."""
    found = checked(spec.read_bytes().decode(errors="replace"))
    is_large = len(found.network.nodes) > 5000
    described = {to_dot(describe_network(found, depth)).source: depth for depth in ((0,) if is_large else (None, 0))}
    return [draw(found, DrawingOptions(depth)).source for depth in described.values()]


FAMILIES = {
    family: [*specs] for family, specs in groupby(sorted(ERRORS.glob("*.net")), lambda spec: spec.stem.split("_")[0])
}
"""The broken specs by the first word of their names."""


@needs_dot
@pytest.mark.parametrize("family", FAMILIES)
def test_every_error_can_be_drawn(family: str) -> None:
    """One process draws a family, as its start takes longer than its pictures."""
    sources = [source for spec in FAMILIES[family] for source in list_pictures(spec)]
    done = subprocess.run(["dot", "-Tsvg"], input="\n".join(sources), capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    pictures = re.split(r"^(?=<\?xml)", done.stdout, flags=re.MULTILINE)[1:]
    assert len(pictures) == len(sources)
    for picture in pictures:
        ElementTree.fromstring(picture)


# Text


ODD = r"""<b>bold</b> & 'quotes' \N \G \" {a|b} <br> ]]> 100 % ümläut 漢字 🙂 end\ """


@needs_dot
def test_odd_texts_are_shown_as_they_are() -> None:
    odd = ODD.replace('"', "").strip()
    picture = svg(f'net "<<{odd}>" "{odd}"\ninput 8x8x3\nfc 10')
    shown = " ".join(ElementTree.fromstring(picture).itertext()).replace("\xa0", " ")
    assert "".join(shown.split()).count("".join(odd.split())) == 2


@needs_dot
def test_control_characters_and_endless_texts_do_no_harm() -> None:
    picture = svg(f'net "a\x01b\x1b[31m" "{"long " * 5000}"\ninput 8x8x3\nfc 10')
    assert picture.count("long") < 500


def test_a_long_name_loses_its_middle_and_a_long_title_is_wrapped() -> None:
    source = dot(f'net N{"et" * 140} "x"\ninput 8x8x3\nfirst_{"x" * 290}_last: fc 10')
    assert re.search(r"<B>first_x{24}…x{25}_last</B>", source)
    assert f"N{'et' * 140}" not in source.partition("label=")[2].partition("node [")[0]


@needs_dot
def test_a_thousand_layers_are_no_burden() -> None:
    picture = svg("input 8x8x4\n" + "conv K=4 F=3 P=1 -> relu\n" * 1000)
    assert "conv1000" in picture


# Files


@pytest.fixture
def spec(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.chdir(tmp_path)
    Path("lenet.net").write_text("net LeNet\ninput 8x8x1\nconv K=4 F=3 -> relu\nfc 10\n")
    yield "lenet.net"
    assert not list(tmp_path.glob(".*")), "a temporary file was left"


@needs_dot
@pytest.mark.parametrize("suffix, begin", [("svg", b"<?xml"), ("png", b"\x89PNG"), ("pdf", b"%PDF"), ("SVG", b"<?xml")])
def test_the_ending_names_the_format(spec: str, suffix: str, begin: bytes) -> None:
    assert main(["draw", spec, "-o", f"out.{suffix}"]) == 0
    assert Path(f"out.{suffix}").read_bytes().startswith(begin)


@needs_dot
def test_the_picture_is_called_after_the_spec(spec: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["draw", spec]) == 0
    assert Path("lenet.svg").exists()
    assert capsys.readouterr() == ("", "wrote lenet.svg\n")


@needs_dot
@pytest.mark.parametrize("arguments, width", [([], 270), (["--dpi", "72"], 135), (["--width", "500"], 500)])
def test_a_png_has_the_width_that_is_asked_for(spec: str, arguments: list[str], width: int) -> None:
    assert main(["draw", spec, "-o", "out.png", *arguments]) == 0
    found = int.from_bytes(Path("out.png").read_bytes()[16:20], "big")
    assert found == width if "--width" in arguments else 0.5 * width < found < 4 * width


@needs_dot
@pytest.mark.parametrize(
    "arguments", [["--theme", "dark"], ["--theme", "print"], ["--heat", "parameters"], ["--expand"]]
)
def test_looks_can_be_chosen(spec: str, arguments: list[str]) -> None:
    assert main(["draw", spec, *arguments]) == 0
    ElementTree.parse("lenet.svg")


@needs_dot
def test_a_pdf_is_a_page(spec: str) -> None:
    assert main(["draw", spec, "-o", "out.pdf"]) == 0
    (box,) = re.findall(rb"/MediaBox \[ 0 0 ([\d.]+) ([\d.]+) \]", Path("out.pdf").read_bytes())
    assert float(box[0]) <= 596 and float(box[1]) <= 843


def test_a_broken_spec_is_drawn_and_reported(spec: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path(spec).write_text(BROKEN)
    assert main(["draw", spec, "-o", "out.dot"]) == 1
    assert "26×26×10" in Path("out.dot").read_text(encoding="utf-8")
    out, err = capsys.readouterr()
    assert not out and "error[E301]" in err and err.endswith("wrote out.dot\n")


def test_without_dot_the_message_says_how_to_get_it(
    spec: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    assert main(["draw", spec]) == 2
    err = capsys.readouterr().err
    assert "needs Graphviz's program `dot`: " in err and "graphviz" in err
    assert "-o lenet.dot" in err and "Traceback" not in err
    assert main(["draw", spec, "-o", "lenet.dot"]) == 0
    assert Path("lenet.dot").read_text(encoding="utf-8").startswith("digraph LeNet {")


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["-o", "out.gif"], "out.gif: name a file that ends in .svg, .png, .pdf, .dot"),
        (["-o", "out"], "out: name a file that ends in"),
        (["-o", "."], ". is a directory"),
        (["-o", "nowhere/out.dot"], "nowhere/out.dot cannot be written"),
        (["--depth", "-1"], "--depth"),
        (["--depth", "deep"], "--depth"),
        (["--style", "oil"], "--style"),
        (["--dpi", "0"], "--dpi"),
        (["--dpi", "100", "--width", "100", "-o", "a.png"], "--width"),
        (["--dpi", "100"], "--dpi goes with a .png"),
        pytest.param(*(["--width", "10000000", "-o", "a.png"], "pixels is too large"), marks=needs_dot),
        (["--heat", "time", "--device", "abacus"], "there is no device `abacus`"),
        (["--device", "h100"], "--device goes with --heat time"),
        (["--direction", "lr", "-o", "a.mmd"], "--direction does not go with a .mmd"),
        (["--theme", "dark", "-o", "a.html"], "--theme does not go with a .html"),
        (["--heat", "macs", "--style", "volumes"], "--heat does not go with --style volumes"),
    ],
)
def test_what_cannot_be_carried_out_is_said(
    spec: str, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    assert main(["draw", spec, *arguments]) == 2
    assert message in capsys.readouterr().err


def test_what_existed_survives_a_full_disk(
    spec: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    Path("out.dot").write_text("precious")
    monkeypatch.setattr(os, "fsync", full)
    assert main(["draw", spec, "-o", "out.dot"]) == 2
    assert Path("out.dot").read_text() == "precious"
    assert "no space left" in capsys.readouterr().err


def test_drawing_needs_no_heavy_library(spec: str) -> None:
    program = (
        "import sys; from specnet.cli import main; import specnet.cli.draw;"
        "assert 'graphviz' not in sys.modules;"
        f"code = main(['draw', {spec!r}, '-o', 'out.dot']);"
        "print(code, {'torch', 'numpy', 'rich', 'networkx', 'matplotlib'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout == "0 set()\n", done.stderr


@needs_dot
def test_a_block_is_captioned_with_the_tap_that_its_call_names() -> None:
    unet = SPECS / "unet.net"
    dot = draw(check_source(Source(str(unet), unet.read_text(encoding="utf-8")))).source
    assert "up K=512 copy=@copy4" in dot
