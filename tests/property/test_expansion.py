"""Loops that carry, arms of loops and conditions, layers as parameters and sizes of values equal the copied lines."""

from __future__ import annotations

from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from specnet.compiler import check_source
from specnet.graph import Network
from specnet.source import Source

LAYERS = st.sampled_from(["relu", "bn", "conv K=3 F=1", "conv K=2*C F=3 P=1 -> relu", "pool max F=3 S=1 P=1"])
CHAINS = st.lists(LAYERS, min_size=1, max_size=3).map(" -> ".join)
FEW = settings(max_examples=40, derandomize=True)


def structure(text: str) -> list[Any]:
    """Return the layers of a spec without their names, each with the places of the layers that it reads."""
    checked = check_source(Source("<text>", text))
    assert checked.ok, [each.message for each in checked.errors]
    network: Network = checked.network
    places = {each.name: place for place, each in enumerate((*network.inputs, *network.nodes))}
    layers = [(node.layer, [places[value] for value in node.inputs], node.output) for node in network.nodes]
    return [*layers, [places[value] for value in network.outputs]]


# Loops that carry

Step = tuple[str, str, str]
"""A line of a turn: the value that it begins with, its layers, and one that it joins, "" for none."""

STEPS = st.lists(
    st.tuples(st.sampled_from("abt"), CHAINS, st.sampled_from(["", "a", "b", "t"])), min_size=2, max_size=5
)


def write_turn(steps: list[Step], names: dict[str, str], mark: object = "") -> str:
    """Write the lines of a turn that reads `names`; what it names has a mark behind its name.

    The last two lines name `a` and `b`, the others `t`, which stands for `a` before it is named.
    """
    lines = []
    for at, (start, chain, joined) in enumerate(steps):
        target = {len(steps) - 2: "a", len(steps) - 1: "b"}.get(at, "t")
        written = f"t{at}_{mark}" if target == "t" else f"{target}{mark}"
        join = f"concat @{names.get(joined, names['a'])} -> " if joined else ""
        lines.append(f"@{names.get(start, names['a'])} -> {chain} -> {join}conv K=4 F=1 -> @{written}")
        names[target] = written
    return "\n".join(lines)


@FEW
@given(STEPS, st.integers(1, 3), st.sampled_from(["repeat {}", "for i in 0..{}", "repeat i in 0..{}"]))
def test_a_loop_that_carries_equals_its_turns_one_after_the_other(steps: list[Step], turns: int, head: str) -> None:
    start = "input 5x4x4 -> @{}\nconv K=4 F=1 -> @{}\n{}\n@{} -> relu -> concat @{}"
    names, lines = {"a": "a0", "b": "b0"}, list[str]()
    for turn in range(1, turns + 1):
        names.pop("t", None)
        lines.append(write_turn(steps, names, turn))
    copied = start.format("a0", "b0", "\n".join(lines), names["b"], names["a"])
    body = write_turn(steps, {"a": "a", "b": "b"})
    loop = f"{head.format(turns)} carry @a @b {{\n{body}\n}}"
    assert structure(start.format("a", "b", loop, "b", "a")) == structure(copied)


# Arms


def extend_arms(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    several = st.lists(inner, min_size=1, max_size=3)
    loops = st.tuples(st.just("for"), st.lists(st.integers(1, 4), min_size=1, max_size=3), several)
    conditions = st.tuples(st.just("if"), st.booleans(), several, st.none() | several)
    return loops | conditions


ARMS = st.recursive(CHAINS, extend_arms, max_leaves=6)


def write_arm(arm: Any, depth: int = 0) -> str:
    """Write an arm with its loops and conditions; loops are over `k0`, `k1` …, which are channels of their arms."""
    if isinstance(arm, str):
        return f"| {arm}" + "".join(f" -> conv K=k{each} F=1" for each in range(depth))
    inside = " ".join(write_arm(each, depth + (arm[0] == "for")) for each in arm[2])
    if arm[0] == "for":
        return f"| for k{depth} in {' '.join(map(str, arm[1]))} {{ {inside} }}"
    other = f" else {{ {' '.join(write_arm(each, depth) for each in arm[3])} }}" if arm[3] else ""
    return f"| if {'C == 4' if arm[1] else 'C < 4'} {{ {inside} }}{other}"


def list_arms(arm: Any, values: tuple[int, ...] = ()) -> list[str]:
    """Write the arms that an arm stands for."""
    if isinstance(arm, str):
        return [f"| {arm}" + "".join(f" -> conv K={value} F=1" for value in values)]
    if arm[0] == "for":
        return [written for value in arm[1] for each in arm[2] for written in list_arms(each, (*values, value))]
    branch = arm[2] if arm[1] else arm[3] or []
    return [written for each in branch for written in list_arms(each, values)]


@FEW
@given(st.lists(ARMS, min_size=1, max_size=3))
def test_arms_of_loops_and_conditions_equal_the_arms_that_they_stand_for(arms: list[Any]) -> None:
    assume(len(arms) > 1 or not isinstance(arms[0], str))
    copied = [written for arm in arms for written in list_arms(arm)]
    text = f"concat {{ {' '.join(map(write_arm, arms))} }}"
    start = "input 5x4x4\n"
    if len(copied) > 1:
        assert structure(f"{start}{text}") == structure(f"{start}concat {{ {' '.join(copied)} }}")
    elif copied:
        assert structure(f"{start}{text}") == structure(f"{start}{copied[0].removeprefix('| ')}")
    else:
        (error,) = check_source(Source("<text>", f"{start}{text}")).errors
        assert error.code.name == "E202"


# Layers as parameters


@FEW
@given(st.lists(st.sampled_from(["f", "g", "conv K=3 F=1", "add { | identity | f }"]), min_size=1, max_size=4), CHAINS)
def test_layers_as_parameters_equal_the_layers_themselves(body: list[str], chain: str) -> None:
    keeps = "bn -> relu"
    lines = "\n".join(body)
    call = f"block b(f={{ relu }}, g={{ tanh }}) {{\n{lines}\n}}\ninput 5x4x4\nb f={{ {keeps} }} g={{ {chain} }}"
    passed = "block c(h={ relu }, g={ tanh }) { b f={ h } g={ g } }\n"
    words = {"f": keeps, "g": chain, "add { | identity | f }": f"add {{ | identity | {keeps} }}"}
    copied = "input 5x4x4\n" + "\n".join(words.get(line, line) for line in body)
    assert structure(call) == structure(copied)
    assert structure(passed + call.replace("\nb f=", "\nc h=")) == structure(copied)


@FEW
@given(st.integers(2, 9), st.integers(2, 9), st.integers(1, 4))
def test_sizes_of_values_equal_their_numbers(height: int, width: int, channels: int) -> None:
    start = f"input {height}x{width}x3\nconv K={channels} F=1 -> @x\npool max F=2 floor\n"
    named = "conv K=@x.C+@x.H F=1\nupsample to=(@x.H)x(@x.W)\nupsample to=(@x.H+1)x(@x.W+1)\ncrop to=(@x.H)x(@x.W)"
    numbers = f"conv K={channels + height} F=1\nupsample to={height}x{width}\nupsample to={height + 1}x{width + 1}\n"
    assert structure(start + named) == structure(f"{start}{numbers}crop to={height}x{width}")
