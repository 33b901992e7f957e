"""Mermaid flowcharts: what they say, and that no name can break their syntax."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from paths import SPECS

from specnet.backends.diagram.describe import describe_network
from specnet.backends.diagram.mermaid import is_drawable, to_mermaid
from specnet.backends.diagram.model import Box, Diagram, Edge, Part, Scope, State, Terminal
from specnet.compiler import check_source
from specnet.layers.base import Family
from specnet.source import Source

TEXT = r'"[^"<>&`{}\[\]|\\%~*$]*(<br/>[^"<>&`{}\[\]|\\%~*$]*)*"'

LINE = re.compile(
    rf"""flowchart\ TB
    | \ +acc(Title|Descr):\ [^"<>&`{{}}\[\]|\\%~]*
    | \ +n\d+(\[{TEXT}\]|\(\[{TEXT}\]\)):::\w+
    | \ +subgraph\ s\d+\ \[{TEXT}\]
    | \ +end
    | \ +n\d+\ (-->|-\.->)(\|{TEXT}\|)?\ n\d+
    | \ +classDef\ \w+\ fill:(\#\w+|transparent),stroke:\#\w+(,color:\#\w+)?
    | \ +class\ s\d+(,s\d+)*\ scope
    | \ +linkStyle\ \d+\ stroke:\#\w+""",
    re.VERBOSE,
)
"""All lines that a flowchart has."""


def write(text: str, expand: bool = False) -> str:
    return to_mermaid(describe_network(check_source(Source("a.net", text)), expand=expand))


def assert_well_formed(flowchart: str) -> None:
    for line in flowchart.splitlines():
        assert LINE.fullmatch(line), line
    assert flowchart.count("\n  subgraph ") <= flowchart.count("\n  end\n")


def test_alexnet_looks_like_this(golden: Callable[[str, str], None]) -> None:
    golden("alexnet.mmd", write((SPECS / "alexnet.net").read_text(encoding="utf-8")))


@pytest.mark.parametrize("name", ["resnet18", "googlenet-heads", "unet", "siamese"])
def test_networks_are_well_formed(name: str) -> None:
    flowchart = write((SPECS / f"{name}.net").read_text(encoding="utf-8"))
    assert_well_formed(flowchart)
    assert is_drawable(flowchart)


def test_a_broken_network_has_a_red_edge_and_dashed_ones_behind_it() -> None:
    flowchart = write("input 8x8x3\nconv1: conv K=4 F=9\nfc 10")
    assert_well_formed(flowchart)
    assert ":::fault" in flowchart and ":::behind" in flowchart
    assert re.search(r"n\d+ -\.->\|\"#63;\"\| n\d+", flowchart)
    assert "linkStyle 0 stroke:#C8102E" in flowchart


def test_a_large_network_is_too_much_for_mermaid() -> None:
    text = (SPECS / "densenet201.net").read_text(encoding="utf-8")
    assert is_drawable(write(text))
    assert not is_drawable(write(text, expand=True))


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=320) | st.sampled_from(
    ['"', "end", "%%{init: {}}%%", "</script>", "#38;", "`md`", "\u202egnp.exe", "a\nb\x1b[31m", '\\"];n0-->n0']
)


@given(texts, texts)
def test_no_text_breaks_the_syntax(name: str, text: str) -> None:
    box = Box(
        "a", name, text, Family.DENSE, State.SOUND, (text,), (text,), (Part(text, None, State.SOUND),), (), ("a",)
    )
    scope = Scope("s", text, name, ("a",))
    start, end = Terminal("input", text, name, State.SOUND), Terminal("the output", name, text, State.SOUND)
    edges = (Edge("input", "input", "a", text, State.SOUND), Edge("a", "a", "the output", text, State.FAULT))
    assert_well_formed(
        to_mermaid(Diagram(name, text, text, (text,), (start,), (end,), {"a": box}, {"s": scope}, ("s",), edges))
    )
