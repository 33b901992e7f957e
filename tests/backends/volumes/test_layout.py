"""Which volumes a network has, and where they stand."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import pytest
from made_up import MADE_UP
from paths import SPECS

from specnet.backends.diagram.errors import locate_errors
from specnet.backends.volumes.cell import make_cells
from specnet.backends.volumes.folding import fold_volumes
from specnet.backends.volumes.gutters import Gutters
from specnet.backends.volumes.lanes import assign_lanes, rank_volumes
from specnet.backends.volumes.placement import Layout
from specnet.backends.volumes.ports import Ports
from specnet.backends.volumes.rows import place_in_rows
from specnet.backends.volumes.runs import fold_runs
from specnet.backends.volumes.scale import Scale
from specnet.backends.volumes.u_shape import place_as_u
from specnet.backends.volumes.volume import FoldedVolumes
from specnet.compiler import Checked, check_source
from specnet.layers.base import Family
from specnet.printer.scopes import Scopes
from specnet.source import Source


def fold(source: str, depth: int | None = None) -> tuple[Checked, FoldedVolumes]:
    text = source if "\n" in source else (SPECS / f"{source}.net").read_text(encoding="utf-8")
    checked = check_source(Source(str(SPECS / "spec.net"), text))
    return checked, fold_volumes(checked.network, Scopes(checked.network), depth)


def place(source: str, depth: int | None = None, as_u: bool = False) -> Layout | None:
    checked, folded = fold(source, depth)
    cells = make_cells(folded, Scale(folded.volumes.values()), Scopes(checked.network), locate_errors(checked))
    return place_as_u(folded, cells) if as_u else place_in_rows(folded, cells)


def lanes(source: str, depth: int | None = None) -> Mapping[str, int]:
    folded = fold(source, depth)[1]
    return assign_lanes(folded, rank_volumes(folded))


RESIDUAL = """input 8x8x4
a: conv K=4 F=3 P=1 -> relu
add { | conv K=4 F=3 P=1 -> bn -> relu -> conv K=4 F=3 P=1 -> bn | identity }
relu
wide: add { | conv K=8 F=3 P=1 S=2 floor -> conv K=8 F=3 P=1 | conv K=8 F=1 S=2 floor }
fc 10
"""


@pytest.mark.parametrize("arms", ["| conv K=4 F=1 | conv K=4 F=3 P=1", "| slice 0..2 | slice 2..4"])
def test_arms_of_equal_length_meet_in_a_sum_of_its_own(arms: str) -> None:
    folded = fold(f"input 8x8x4\nstem: conv K=4 F=1\nadd {{ {arms} }}\nconv K=4 F=1\n")[1]
    one, other = folded.behind["stem"]
    assert folded.before["add1"] == (one, other)
    assert folded.before[one] == folded.before[other] == ("stem",)


def test_what_keeps_its_shape_has_no_volume() -> None:
    folded = fold("alexnet")[1]
    expected = "input conv1 pool1 conv2 pool2 conv3 conv4 conv5 pool5 fc6 fc7 fc8"
    assert list(folded.volumes) == expected.split()


def test_a_sum_belongs_to_its_longest_term() -> None:
    folded = fold(RESIDUAL)[1]
    targets = {(link.source, link.target) for link in folded.links}
    assert list(folded.volumes) == ["input", "a", "conv2", "conv3", "conv4", "conv6", "conv5", "fc1"]
    assert {("a", "conv3"), ("conv6", "conv5")} <= targets


@pytest.mark.parametrize(
    ("join", "has_own"),
    [
        ("add { | identity | conv K=8 F=1 }", False),
        ("add { | identity | pool avg global -> conv K=8 F=1 }", True),
        ("sub { | identity | conv K=8 F=1 }", True),
        ("maximum { | identity | conv K=8 F=1 }", True),
    ],
)
def test_a_join_has_its_own_volume_unless_it_is_a_sum_of_one_shape(join: str, has_own: bool) -> None:
    folded = fold(f"input 9x9x8\nconv K=8 F=3 P=1\njoin: {join}\nfc 3\n")[1]
    assert ("join" in folded.volumes) == has_own


RESIDUALS = {
    "equal values": "fc 6 -> fc 6 -> @x\nlast: fc 6 -> add @x",
    "norm of the other": "fc 6 -> @x\n@x -> ln -> fc 6 -> add @x",
    "attention": "fc 6\nadd { | ln -> attention heads=2 | identity }",
    "windowed attention": "fc 6\nadd { | ln -> attention heads=2 window=4 | identity }",
    "cross-attention": "fc 6 -> ln -> @m\nfc 6 -> @x\n@x -> ln -> attention @m heads=2 -> add @x",
}


@pytest.mark.parametrize("lines", RESIDUALS.values(), ids=RESIDUALS)
def test_what_is_added_to_one_layer_of_it_arrives_over_the_row(lines: str) -> None:
    layout = place(f"input 8x6\n{lines}\n")
    assert layout
    (link,) = (link for link in layout.arcs if link.is_residual)
    assert layout.seats[link.target].rank == layout.seats[link.source].rank + 1
    assert layout.seats[link.target].rank == max(seat.rank for seat in layout.seats.values())


def test_a_sum_of_two_other_layers_is_no_residual() -> None:
    links = fold("input 8\nfc 6 -> @x\nfc 8 -> fc 6 -> add @x\n")[1].links
    assert not any(link.is_residual for link in links)


def test_two_streams_that_read_each_other_keep_their_lanes() -> None:
    turn = "@a -> attention @b heads=2 -> add @a -> @c\n@b -> attention @a heads=2 -> add @b -> @d\n"
    ends = "@c -> fc 8 -> @a\n@d -> fc 8 -> @b\n"
    found = lanes(f"input a 6x8\ninput b 6x8\nrepeat 2 carry @a @b {{\n{turn}{ends}}}\nconcat @a @b axis=L\n")
    assert [lane for name, lane in found.items() if "attention" in name] == [found["a"], found["b"]] * 2


def test_a_run_of_residual_layers_is_one_with_an_arc() -> None:
    folded = fold_runs(fold("input 8x8x4\nconv K=4 F=1\n" + "add { | conv K=4 F=3 P=1 -> relu | identity }\n" * 9)[1])
    assert [(volume.count, volume.has_skip) for volume in folded.volumes.values()] == [
        (1, False),
        (1, False),
        (9, True),
    ]
    assert not any(link.is_residual for link in folded.links)


@pytest.mark.parametrize("name", ["alexnet-2012", "alexnet", "resnext50", "mobilenet-v1"])
def test_two_groups_are_towers(name: str) -> None:
    towers = [volume.name for volume in fold(name)[1].volumes.values() if volume.towers == 2]
    expected = ["conv1", "pool1", "conv2", "pool2", "conv3", "conv4", "conv5", "pool5"]
    assert towers == (expected if name == "alexnet-2012" else [])


def test_joined_maps_are_parts_of_a_volume() -> None:
    folded = fold("input 8x8x3\nconcat { | conv K=4 F=1 | pool max F=3 S=1 P=1 }\n")[1]
    assert [(family, size) for family, size in folded.volumes["concat1"].parts] == [("convolution", 4), ("pooling", 3)]


def test_lanes_of_branches() -> None:
    assert set(lanes("vgg16").values()) == {0}
    found = lanes("siamese")
    assert {name: lane for name, lane in found.items() if lane} == {
        name: 1 for name in found if name == "right" or name.startswith("branch1.")
    }
    heads = lanes("googlenet-heads", depth=0)
    assert {name for name, lane in heads.items() if lane} == {"softmax0", "softmax1"}


def test_a_projection_runs_below_the_trunk() -> None:
    found = lanes(RESIDUAL)
    assert {name for name, lane in found.items() if lane} == {"conv6"}


def test_skips_are_arcs_and_nest() -> None:
    layout = place(
        "input 8x8x4\na: conv K=4 F=1 -> @a\nb: conv K=4 F=1 -> @b\nconv K=4 F=1\nc: concat @b\nd: concat @a\n"
    )
    assert layout
    assert {(link.source, link.target): level for link, level in layout.arcs.items()} == {("b", "c"): 0, ("a", "d"): 1}


def test_long_rows_are_about_equally_long() -> None:
    layout = place("vgg19")
    assert layout
    ends = [max(seat.x for seat in layout.seats.values() if seat.row == row) for row in (0, 1)]
    assert {seat.row for seat in layout.seats.values()} == {0, 1}
    assert min(ends) > 0.8 * max(ends)


def test_u_net_is_a_u() -> None:
    layout = place("unet", depth=0, as_u=True)
    assert layout
    levels = [seat.row for seat in layout.seats.values()]
    assert levels == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 3, 2, 1, 0, 0]
    xs = [seat.x for seat in layout.seats.values()]
    assert xs == sorted(xs)


@pytest.mark.parametrize("name", ["alexnet", "resnet18", "densenet121", "siamese"])
def test_other_networks_are_no_u(name: str) -> None:
    assert place(name, depth=0, as_u=True) is None


def test_equal_layers_in_a_row_are_one() -> None:
    folded = fold_runs(fold("input 8x8x4\n" + "conv K=4 F=3 P=1 -> relu\n" * 40 + "conv K=8 F=3 P=1\n")[1])
    assert [(volume.name, volume.count) for volume in folded.volumes.values()] == [
        ("input", 1),
        ("conv1", 40),
        ("conv41", 1),
    ]


def test_a_skip_of_a_u_passes_over_what_stands_between() -> None:
    down = "e: conv K=4 F=3 P=1 -> @e\npool max F=2\nf: conv K=8 F=3 P=1 -> @f\npool max F=2\nconv K=16 F=3 P=1\n"
    up = "u: deconv K=8 F=2 S=2\nconcat @f\nv: deconv K=4 F=2 S=2\nconcat @e\n"
    layout = place(f"input 16x16x1\n{down}{up}", as_u=True)
    assert layout
    rows = {name: seat.row for name, seat in layout.seats.items()}
    assert [rows[name] for name in ("e", "f", "u", "concat1", "v", "concat2")] == [0, 1, 1, 1, 0, 0]


@pytest.mark.parametrize("name", ["plain-u", "headed-u", "gated-u"])
def test_a_u_keeps_its_shape_beside_heads_and_gates(name: str) -> None:
    layout = place(MADE_UP[name], depth=0, as_u=True)
    assert layout
    seats = layout.seats
    heads = [head for head in ("edges", "middling", "coarse") if head in seats]
    for head in heads:
        assert seats[head].x == max(seat.x for seat in seats.values() if seat.row == seats[head].row)
    assert max(seat.row for seat in seats.values()) == (3 if name == "gated-u" else 2)


def test_each_value_has_a_line_of_its_own_between_rows() -> None:
    checked, folded = fold(MADE_UP["dense"])
    cells = make_cells(folded, Scale(folded.volumes.values()), Scopes(checked.network), locate_errors(checked))
    layout = place_in_rows(folded, cells)
    gutters = Gutters(Ports(cells, layout), folded.links)
    between = [link for link in folded.links if layout.seats[link.source].row < layout.seats[link.target].row]
    ways = {link.source: set[tuple[float, float]]() for link in between}
    for link in between:
        ways[link.source] |= {(one[0], two[0]) for one, two in pairwise(gutters.route(link)) if one[0] > two[0]}
    assert len(ways) > 2
    assert [len(way) for way in ways.values()] == [1] * len(ways)
    assert len(set.union(*ways.values())) == len(ways)


def test_a_block_is_what_all_of_its_layers_are() -> None:
    volumes = fold(MADE_UP["gated-u"], depth=0)[1].volumes
    assert volumes["down1"].family is Family.CONVOLUTION
    assert volumes["gate1"].family is None
    assert not volumes["gate1"].has_skip


SEQUENCE = """input 8x8x3
tokens: conv K=16 F=2 S=2 -> tokens
class_token -> positions learned
attend: attention heads=4
mix: fc 32
token 0
fc 5
"""


def test_attention_has_a_volume_and_positions_have_none() -> None:
    volumes = fold(SEQUENCE)[1].volumes
    assert [*volumes] == ["input", "tokens", "tokens_tokens", "class_token1", "attend", "mix", "token1", "fc2"]
    assert [node.kind for node in volumes["class_token1"].nodes] == ["class_token", "positions"]


@pytest.mark.parametrize(
    ("name", "value", "is_crossed"),
    [("attend", "positions1", True), ("mix", "attend", False), ("fc2", "token1", True), ("token1", "mix", False)],
)
def test_crossed_lines_lead_to_what_reads_all_tokens(name: str, value: str, is_crossed: bool) -> None:
    assert fold(SEQUENCE)[1].volumes[name].is_fully_connected(value) is is_crossed


def test_of_cross_attention_the_memory_alone_is_read_whole() -> None:
    volumes = fold("input a 6x8\ninput b 9x8 -> @b\n@a -> attention @b heads=2")[1].volumes
    assert volumes["attention1"].read_whole == {"b"}


@pytest.mark.parametrize(
    ("source", "rows"),
    [
        (SEQUENCE, ((Family.JOIN, 1), (Family.RESHAPING, 16))),
        ("input 8x6\nconcat axis=L { | fc 6 | attention heads=2 }", ((Family.DENSE, 8), (Family.ATTENTION, 8))),
        ("input 8x6\nconcat { | fc 6 | attention heads=2 }", ()),
        ("input 8x6\nfc 6", ()),
    ],
)
def test_sequences_laid_one_behind_the_other_are_rows(source: str, rows: tuple[tuple[Family, int], ...]) -> None:
    found = [each.rows for each in fold(source)[1].volumes.values() if each.rows]
    assert found == ([rows] if rows else [])
