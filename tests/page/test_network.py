"""The component of a network as it is without its script: the table, the text and the messages."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from parsed import Parsed, assert_accessible, assert_self_contained, parse
from paths import SPECS
from zoo_sample import sample

import specnet
from specnet.cli import main
from specnet.page.network import make_network
from specnet.page.network_page import make_network_page

BROKEN = """net Lecture "two <b>convolutions</b>"
input 32x32x3
conv1: conv K=10 F=7 -> relu
conv2: conv K=6 F=5 S=2 -> relu
fc3: fc 10
"""

HOSTILE = """net Hostile "</script><script>alert(1)</script><!-- \\\\ &lt; ' ]]>"
input 8x8x3
block b(K) { conv K=K F=3 P=1 -> relu }
constructor: b 4 # <img src=x onerror=alert(1)>
__proto__: b 8
repeat 2 { b 4 }
valueOf: fc 3
"""


def parse_network(text: str) -> Parsed:
    return parse(make_network(specnet.check(text)))


def list_rows(parsed: Parsed) -> list[tuple[str, str, str]]:
    """Return the name, the lines and the level of each row."""
    rows = [given for tag, given, around in parsed.elements if tag == "tr" and "tbody" in around]
    return [(given["data-name"], given.get("data-lines", ""), given["aria-level"]) for given in rows]


def test_a_row_names_its_lines_and_its_level() -> None:
    text = "input 8x8x3\nblock b(K) {\n  conv K=K F=3 P=1 -> relu\n}\nstage: repeat 2 { b 4 -> pool max F=2 }\nfc 3\n"
    assert list_rows(parse_network(text))[:5] == [
        ("input", "1", "1"),
        ("stage", "5", "1"),
        ("stage.0", "5", "2"),
        ("stage.0.b1.conv1", "5 3", "3"),
        ("stage.0.b1.relu1", "5 3", "3"),
    ]


@pytest.mark.parametrize("path", sample(sorted(SPECS.glob("*.net"))), ids=lambda path: path.stem)
def test_every_layer_has_a_row_and_a_box(path: Path) -> None:
    checked = specnet.check(path)
    parsed = parse(make_network(checked))
    rows = [name for name, _, _ in list_rows(parsed)]
    parts = json.loads(parsed.find_script(**{"class": "network-data"}))["parts"]
    layers = [node.name for node in checked.network.nodes]
    assert [name for name in rows if name in checked.network.by_name] == layers
    drawn = [*parts["boxes"].values(), *parts["scopes"].values()]
    assert sorted(layer for each in drawn for layer in each["layers"]) == sorted(layers)
    blocks = [name for name, each in parts["scopes"].items() if not each["layers"]]
    assert {*rows} - {*layers} == {*blocks, *(each.name for each in checked.network.inputs)}


def test_a_message_stands_below_its_line_with_its_marks_and_fixes() -> None:
    made = make_network(specnet.check(BROKEN))
    at = [
        made.index(text)
        for text in ('data-line="4"', "error[E301]", "^^^ ^^^", "line 3", "= fix: S=2 → S=1", 'data-line="5"')
    ]
    assert at == sorted(at)
    assert '<a href="#message-0" class="error"' in made


def test_a_message_about_a_used_file_stands_at_the_use_of_it(tmp_path: Path) -> None:
    (tmp_path / "blocks.net").write_text("block b(K) { conv K=K F=3 -> conv K=K F=30 }\n")
    (tmp_path / "x.net").write_text('use "blocks.net"\ninput 8x8x3\nb 4\nfc 3\n')
    made = make_network(specnet.check(tmp_path / "x.net"))
    at = [
        made.index(text) for text in ('data-line="3"', "error[E302]", f"{tmp_path}/blocks.net:1", "^", 'data-line="4"')
    ]
    assert at == sorted(at)


@pytest.mark.parametrize("text", [BROKEN, HOSTILE, "", "fc 3\n", "input 3\nfoo\n", "block b(K) { fc K }\n"])
def test_a_page_of_any_text_is_self_contained(text: str) -> None:
    page = make_network_page(specnet.check(text or "\n"))
    assert_self_contained(page.html)
    assert_accessible(page.html)
    parsed = parse(page.html)
    assert parsed.tags.count("main") == 1
    assert "img" not in parsed.tags


def test_the_figures_are_those_of_a_check() -> None:
    html = make_network_page(specnet.check("alexnet")).html
    assert "227×227×3 → 1000 · 62,378,344 parameters · 1,135,256,096 MACs" in html
    assert "1 error" in make_network_page(specnet.check(BROKEN)).html


def test_a_head_is_named_in_the_figures_and_in_its_rows() -> None:
    html = make_network_page(specnet.check("input 8x8x3\nfc 4 -> @a\nhead aux { @a -> fc 2 }\nfc 3\n")).html
    assert "8×8×3 → 3, head aux 2 · " in html
    assert '<bdi title="aux.fc1">aux.fc1</bdi>' in html


def test_the_legend_has_the_families_that_there_are() -> None:
    made = make_network(specnet.check("input 8x8x3\nconv K=4 F=3 -> relu\nfc 3\n"))
    assert re.findall("</i>([^<]+)</li>", made) == ["convolution", "dense", "activation"]


@pytest.mark.parametrize(("text", "code"), [(HOSTILE, 0), (BROKEN, 1)])
def test_the_command_writes_the_page(text: str, code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")  # no `dot` is needed
    (tmp_path / "x.net").write_text(text)
    assert main(["draw", str(tmp_path / "x.net"), "-o", str(tmp_path / "x.html")]) == code
    assert_self_contained((tmp_path / "x.html").read_text(encoding="utf-8"))
