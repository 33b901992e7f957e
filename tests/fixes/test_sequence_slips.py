"""Slips in specs of sequences and attention: errors are at the change or behind it, and a fix restores the network."""

from __future__ import annotations

from collections import Counter
from itertools import groupby

import pytest
from mutations import Slip
from sequence_slips import CLAIMED, HERE, OFFERED, SLIPS, judge, make_slips, sum_verdicts

from specnet.compiler import check_source, read_beside
from specnet.fixes import add_fixes, apply_edits
from specnet.source import Source


def make_smallest_slips() -> list[Slip]:
    """Return the slip of each kind that is made in the shortest spec."""
    return [min(same, key=lambda slip: len(slip.original)) for _, same in groupby(make_slips(), lambda slip: slip.kind)]


@pytest.mark.parametrize("slip", make_smallest_slips(), ids=lambda slip: slip.kind)
def test_a_slip_is_answered_at_its_place_with_the_fix(slip: Slip) -> None:
    found = judge(slip)
    assert found["broken"], str(slip)
    assert found[HERE] or found[CLAIMED], str(slip)
    assert found[OFFERED], str(slip)


@pytest.mark.slow
def test_slips_in_every_spec_are_answered_at_their_place_with_a_fix() -> None:
    sums = sum_verdicts((slip, judge(slip)) for slip in make_slips())
    every = sum(sums.values(), Counter[str]())
    assert {kind for kind, found in sums.items() if found["broken"]} == {*SLIPS}
    assert every[HERE] + every[CLAIMED] == every["broken"]
    assert every[HERE] >= 0.98 * every["broken"]
    assert every[OFFERED] >= 0.98 * every["broken"]


CASES = {
    "=> 64x48": ("conv K=48 F=4 S=4    => 64x48", "-> tokens behind conv K=48 F=4 S=4, line 2"),
    "a claimed map": ("conv K=48 F=4 S=4 -> tokens -> ln    => 8x8x48", "map 8x8 -> ln, line 2: 8×8×48"),
    "a class token": ("conv K=48 F=4 S=4 -> tokens -> class_token\nln -> fc 10 => 10", "token 0 -> fc 10, line 3: 10"),
    "no class token": ("conv K=48 F=4 S=4 -> tokens\nln -> fc 10 => 10", "pool avg global -> fc 10, line 3: 10"),
    "a length": (
        "conv K=48 F=4 S=4 -> tokens\npositions learned => 65x48",
        "class_token -> positions learned, line 3: 65×48",
    ),
    "a longer arm": (
        "conv K=48 F=4 S=4 -> tokens\nadd { | ln -> class_token | identity }",
        "without class_token, line 3: 64×48",
    ),
    "a flattened map": ("conv K=48 F=4 S=4 -> fc 64 -> tokens", "tokens -> fc 64, line 2"),
    "a flattened map, later": (
        "conv K=48 F=4 S=4\nfc 64 -> class_token",
        "tokens -> fc 64, line 3: 65×64",
    ),
    "a forgotten pool": (
        "conv K=48 F=4 S=4\nfc 10\nexpect parameters 2_842",
        "pool avg global -> fc 10, line 3",
    ),
    "an order of a map": ("conv K=48 F=4 S=4 -> tokens -> permute CHW", "permute CHW → permute CL, line 2: 48×64"),
    "bn": ("conv K=48 F=4 S=4 -> tokens -> bn eps=1e-3", "bn → ln, line 2"),
    "gn": ("conv K=48 F=4 S=4 -> tokens -> gn", "gn → ln, line 2"),
    "a window beside": (
        "conv K=48 F=4 S=4 -> @memory\n@memory -> attention @memory heads=4 window=4",
        "without window=4 in attention1, line 3: 8×8×48",
    ),
    "heads of a block in a loop": (
        "block encoder(heads, i) { attention heads=heads -> drop_path 0.1*i }\n"
        "conv K=48 F=4 S=4\nrepeat i in 0..2 { encoder heads=5 i=i }",
        "heads=5 → heads=4 in encoder, line 4: 8×8×48",
    ),
}


@pytest.mark.parametrize(("lines", "title"), CASES.values(), ids=CASES)
def test_the_first_fix_is_what_was_meant(lines: str, title: str) -> None:
    source = Source("spec.net", f"input 32x32x3\n{lines}\n")
    checked = add_fixes(check_source(source), {}, read_beside)
    (error,) = checked.errors
    assert error.fixes[0].title == title
    assert check_source(apply_edits(source, error.fixes[0].edits)).ok


@pytest.mark.parametrize("claim", ["8x8x49", "7x7x48", "49", "63x47"])
def test_a_claim_that_no_further_layer_meets_gets_none(claim: str) -> None:
    source = Source("spec.net", f"input 32x32x3\nconv K=48 F=4 S=4 -> tokens => {claim}\n")
    (error,) = add_fixes(check_source(source), {}, read_beside).errors
    assert not any("tokens" in edit.text or "map" in edit.text for fix in error.fixes for edit in fix.edits)
