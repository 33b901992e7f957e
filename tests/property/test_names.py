"""Hostile names for blocks, labels, inputs, heads, taps and groups: both modules run, and are the same."""

from __future__ import annotations

import builtins
import keyword

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from same_modules import assert_same

from specnet.compiler import check_source
from specnet.graph import Network
from specnet.layers import list_kinds
from specnet.naming import FORWARD_NAMES, MODULE_ATTRIBUTES, escape_name, is_reserved
from specnet.source import Source

WORDS = {
    "let",
    "block",
    "expect",
    "repeat",
    "for",
    "if",
    "else",
    "in",
    "or",
    "and",
    "not",
    "yes",
    "no",
    "true",
    "false",
}
SHAPE_NAMES = {"C", "H", "W"}
STATEMENTS = {"net", "input", "default", "round", "use", "same", "head", "train"}

HOSTILE = sorted(
    {
        *MODULE_ATTRIBUTES,
        *FORWARD_NAMES,
        *keyword.kwlist,
        *(name for name in dir(builtins) if name.isidentifier()),
        *("__init__", "__class__", "__dict__", "__x", "_x", "__", "_", "___a__", "__a___", "Model", "model", "output"),
        *("x", "y", "z", "skip", "skip2", "step", "branch1", "i", "f", "t", "n", "tensor", "module", "nn_", "torch_"),
        *(
            "input2",
            "conv1",
            "relu1",
            "fc1",
            "a_relu",
            "input_1",
            "map_1",
            "filter_1",
            "conv1_1",
            "ConvRelu",
            "Stage",
            "K",
            "k",
        ),
        *("repeats", "increment", "activation", "in_channels", "in_features", "filters", "stride", "value", "self"),
    }
    - {*WORDS, "input"}
)
names = st.sampled_from(HOSTILE)
block_names = names.filter(lambda name: name not in {*STATEMENTS, *list_kinds()})
parameters = names.filter(lambda name: name not in SHAPE_NAMES)


@st.composite
def specs(draw: st.DrawFn) -> str:
    """Draw a spec in which each sort of name is hostile, and different from the others of its scope."""
    outer, inner = draw(st.lists(block_names, min_size=2, max_size=2, unique_by=str.lower))
    width, skip = draw(st.lists(parameters, min_size=2, max_size=2, unique=True))
    given = draw(st.lists(parameters, min_size=8, max_size=8, unique_by=lambda name: escape_name(name).rstrip("_")))
    left, right, first, second, third, head, inside, tap = given
    value = draw(parameters.filter(lambda name: name not in (width, skip)))
    network = draw(names)
    return f"""net {network}
block {inner}({width}, {skip}) {{ {inside}: conv K={width} F=1 -> bn -> relu -> concat {skip} -> conv K={width} F=1 }}
block {outer}({width}) {{
  let {value} = {width}
  {inside}: conv K=({value}) F=3 P=1 -> relu -> @{tap}
  {inner} ({width}) @{tap}
  if {width} > 4 {{ repeat 2 {{ {outer}_{inner} 8 }} }}
}}
block {outer}_{inner}({value}) {{ {first}: conv K=({value}) F=1 -> silu -> dropout 0.1 }}
input {left} 6x6x4
input {right} 6x6x4 -> @{tap}
{first}: {outer} 4
{second}: conv K=4 F=1 -> relu -> add @{left}
head {head} weight=0.3 {{ pool avg global -> fc 2 }}
{third}: repeat 2 {{ {outer} 6 -> {inner} 4 @{tap} }}
same {second}
concat @{tap} @{second} -> conv K=3 F=1
train {{
  group {escape_name(first)} lr=2x
  group "{second}*" lr=2x
}}
"""


def network_of(text: str) -> Network:
    checked = check_source(Source("<text>", text))
    assert checked.ok, [text, *(error.message for error in checked.errors)]
    return checked.network


EXAMPLES = settings(max_examples=20, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))


def assert_sound(text: str) -> None:
    network = network_of(text)
    parts = {part for name in network.shapes for part in name.split(".")}
    assert not [part for part in parts if is_reserved(part)]
    assert_same(network)


@EXAMPLES
@given(specs())
def test_hostile_names(text: str) -> None:
    assert_sound(text)


@pytest.mark.slow
@settings(EXAMPLES, max_examples=2000)
@given(specs())
def test_many_hostile_names(text: str) -> None:
    assert_sound(text)


FEW = ("f", "F", "torch", "_modules", "_forward_hooks", "__init__", "__class__", "__debug__", "map", "None", "x", "_")


@pytest.mark.parametrize("name", FEW)
def test_a_hostile_name_in_one_place_at_a_time(name: str) -> None:
    assert_sound_in_each_place(name)


@pytest.mark.slow
@pytest.mark.parametrize("name", HOSTILE)
def test_each_hostile_name_in_one_place_at_a_time(name: str) -> None:
    assert_sound_in_each_place(name)


def assert_sound_in_each_place(name: str) -> None:
    """The name in one place at a time: a block, a label, an input, a head, a parameter, the network."""
    lines = [f"net {name}", f"input {name} 4x4x2\ninput {name}_1 4x4x2\nadd @{name} -> conv K=2 F=1"]
    lines += [f"input 4x4x2\n{name}: conv K=2 F=1 -> bn -> relu\nconv K=2 F=1"]
    lines += [f"input 4x4x2\nhead {name} {{ conv K=2 F=1 }}\nconv K=2 F=1"]
    if name not in {*STATEMENTS, *list_kinds()}:
        lines += [f"block {name} {{ conv K=2 F=1 -> bn }}\ninput 4x4x2\n{name} -> repeat 2 {{ {name} }}"]
    if name not in SHAPE_NAMES:
        lines += [f"block b({name}) {{ conv K=({name}) F=1 -> dropout p=({name})/9 }}\ninput 4x4x2\nb 2 -> b 3 -> b 4"]
    for text in lines[1:]:
        assert_same(network_of(f"{lines[0]}\n{text}\nfc 2\n"))
