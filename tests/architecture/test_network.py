"""A network holds no text, no positions and no syntax; specs that mean the same give equal networks."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Iterator
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

import pytest
from paths import SPECS
from zoo_sample import sample

from specnet.compiler import check_source
from specnet.graph import Network, ValueRef
from specnet.source import Source, Span

ZOO = sorted(SPECS.glob("*.net"))

EVERYTHING = """
net Everything "blocks with taps, heads, shared layers, a training section"
let widths = [4, 8]
block up(skip, K=4, kernel=3x3) { upsample 2 -> concat skip -> conv K=K F=kernel P=1 }
block outer(skip) { up skip K=8 }
input 16x16x3
first: conv K=4 F=3 P=1 -> relu -> @x
pool max F=2
outer @x
head aux weight=0.3 { pool avg global -> fc 10 }
layer1: repeat 2 { conv K=8 F=3 P=1 -> relu }
for K in 8 6 { conv K=K F=1 }
same: conv K=6 F=1
same same
pool avg global -> fc 10
train {
  optimizer sgd lr=0.1
  augment flip -> crop pad=2
  schedule cosine warmup=1
}
"""


def network_of(text: str, name: str = "everything.net") -> Network:
    checked = check_source(Source(name, text))
    assert checked.ok, [error.message for error in checked.errors]
    return checked.network


def reach(value: Any, path: str, seen: set[int]) -> Iterator[tuple[str, Any]]:
    """Every object that can be reached from a value, with the way there; classes and code are not entered."""
    if id(value) in seen or isinstance(value, type | ModuleType | FunctionType):
        return
    seen.add(id(value))
    yield path, value
    if isinstance(value, dict):
        inner = [(f"{path}[{key!r}]", item) for key, item in value.items()]
    elif isinstance(value, list | tuple | set | frozenset):
        inner = [(f"{path}[{number}]", item) for number, item in enumerate(value)]
    else:
        inner = [(f"{path}.{key}", item) for key, item in getattr(value, "__dict__", {}).items()]
    for way, item in inner:
        yield from reach(item, way, seen)


def is_of_text(value: Any) -> bool:
    module = type(value).__module__
    return isinstance(value, Source | Span) or module.startswith(("specnet.syntax", "specnet.elaborate"))


def positions_in(network: Network) -> list[str]:
    """The ways on which a network reaches a text, a position or a piece of syntax."""
    return [way for way, value in reach(network, "network", set()) if is_of_text(value)]


@pytest.mark.parametrize("spec", sample(ZOO), ids=lambda spec: spec.stem)
def test_a_network_of_the_zoo_reaches_no_text(spec: Path) -> None:
    assert positions_in(network_of(spec.read_text(encoding="utf-8"), str(spec))) == []


def test_a_network_with_everything_reaches_no_text() -> None:
    network = network_of(EVERYTHING)
    assert network.training and network.heads and any(node.shares for node in network.nodes)
    assert positions_in(network) == []


def test_a_broken_network_reaches_no_text_either() -> None:
    text = "block b(K, skip) { concat skip -> conv K=K F=1 }\ninput 8x8x3\nconv K=4 F=9 -> @x\nb K=C skip=@x\nb 3 @none"
    assert positions_in(check_source(Source("broken.net", text)).network) == []


def test_the_search_finds_what_it_is_to_find() -> None:
    span = Source("x", "conv").span(0, 4)
    assert [way for way, value in reach([{"at": span}], "found", set()) if isinstance(value, Source)]


def test_a_tap_that_is_handed_to_a_block_is_the_value_it_names() -> None:
    scopes = network_of(EVERYTHING).scopes
    assert scopes["outer1"].values == (("skip", ValueRef("first_relu")),)
    assert scopes["outer1.up1"].values == (("skip", ValueRef("first_relu")), ("K", 8), ("kernel", (3, 3)))


def test_specs_that_mean_the_same_are_equal() -> None:
    other = EVERYTHING.replace("\n", "  # a comment\n\n").replace("conv K=6 F=1", "conv F=1 S=1 K=2*3")
    network, same = network_of(EVERYTHING), network_of(other, "other.net")
    assert network == same
    assert network.scopes == same.scopes
    assert network != network_of(EVERYTHING.replace("K=6", "K=5").replace("8 6", "8 5"))


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda network: pickle.loads(pickle.dumps(network))])
def test_a_network_can_be_copied_and_pickled(copied: Any) -> None:
    network = network_of(EVERYTHING)
    assert copied(network) == network
    assert copied(network).scopes == network.scopes
    assert copied(network).digest == network.digest
