"""`specnet diff`: what differs between two networks, whatever their texts look like."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from specnet.analyses.difference import find_differences
from specnet.cli import main
from specnet.compiler import check_source
from specnet.reporters.difference import format_differences
from specnet.source import Source

BASE = "input 8x8x3\nconv K=4 F=3 -> relu\npool max F=2\nfc 10 -> relu -> fc 3\n"


def changes(after: str, before: str = BASE) -> list[tuple[str, str | None, str | None]]:
    left, right = (check_source(Source("x", text)).network for text in (before, after))
    return [
        (str(d.change), d.before and d.before.name, d.after and d.after.name) for d in find_differences(left, right)
    ]


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        (BASE, []),
        (BASE.replace("\n", "  # said otherwise\n\n").replace("K=4 F=3", "F=3 K=4 S=1"), []),
        (
            BASE.replace("K=4", "K=5"),
            [
                ("changed", "conv1", "conv1"),
                ("affected", "relu1", "relu1"),
                ("affected", "pool1", "pool1"),
                ("affected", "fc1", "fc1"),
            ],
        ),
        (BASE.replace("pool max F=2", "pool max F=2 -> bn"), [("added", None, "bn1")]),
        (
            BASE.replace("fc 10 -> relu -> ", ""),
            [("removed", "fc1", None), ("removed", "relu2", None), ("affected", "fc2", "fc1")],
        ),
        (BASE.replace("fc 10", "last: fc 10"), [("renamed", "fc1", "last"), ("renamed", "relu2", "last_relu")]),
    ],
)
def test_find_differences(after: str, expected: list[tuple[str, str | None, str | None]]) -> None:
    found = changes(after)
    assert [change for change in found if change[0] != "renamed" or change in expected] == expected


BLOCKS = """let width = 4
let gate = no
let rounds = 2
input 8x8x3
block basic {
  let gated = gate
  add {
    | conv K=width F=3 P=1 -> bn -> relu -> conv K=width F=3 P=1 -> bn
      if gated { mul { | identity | pool avg global -> conv K=width F=1 -> sigmoid } }
    | identity or { conv K=width F=1 -> bn }
  }
  relu
}
conv K=width F=1
stage1: repeat rounds { basic }
stage2: repeat 2 { basic }
"""


@pytest.mark.parametrize(
    ("let", "value", "change", "added"),
    [
        ("width", "6", "changed", 0),
        ("rounds", "4", "added", 2 * 7),
        ("gate", "yes", "added", 4 * 4),
    ],
)
def test_layers_keep_their_names_in_variants(let: str, value: str, change: str, added: int) -> None:
    """Equal texts of other blocks, which every block has, do not pair layers across blocks."""
    left, right = (check_source(Source("x", BLOCKS), values) for values in ({}, {let: value}))
    assert left.ok
    assert right.ok
    found = find_differences(left.network, right.network)
    assert change in {str(each.change) for each in found}
    assert sum(each.before is None for each in found) == added
    assert not [each for each in found if each.before and (each.after is None or each.before.name != each.after.name)]


def test_layers_behind_an_inserted_one_are_the_same() -> None:
    """Numbers in names that were moved by it do not count."""
    found = changes(BASE.replace("conv K=4", "conv K=3 F=1 -> relu -> conv K=4"))
    assert [each for each in found if each[0] != "renamed"] == [("added", None, "conv1"), ("added", None, "relu1")]


@pytest.mark.parametrize("kernels", [1, 150])
def test_long_networks_are_compared_in_bounded_time(kernels: int) -> None:
    """Layers whose texts recur, and those of very many texts, would take minutes one by one."""
    chain = "".join(f"conv K={4 + i % kernels} F=1 -> relu\n" for i in range(1500))
    found = changes(f"input 4x4x3\nconv K=3 F=1\n{chain.replace('relu', 'tanh')}", f"input 4x4x3\nbn\n{chain}")
    assert {change for change, _, _ in found} >= {"added", "removed"}


def test_a_join_with_other_arms_is_changed() -> None:
    text = "input 4x4x3\na: conv K=3 F=1\nb: conv K=3 F=1\nadd @{}\n"
    assert changes(text.format("a"), text.format("input")) == [("changed", "add1", "add1")]


def test_a_value_of_another_name_gives_the_same_size() -> None:
    text = "input 4x4x3\n{0}: conv K=3 F=1\npool max F=2 -> upsample like=@{0}\n"
    assert changes(text.format("a"), text.format("b")) == [("renamed", "b", "a")]


def test_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.net").write_text(BASE)
    Path("b.net").write_text(BASE.replace("K=4", "K=5"))
    Path("broken.net").write_text("relu")
    assert main(["diff", "a.net", "a.net"]) == 0
    assert main(["diff", "a.net", "broken.net"]) == 1
    assert main(["diff", "a.net", "missing.net"]) == 2
    assert main(["diff", "a.net"]) == 2
    capsys.readouterr()
    assert main(["diff", "a.net", "b.net"]) == 1
    out = capsys.readouterr().out
    assert "~ conv1  conv K=4 F=3 → conv K=5 F=3  6×6×4 → 6×6×5  112 → 140" in out
    assert out.splitlines()[0].split() == ["name", "layer", "output", "parameters"]
    assert "\n~ changed\n  the same layer with another size or cost\n\n" in out
    assert "\nmemory           3.9 KiB → 4.6 KiB  (+760 bytes)\n" in out
    assert "\ntraining memory  " in out
    Path("c.net").write_text(BASE.replace("fc 10", "last: fc 10"))
    assert main(["diff", "a.net", "c.net"]) == 1
    out = capsys.readouterr().out
    assert "\n= the same layer under another name\n" in out
    assert main(["diff", "a.net", "b.net", "--format", "json"]) == 1
    report = json.loads(capsys.readouterr().out)
    assert report["same"] is False
    assert report["differences"][0]["after"]["parameters"] == 140


@pytest.mark.parametrize(
    ("before", "after", "shown"),
    [
        ("add @a @b", "add @a @input", "~ join  add @b → @input"),
        ("add @a", "add @a @input", "~ join  add @b @a → @b @a @input"),
        ("upsample like=@a", "upsample like=@input", "~ join  upsample like=@a → upsample like=@input"),
        ("crop to=4", "crop like=@a", "~ join  crop to=4 → crop like=@a"),
    ],
)
def test_a_join_says_which_inputs_differ(before: str, after: str, shown: str) -> None:
    text = "input 4x4x3\na: conv K=3 F=1\nb: conv K=3 F=1\njoin: {}\nconcat @join @a @b\n"
    left, right = (check_source(Source("x", text.format(join))) for join in (before, after))
    out = format_differences(left, right, find_differences(left.network, right.network), colour=False)
    assert f"\n{shown} " in out
