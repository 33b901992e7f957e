"""Fixes are searched where the cause is, proved on the whole network, and say what they change."""

from __future__ import annotations

from dataclasses import replace

import pytest

from specnet.analyses.expectations import MEANING_OF_FLOPS
from specnet.compiler import Checked, check_source, read_beside
from specnet.diagnostics import Code, Diagnostic, make_diagnostic, make_replacement
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
    "the decoder before the encoder": (
        UNET,
        "OP=0 → OP=1 in deconv1, line 6, and in deconv2, line 7: 17×17×16",
    ),
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
        "K=7 → K=9 in conv1, line 2",
    ),
    "a number unlike those of its siblings": (
        "block b(k) { conv K=k F=1x7 P=0x3 -> conv K=k F=1x8 P=0x3 -> conv K=k F=1x7 P=0x3 }\ninput 8x8x2\nb 4\nb 4\n"
        "expect parameters 640\n",
        "F=1x8 → F=1x7 in the second conv, line 1",
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


MOBILE = "block separable(K) {{ conv K=C F=3 P=1 G={groups} -> conv K=K F=1 }}\ninput 8x8x32\n{calls}"

OFFERED = {
    "paddings beside the input": (
        ALEXNET.format(size="224x224x3", claim=""),
        "P=0 → P=1:2 in conv1, line 2: 55×55×96",
    ),
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
    "a group for each channel": (
        "input 8x8x32\nconv K=32 F=3 P=1 G=7\nfc 3\n",
        "G=7 → G=32 in conv1, line 2: 8×8×32",
    ),
    "a group for each channel of several inputs": (
        MOBILE.format(groups=7, calls="separable 64\nseparable 128\n"),
        "G=7 → G=C in the first conv, line 1: 8×8×32",
    ),
    "the stride of a pool, which is that of its window": (
        "input 31x31x3\npool max F=3 => 15x15x3\n",
        "S=3 → S=2 in pool1, line 2: 15×15×3",
    ),
    "one layer of several on a line": (
        "input 8x8x3\nconv K=4 F=3 P=1 -> @a\nblock b() { conv K=4 F=3 P=1 -> conv K=4 F=3 }\nb -> add @a\n"
        "b -> conv 1 F=1\n",
        "P=0 → P=1 in the second conv, line 3: 8×8×4",
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


EXCLUSIONS = {
    "deconv K=8 F=3 S=2 OP=2": ["OP=2 → OP=1", "without OP=2"],
    "deconv K=8 F=3 S=2 P=same OP=1": ["without P=same", "without OP=1"],
    "pool max F=2 global": ["without F=2", "without global"],
    "pool max S=2 P=1 global": ["without S=2 P=1"],
    "pool avg F=2 D=2": ["without D=2"],
    "upsample 2 align_corners": ["without align_corners"],
    "upsample 2 to=16": ["without 2", "without to=16"],
    "upsample": [],
    "default deconv S=2 OP=2\ndeconv K=8 F=3": [],
}
"""Layers whose attributes exclude each other, each with the beginnings of the titles of its fixes."""


def test_a_shift_beyond_its_window_is_shown_in_its_place_and_becomes_half_the_window() -> None:
    error = first_error("input 16x16x12\nattention heads=3 window=8 shift=9")
    assert error.span is not None
    assert error.span.text == "shift=9"
    assert error.fixes[0].title.startswith("shift=9 → shift=4 in attention1, line 2")


@pytest.mark.parametrize("layer", EXCLUSIONS)
def test_an_attribute_that_excludes_another_is_changed_or_left_out(layer: str) -> None:
    text = f"input 8x8x8\n{layer}\nfc 3\n"
    assert first_error(text).code is Code.E115
    line = text.count("\n") - 1
    assert [title.partition(" in ")[0] for title in titles(text)] == EXCLUSIONS[layer]
    assert all(title.endswith(f"line {line}") for title in titles(text))


COUNTS = {
    "macs": ("macs 13_824", "13,824 is twice that", ["expect macs 13_824 → 6_912, line 3"]),
    "rounded macs": ("macs 13.8k", "13,800 is about twice that", ["expect macs 13.8k → 6_912, line 3"]),
    "flops that are macs": ("flops 6_912", MEANING_OF_FLOPS, ["macs"]),
    "flops": ("flops 13_824", MEANING_OF_FLOPS, ["macs 6_912"]),
    "wrong flops": ("flops 3", MEANING_OF_FLOPS, ["macs, which uncovers E402 in line 3"]),
    "parameters": ("params 112", "", ["parameters"]),
    "a bound": ("flops < 1k", MEANING_OF_FLOPS, ["macs, which uncovers E402 in line 3"]),
}
"""What is expected of a network, each with the beginning of a note and the titles of the fixes."""


@pytest.mark.parametrize("case", COUNTS)
def test_a_quantity_of_another_name_or_unit_is_counted_here(case: str) -> None:
    expected, note, found = COUNTS[case]
    text = f"input 8x8x3\nconv K=4 F=3 P=1\nexpect {expected}\n"
    error = first_error(text)
    assert [fix.title for fix in error.fixes] == found
    assert "".join(error.notes).startswith(note)


@pytest.mark.parametrize("join", ["add", "sub", "maximum"])
def test_no_fix_leaves_one_position_that_is_repeated(join: str) -> None:
    """1×1×16 would fit beside 3×3×16, by `P=0` and by `F=3`."""
    found = titles(f"input 3x3x8\n{join} {{ | conv K=16 F=3 S=2 P=1 -> relu | conv K=16 F=1 }}\n")
    assert found[:2] == ["S=1 → S=2 in conv2, line 2: 2×2×16", "S=2 → S=1 in conv1, line 2: 3×3×16"]
    assert not [title for title in found if "P=0" in title or "→ F=3" in title]


def test_the_gates_along_both_axes_are_changed_together() -> None:
    rows, columns = (f"pool avg F={size} -> conv K=6 F=1 -> sigmoid" for size in ("1x14", "14x1"))
    expected = "K=6 → K=8 in conv1, line 2, and in conv2, line 2: 14×14×8"
    assert titles(f"input 14x14x8\nmul {{ | identity | {rows} | {columns} }}\n") == [expected]


def test_no_two_fixes_of_an_error_have_one_title() -> None:
    two = "conv K=8 F=1x8 P=0x3 -> conv K=8 F=7x1 P=3x0"
    text = f"block b() {{\n  {two} -> {two}\n}}\ninput 8x8x8\nb\nb\nexpect parameters 3776\n"
    found = titles(text)
    assert len(found) > 1
    assert len({*found}) == len(found)


def test_no_fix_makes_the_changes_of_another_and_more() -> None:
    text, _ = FIRST["padding two layers up"]
    edits = [{(edit.span.start, edit.text) for edit in fix.edits} for fix in first_error(text).fixes]
    assert not any(one < other for one in edits for other in edits)


def test_the_fixes_of_a_warning_are_kept_beside_errors() -> None:
    checked = check_source(Source("a.net", "input 8x8x3\nconv K=4 F=3 S=2\nfc 4\n"))
    number = checked.source.span(19, 20)
    warning = make_diagnostic(Code.W508, "", number, fixes=[make_replacement(number, n) for n in ("8", "0")])
    both = replace(checked, diagnostics=(*checked.diagnostics, warning))
    assert [fix.title for fix in add_fixes(both, {}, read_beside).diagnostics[-1].fixes] == ["8"]


def test_a_misspelt_word_is_corrected_though_what_follows_is_wrong_too() -> None:
    text = "input 32x32x3\nconv K=8 F=7 -> rleu\nconv K=6 F=5 S=2\nfc 3\n"
    assert titles(text) == ["relu, which uncovers E301 in line 3"]


def test_a_fix_that_uncovers_another_error_comes_last() -> None:
    found = ["uncovers" in title for title in titles(UNET)]
    assert any(found)
    assert found == sorted(found)


BASIC = (
    "let width = {width}\ninput 16x16x3\nblock basic(K, {parameter}) {{\n  add {{\n"
    "  | conv K=K F=3 S=S P=1 -> conv K=K F=3 P=1\n"
    "  | identity or {{ conv K=K F=1 S=S }}\n  }}\n}}\n"
    "conv K=width F=3 P=1 => 16x16x8\nrepeat 2 {{ basic width }} => 16x16x8\n"
)


@pytest.mark.parametrize("parameter", ["S=2", "S=2, D=1", "S=(2)"])
def test_a_number_among_the_parameters_is_named_without_the_parenthesis(parameter: str) -> None:
    written = parameter.partition(",")[0]
    expected = f"{written} → {written.replace('2', '1')} in basic, line 3: 16×16×8"
    assert expected in titles(BASIC.format(parameter=parameter, width=8))


def test_a_claim_behind_a_wrong_one_is_corrected_rather_than_hidden_by_an_error_above() -> None:
    first, second = check(BASIC.format(parameter="S=1", width=4)).errors
    assert first.fixes[0].title == "=> 16x16x8 → 16x16x4, line 9, as it is"
    assert second.fixes[0].title == "=> 16x16x8 → 16x16x4, line 10, as it is"
    assert not any("uncovers" in fix.title for fix in second.fixes)


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
    "the other arm": ("input 8x8x3\nconv K=12 F=3 P=1 -> @a\nconv F=3 P=1 -> add @a\n", ["conv K=12, line 3"]),
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


@pytest.mark.parametrize(("given", "nearest"), [("224x224x3", "227×227×3"), ("10x10x3", "19×19×3")])
def test_the_nearest_input_is_told_where_an_override_gives_one(given: str, nearest: str) -> None:
    source, overrides = Source("a.net", ALEXNET.format(size="227x227x3", claim="")), {"input": given}
    (error,) = add_fixes(check_source(source, overrides), overrides, read_beside).errors
    assert f"the nearest input that fits is {nearest}; `specnet sizes` lists all that do" in error.notes


def test_the_nearest_input_is_a_fix_where_the_spec_gives_one() -> None:
    assert not any("nearest" in note for note in first_error(ALEXNET.format(size="224x224x3", claim="")).notes)
