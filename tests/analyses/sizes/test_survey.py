"""The sizes that a survey finds, against the spec elaborated at every size."""

from __future__ import annotations

import random
from collections.abc import Iterable
from functools import partial
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from paths import SPECS
from zoo_sample import sample

from specnet.analyses.sizes import judge
from specnet.analyses.sizes.judge import Sizes, find_refusal
from specnet.analyses.sizes.survey import InputSizes, Survey, survey_sizes
from specnet.compiler import collect_garbage_later, read_beside
from specnet.elaborate import Elaborated, elaborate
from specnet.source import Source
from specnet.spec_files import read_regular_file
from specnet.syntax.parser import parse
from specnet.syntax.tree import Lines

TOO_LARGE = ("hrnet-w18", "mobilenet-v2-coordinate")
"""Networks of very many layers that depend on the sizes of their values, so that few sizes are tried in a second."""

OF_AREA = ("gmlp-s-16", "mixer-b-16")
"""Networks whose weights mix all tokens, so that any height and width of the same number of patches will do."""

FILES = sorted([*SPECS.glob("*.net"), *SPECS.glob("articles/*.net")])
ZOO = [path for path in FILES if path.stem not in TOO_LARGE]

INDEPENDENT = {
    "a global pool by expression": "input 20x30x3\nconv K=4 F=3 S=2 P=1\npool avg F=(H)x(W)\nfc 3\n",
    "a gate of one position": "input 16x16x4\nconv K=4 F=3 P=1 -> @a\npool max F=2\nconv K=4 F=8\nmul @a\n",
    "as many filters as rows": "input 12x12x3\nconv K=H F=3\nconv K=5 F=2 S=2\n",
    "identity or a projection": "input 12x10x4\nadd { | conv K=4 F=3 S=2 P=1 | identity or { conv K=4 F=1 S=2 } }\n",
    "height and width swapped": "input 12x10x4\nconv K=4 F=3 S=2 P=1\npermute WHC\nconv K=4 F=2x3 S=2x3\n",
    "upsampling by half": "input 12x12x4\nconv K=4 F=3 S=2 P=1\nupsample 1.5\npool max F=3\n",
    "an odd crop": "input 20x20x4\nconv K=4 F=3 -> @a\npool max F=2 -> deconv K=4 F=2 S=2 -> concat @a crop=center\n",
    "a crop to a size": "input 12x13x1\nconv K=2 F=3\ncrop to=5x7\n",
    "the size of another value": "input 20x23x3\nconv K=4 F=3 P=1 -> @a\npool max F=3 floor\nconv K=4 F=3 P=1\n"
    "upsample like=@a\nconcat @a\n",
    "a crop to the size of another value": "input 20x23x3\nconv K=4 F=5 -> @a\n@input -> pad 2x1 -> crop like=@a -> "
    "concat @a -> pool max F=2\n",
    "rows above others": "input 12x13x3\nconcat axis=H {\n  | slice 0..5 axis=H -> conv K=4 F=3 S=2 P=1\n"
    "  | conv K=4 F=3 S=2 P=1\n}\npool max F=3 S=2\n",
    "a given output size": "input 32x40x4\nconv K=4 F=3 S=2 P=1\npool avg to=3x5\nfc 3\n",
    "ceil and floor": "input 32x40x4\nconv K=4 F=3 S=2 P=1\npool max F=3 S=2 ceil\npool max F=3 S=2 floor\nfc 3\n",
    "a mirrored edge": "input 32x40x4\npad 5 reflect\nconv K=2 F=7 S=4 P=same\nspace_to_depth 2\n",
    "a size of its own that is rounded": "input 23x21x4\npool avg to=2\nconv K=4 F=1 S=2 P=2\n",
    "skipped pixels": "input 33x41x4\nconv K=2 F=2 S=4\n",
    "arms that part": "input 16x16x3\nconv K=4 F=3 S=2 P=1 -> @a\npool max F=2 -> upsample 2 -> add @a\n",
    "arms of other slopes": "input 16x16x3\nconcat { | conv K=3 F=2 S=2 | conv K=2 F=9 }\n",
    "a layer for each pixel": "input 8x8x3\nflatten\nfc C//2\nfc 3\n",
    "a spec broken at its own size": "input 8x8x3\nconv K=2 F=3 S=2\n",
    "a spec broken along one axis": "input 9x9x2\npad 1x2 -> conv K=4 F=4 S=3\n",
    "windows of attention": "input 28x56x3\nconv K=4 F=2 S=2\nattention heads=2 window=7x2 shift=1\nspace_to_depth 2\n"
    "attention heads=2 patch=1\nattention heads=4 window=7 bias=relative\n",
    "tokens and back": "input 16x24x3\nconv K=4 F=4 S=2 P=1 -> @a\ntokens\npositions sine\n"
    "attention heads=2\nmap like=@a\nadd @a\nconv K=4 F=2 S=2\n",
    "keys of a reduced map": "input 12x20x3\nconv K=4 F=2 S=2\nattention heads=2 reduce=2\ntokens\ntoken 0\n",
    "columns read as channels": "input 8x12x3\npermute CHW\nconv K=6 F=1 G=6\n",
    "twins": "input a 12x12x1\ninput b 12x12x1\n@a\nf: conv K=2 F=3 S=3 -> fc 4 -> @x\n@b -> same f -> add @x\n",
}
"""Specs whose heights are valid for every valid width."""

DEPENDENT = {
    "a number of pixels": "input 14x14x3\npool max F=2\nconv K=4 F=1\nreshape 196\nfc 3\n",
    "a number of elements": "input 14x14x3\nflatten\nreshape 28x7x3\n",
    "a number of tokens": "input 16x16x3\nconv K=4 F=4 S=4\ntokens\nattention heads=2\nmap 4x4\nconv K=4 F=2 S=2\n",
    "windows of tokens": "input 12x8x3\nconv K=4 F=2 S=2\ntokens\nattention heads=2 window=3\nfc 5\n",
    "heads of tokens": "input 12x10x3\ntokens\npermute CL\nattention heads=4\n",
    "a condition": "input 12x10x3\nif H > 8 { pool max F=2 } else { conv K=4 F=3 P=1 }\nconv K=5 F=3 S=3\n",
    "more than one position": "input 12x12x4\nconv K=4 F=3 S=2 P=1\ninstance_norm\n",
}
"""Specs with heights that are valid for some of the valid widths only."""


class Spec:
    """A spec, elaborated for any size."""

    def __init__(self, source: Source) -> None:
        lines, unreadable = parse(source)
        assert not unreadable
        self.elaborate = partial(_elaborate, source, lines)
        self.own = self.elaborate({})

    def survey(self) -> Survey:
        with collect_garbage_later():
            survey = survey_sizes(self.own, self.elaborate)
        assert survey
        return survey

    def judge(self, sizes: InputSizes, *given: int) -> tuple[bool, bool]:
        """Return whether the inputs are valid and exact with other heights and widths, or another length."""
        shape = (*given, *sizes.shape[len(given) :])
        elaborated = self.elaborate(dict.fromkeys(sizes.names, shape))
        if find_refusal(elaborated):
            return False, False
        network = elaborated.network
        rounds = [node.layer.rounds(network.input_shapes(node) or ()) for node in network.nodes if node.layer]
        return True, not any(map(any, rounds))


def _elaborate(source: Source, lines: Lines, sizes: Sizes) -> Elaborated:
    given = {f"input.{name}": "x".join(map(str, shape)) for name, shape in sizes.items()}
    return elaborate(source, lines, True, read_beside, given, restates=lambda claim: True)


def read(path: Path) -> Spec:
    return Spec(Source(str(path), read_regular_file(path)))


def find_disagreements(spec: Spec, sizes: InputSizes, pairs: Iterable[tuple[int, int]]) -> list[object]:
    """Return the heights and widths at which a survey of independent axes says something else than the spec."""
    height, width = sizes.axes
    return [
        (h, w)
        for h, w in pairs
        if spec.judge(sizes, h, w) != (h in height.valid and w in width.valid, h in height.exact and w in width.exact)
    ]


@pytest.mark.parametrize("step", [5, pytest.param(1, marks=pytest.mark.slow)])
@pytest.mark.parametrize("text", INDEPENDENT.values(), ids=INDEPENDENT)
def test_independent_axes_are_what_every_rectangle_says(text: str, step: int) -> None:
    """A fifth of the rectangles has each height with eight widths of every remainder by 2, 3 and 4."""
    spec = Spec(Source("spec.net", text))
    (sizes,) = spec.survey().inputs
    assert sizes.are_independent
    rectangles = [(h, w) for h, w in product(range(1, 40), repeat=2) if (h + 2 * w) % step == 0]
    assert find_disagreements(spec, sizes, rectangles) == []


@pytest.mark.parametrize("text", DEPENDENT.values(), ids=DEPENDENT)
def test_dependent_axes_are_what_the_spec_says_of_each_and_of_squares(text: str) -> None:
    spec = Spec(Source("spec.net", text))
    (sizes,) = spec.survey().inputs
    assert not sizes.are_independent
    height, width, _ = sizes.shape
    for n in range(1, 60):
        assert spec.judge(sizes, n, width)[0] == (n in sizes.axes[0].valid)
        assert spec.judge(sizes, height, n)[0] == (n in sizes.axes[1].valid)
        assert not sizes.square or spec.judge(sizes, n, n) == (n in sizes.square.valid, n in sizes.square.exact)


U_SHAPED = """input 21x15x1
block double(K) { repeat 2 { conv K=K F=3 P=1 bias=no -> bn -> relu } }
block up(K, skip) { upsample like=skip -> conv K=K F=1 -> bn -> relu -> concat skip -> double K }
double 4 -> @one -> pool max F=2 floor
double 8 -> @two -> pool max F=2 floor
double 8 -> @three -> pool max F=2 floor
double 8
up 8 @three
up 8 @two
up 4 @one
"""


def test_axes_are_independent_also_where_there_is_no_time_for_many_pairs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading sizes makes it another network at each, which takes so many steps that few pairs can be tried."""
    monkeypatch.setattr(judge, "MAX_STEPS", 6000)
    spec = Spec(Source("spec.net", U_SHAPED))
    (sizes,) = spec.survey().inputs
    assert sizes.find_smallest() == ((8, 8, 1), (8, 8, 1))
    assert sizes.find_nearest((21, 15, 1)) == ((21, 15, 1), (24, 16, 1))
    assert find_disagreements(spec, sizes, product((7, 8, 13, 24), repeat=2)) == []


def test_vectors_have_lengths() -> None:
    spec = Spec(Source("spec.net", "input 30\nfc 12\nreshape 2x2x3\nconv K=2 F=2\n"))
    (sizes,) = spec.survey().inputs
    (length,) = sizes.axes
    assert [n in length.valid for n in range(1, 50)] == [True] * 49
    assert length.fitting
    assert [*length.fitting.list_from(1)] == [30]
    spec = Spec(Source("spec.net", "input 30\nreshape 5x6x1\nconv K=2 F=2\n"))
    assert [*spec.survey().inputs[0].axes[0].valid.list_from(1)] == [30]


def test_inputs_of_one_shape_are_varied_together_and_others_apart() -> None:
    spec = Spec(
        Source(
            "spec.net", "input a 8x8x1\ninput b 8x8x1\ninput c 5\n@c -> fc 3 -> @x\n@a -> concat @b -> fc 3 -> add @x\n"
        )
    )
    assert [sizes.names for sizes in spec.survey().inputs] == [("c",), ("a", "b")]


def test_the_present_size_is_known_where_no_other_can_be_tried_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("specnet.analyses.sizes.judge.MAX_STEPS", 0)
    (sizes,) = (
        Spec(Source("spec.net", "input 30x30x1\nrelu -> @x\npool max F=2\nupsample to=(@x.H)x(@x.W)\nfc 2\n"))
        .survey()
        .inputs
    )
    assert [[*axis.valid.list_from(1)] for axis in sizes.axes] == [[30], [30]]
    assert [axis.untried and axis.untried.start for axis in sizes.axes] == [1, 1]


@pytest.mark.parametrize(
    ("name", "modulus", "residues", "smallest"),
    [("alexnet", 32, (3,), 67), ("unet", 16, (12,), 188), ("resnet50", 32, (1,), 1), ("densenet121", 32, (29,), 29)],
)
def test_exact_sizes_of_published_networks(name: str, modulus: int, residues: tuple[int, ...], smallest: int) -> None:
    (sizes,) = read(SPECS / f"{name}.net").survey().inputs
    for axis in sizes.axes:
        assert (axis.exact.modulus, axis.exact.residues, axis.exact.smallest) == (modulus, residues, smallest)


@pytest.mark.parametrize(
    ("name", "fitting"),
    [("alexnet", [227]), ("lenet5", [32]), ("zfnet", [213, 214, 215, 216, 221, 222, 223, 224]), ("resnet50", None)],
)
def test_sizes_that_the_weights_fit(name: str, fitting: list[int] | None) -> None:
    spec = read(SPECS / f"{name}.net")
    (sizes,) = spec.survey().inputs
    for axis in sizes.axes:
        assert (axis.fitting and [*axis.fitting.list_from(1)]) == fitting


@pytest.mark.parametrize("path", sample([path for path in ZOO if path.stem not in OF_AREA]), ids=lambda path: path.stem)
def test_a_published_network_takes_what_the_survey_says(path: Path) -> None:
    """Compare a few sizes, among them the first valid and exact ones and those beside them."""
    spec = read(path)
    for sizes in spec.survey().inputs:
        if len(sizes.axes) == 2:
            assert sizes.are_independent
            axes = sizes.axes
            first = [axis.exact.smallest or axis.valid.smallest or 1 for axis in axes]
            near = [axis.valid.find_nearest(300) or 1 for axis in axes]
            pairs = [(first[0], first[1]), (first[0] - 1 or 2, first[1]), (near[0], near[1]), (near[0], near[1] + 1)]
            assert find_disagreements(spec, sizes, pairs) == []


@pytest.mark.slow
@pytest.mark.parametrize("path", ZOO, ids=lambda path: path.stem)
def test_a_published_network_takes_what_the_survey_says_at_every_size(path: Path) -> None:
    """Compare all squares up to 600, and rectangles at random."""
    spec, randomness = read(path), random.Random(1)
    for sizes in spec.survey().inputs:
        if len(sizes.axes) == 2:
            rectangles = [(randomness.randint(1, 600), randomness.randint(1, 600)) for _ in range(100)]
            assert find_disagreements(spec, sizes, [*((n, n) for n in range(1, 601)), *rectangles]) == []


LAYERS = (
    "conv K=4 F=3 S=2 P=1",
    "conv K=4 F=2x3 S=2x1 floor",
    "conv K=2 F=1 S=3",
    "conv K=4 F=3 S=2 P=same",
    "pool max F=3 S=2",
    "pool avg F=2 S=3 ceil",
    "pool max F=3x1 S=1x2 P=1x0",
    "pool avg to=3x2",
    "upsample 1.5",
    "deconv K=4 F=3 S=2 P=1",
    "pad 2 reflect",
    "crop to=4x3",
    "space_to_depth 2",
    "permute WHC",
    "instance_norm",
    "conv K=C F=1 S=(1 if H > 6 else 2)",
    "concat crop=center { | relu | conv K=2 F=3 S=1 }",
    "add { | conv K=C F=3 S=2 P=1 | identity or { conv K=C F=1 S=2 } }",
    "mul { | relu | pool avg global }",
    "mul { | identity | pool avg F=1x(W) | pool avg F=(H)x1 }",
    "sub { | identity | pool max F=4x1 S=3 }",
    "maximum { | pool max F=1x5 S=1 | pool max F=5x1 S=1 }",
    "softmax groups=2",
)


chains = given(st.lists(st.sampled_from(LAYERS), min_size=1, max_size=4), st.integers(5, 24), st.integers(5, 24))


@chains
@settings(max_examples=15, deadline=None)
def test_any_chain_takes_what_the_survey_says(layers: list[str], height: int, width: int) -> None:
    assert_surveyed(layers, height, width)


TOKENS = (
    "attention heads=2",
    "attention heads=2 window=5 shift=2",
    "attention @map heads=2",
    "class_token -> positions sine",
    "permute CL -> fc 12 -> permute CL",
    "concat axis=L { | identity | @map -> tokens }",
    "add { | identity | attention heads=4 | fc 4 }",
)

ENDS = ("map like=@map -> conv K=4 F=2 S=2", "map 4x3 -> conv K=4 F=3", "token 5", "pool avg global", "flatten -> fc 2")


@given(st.lists(st.sampled_from(LAYERS[:10]), max_size=2), st.lists(st.sampled_from(TOKENS), max_size=3), st.data())
@settings(max_examples=15, deadline=None)
def test_any_sequence_takes_what_the_survey_says(layers: list[str], tokens: list[str], data: st.DataObject) -> None:
    end, size = data.draw(st.sampled_from(ENDS)), st.integers(5, 24)
    tap = "identity -> @map" if "@map" in " ".join((*tokens, end)) else "identity"
    assert_surveyed([*layers, tap, "tokens", *tokens, end], data.draw(size), data.draw(size))


@pytest.mark.slow
@chains
@settings(max_examples=200, deadline=None)
def test_any_of_many_chains_takes_what_the_survey_says(layers: list[str], height: int, width: int) -> None:
    assert_surveyed(layers, height, width)


def assert_surveyed(layers: list[str], height: int, width: int) -> None:
    lines = "\n".join(layers)
    spec = Spec(Source("spec.net", f"input {height}x{width}x4\n{lines}\n"))
    survey = survey_sizes(spec.own, spec.elaborate)
    for sizes in survey.inputs if survey else ():
        if sizes.are_independent and not any(axis.untried for axis in sizes.axes):
            assert find_disagreements(spec, sizes, product(range(1, 30, 4), range(2, 30, 3))) == []
