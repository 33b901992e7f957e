"""Fixes are searched where the cause is, proved on the whole network, and say what they change."""

from __future__ import annotations

import pytest

from specnet.compiler import Checked, check_source, read_beside
from specnet.diagnostics import Code, Diagnostic
from specnet.fixes import add_fixes, apply_edits
from specnet.source import Source

ALEXNET = "input {size}\nconv1: conv K=96 F=11 S=4 -> relu{claim}\npool max F=3 S=2\nconv K=256 F=5 P=2\n"
UNET = (
    "input 35x35x1\nconv K=4 F=3 P=1 -> @s1\npool max F=2 floor\nconv K=8 F=3 P=1 -> @s2\npool max F=2 floor\n"
    "deconv K=8 F=2 S=2 -> concat @s2 -> conv K=8 F=3 P=1\ndeconv K=4 F=2 S=2 -> concat @s1 -> conv K=1 F=1\n"
)
ENCODER = "input 32x32x3\nconv K=16 F=3 S=2 P=1 -> relu\nconv K=32 F=3 S=2 P=1 -> relu\n"


def check(text: str) -> Checked:
    return add_fixes(check_source(Source("a.net", text)), {}, read_beside)


def first_error(text: str) -> Diagnostic:
    return check(text).errors[0]


def titles(text: str) -> list[str]:
    return [fix.title for fix in first_error(text).fixes]


FIRST = {
    "the rounding of a pool": ("input 32x32x8\npool max F=3 S=2\nfc 3\n", "ceil in pool1, line 2: 16×16×8"),
    "the rounding of a pool that a claim asks for": (
        "input 32x32x8\npool max F=3 S=2 => 15x15x8\nfc 3\n",
        "floor in pool1, line 2: 15×15×8",
    ),
    "the nearest input that fits": (
        ALEXNET.format(size="224x224x3", claim=""),
        "input 224x224x3 → 227x227x3, line 1: 55×55×96",
    ),
    "the input that a claim asks for": (
        ALEXNET.format(size="219x219x3", claim=" => 55x55x96"),
        "input 219x219x3 → 227x227x3, line 1: 55×55×96",
    ),
    "the width of an input": (
        ALEXNET.format(size="227x230x3", claim=" => 55x55x96"),
        "input 227x230x3 → 227x227x3, line 1: 55×55×96",
    ),
    "an input by its name": (
        "input left 8x9x1\ninput right 8x8x1\n@left -> add @right\n",
        "input left 8x9x1 → 8x8x1, line 1: 8×8×1",
    ),
    "output padding of two layers": (
        f"{ENCODER}deconv K=16 F=3 S=2 P=1 -> relu\ndeconv K=3 F=3 S=2 P=1 => 32x32x3\n",
        "OP=0 → OP=1 in deconv1, line 4, and in deconv2, line 5: 32×32×3",
    ),
    "padding two layers up": (
        "input 64x64x3\nconv K=8 F=3 P=1 -> relu -> @a\npool max F=2 -> conv K=8 F=3 P=1\nconv K=8 F=3\n"
        "upsample 2 -> concat @a\n",
        "P=0 → P=1 in conv3, line 4: 64×64×16",
    ),
    "the decoder before the encoder": (UNET, "OP=0 → OP=1 in deconv1, line 6, and in deconv2, line 7: 17×17×16"),
    "two arms wrong in the same way": (
        "input 33x33x64\nconcat {\n  | conv K=16 F=1\n  | conv K=16 F=3 P=6 D=8\n  | conv K=16 F=3 P=12 D=16\n"
        "  | conv K=16 F=3 P=18 D=18\n}\n",
        "P=6 → P=8 in conv2, line 4; P=12 → P=16 in conv3, line 5: 33×33×64",
    ),
    "two layers of different kinds": (
        "input 250x250x3\nconv K=16 F=11 S=3\ndeconv K=3 F=11 S=3 => 250x250x3\n",
        "P=0 → P=5 in conv1, line 2, and in deconv1, line 3: 84×84×16",
    ),
    "a window far too large": (
        "input 32x32x3\nconv K=8 F=3 P=1\npool max F=284 => 16x16x8\nfc 10\n",
        "F=284 → F=2 in pool1, line 3: 16×16×8",
    ),
    "the argument of a block's call": (
        "block b(K) {\n  conv K=K F=3 P=1\n}\ninput 8x8x3\nb 16 => 8x8x16\nb 77 => 8x8x32\n",
        "K=77 → K=32 in b, line 6: 8×8×32",
    ),
    "a gate that has no positions": (
        "input 8x8x64\nmul { | identity | pool avg global -> fc 4 -> relu -> fc 64 -> sigmoid }\n",
        "-> reshape 1x1x64 behind sigmoid1, line 2: 8×8×64",
    ),
    "a claim where all else agrees": (
        "input 8x8x3\nconv K=4 F=3 P=1 => 8x8x5\nexpect parameters 112\n",
        "=> 8x8x5 → 8x8x4, line 2, as it is",
    ),
    "a number of repetitions": (
        "input 8x8x3\nconv K=4 F=3 P=1\nrepeat 4 { conv K=4 F=3 P=1 }\nexpect parameters 408\n",
        "4 → 2 in repeat, line 3",
    ),
    "a number that counts twice": (
        "input 8x8x3\nconv K=7 F=3 P=1 -> conv K=4 F=3 P=1\nexpect parameters 580\nexpect macs 36_288\n",
        "K=7 → K=9 in conv, line 2",
    ),
    "an expectation beside one that is met": (
        "input 8x8x3\nconv K=4 F=3 P=1\nexpect parameters 113\nexpect macs 6_912\n",
        "expect parameters 113 → 112, line 3",
    ),
}
"""Broken specs, each with the title of the fix that is offered first."""


@pytest.mark.parametrize("case", FIRST)
def test_the_first_fix_is_where_the_cause_is(case: str) -> None:
    text, title = FIRST[case]
    checked = check(text)
    assert checked.errors[0].fixes[0].title == title
    edits = checked.errors[0].fixes[0].edits
    assert check_source(apply_edits(checked.source, edits)).ok


OFFERED = {
    "paddings beside the input": (ALEXNET.format(size="224x224x3", claim=""), "P=0 → P=1:2 in conv1, line 2: 55×55×96"),
    "a divisible input": (UNET, "input 35x35x1 → 36x36x1, line 1: 18×18×16"),
    "a crop at both joins": (UNET, "crop=center in concat1, line 6, and in concat2, line 7: 16×16×16"),
    "half of a fix, with what it uncovers": (
        UNET,
        "OP=0 → OP=1 in deconv1, line 6: 17×17×16, which uncovers E310 in line 7",
    ),
    "channels that groups divide": (
        "input 8x8x3\nconv K=48 F=1\nconv K=64 F=1 G=32\n",
        "K=48 → K=64 in conv1, line 2: 8×8×64",
    ),
    "a size to come to": (
        "input 9x9x3\nconv K=8 F=3 P=1 -> @a\npool max F=2 floor\nupsample 2 -> concat @a\n",
        "factor=2 → to=9 in upsample1, line 4: 9×9×16",
    ),
}
"""Broken specs, each with the title of a fix that is offered."""


@pytest.mark.parametrize("case", OFFERED)
def test_a_fix_of_each_kind_is_offered(case: str) -> None:
    text, title = OFFERED[case]
    assert title in titles(text)


def test_a_fix_that_uncovers_another_error_comes_last() -> None:
    found = ["uncovers" in title for title in titles(UNET)]
    assert any(found)
    assert found == sorted(found)


def test_the_main_place_is_the_only_one_whose_change_makes_all_sound() -> None:
    text, _ = FIRST["a number of repetitions"]
    error = first_error(text)
    assert error.span is not None
    assert (error.span.text, error.span.line) == ("4", 3)
    assert [label.span.line for label in error.labels] == [4, 3]


def test_a_cause_on_another_line_is_labelled() -> None:
    error = first_error(FIRST["padding two layers up"][0])
    assert error.span is not None
    assert error.span.line == 5
    assert ("with P=1 here, it would fit", 4) in [(label.text, label.span.line) for label in error.labels]


MISSING = {
    "a claim": ("input 8x8x3\nconv F=3 -> relu => 6x6x16\nfc 10\n", ["conv K=16"]),
    "the other arm": ("input 8x8x3\nconv K=12 F=3 P=1 -> @a\nconv F=3 P=1 -> add @a\n", ["K=12 in conv2, line 3"]),
    "nothing": ("input 8x8x3\nconv F=3\nfc 10\n", []),
}


@pytest.mark.parametrize("source", MISSING)
def test_a_missing_number_is_offered_where_the_file_tells_it(source: str) -> None:
    text, found = MISSING[source]
    assert first_error(text).code is Code.E111
    assert titles(text) == found


WAYS_OF_COUNTING = {
    "statistics": ("bn", 64, "with the 32 running means and variances, as Keras counts, it is 64"),
    "biases": ("conv K=8 F=1 -> fc 4", 2180, "without the 8 biases of the `conv` layers, it is 2,180"),
    "outputs": ("fc 4", 5125, "with one output more in `fc1`, it is 5,125"),
    "towers": ("conv K=8 F=3 P=1", 584, "with G=2 in `conv1`, as on two GPUs, it is 584"),
}


@pytest.mark.parametrize("case", WAYS_OF_COUNTING)
def test_a_total_that_is_counted_in_another_way_is_explained(case: str) -> None:
    layers, expected, note = WAYS_OF_COUNTING[case]
    error = first_error(f"input 8x8x16\n{layers}\nexpect parameters {expected}\n")
    assert error.notes == (note,)


def test_a_search_that_is_cut_short_says_so() -> None:
    layers = "\n".join(f"conv K={k} F=3 P=1" for k in range(2, 900))
    error = first_error(f"input 8x8x3\n{layers}\nexpect parameters 1\n")
    assert "the search for fixes ended before everything was tried" in error.notes


def test_a_layer_that_lost_its_input_is_left_alone() -> None:
    error = first_error("input 8x8x3\nconv K=4 F=3 S=2\nblock b(x) { @x -> conv K=4 F=3 S=2 }\nb 3\n")
    assert error.code is Code.E301
    assert error.fixes
