"""All variants are checked before the first run: the spec with their settings, and what cannot be trained."""

from __future__ import annotations

from pathlib import Path

import pytest

import specnet
from specnet.elaborate import OverrideError
from specnet.source import Source
from specnet.sweeps.checking import MOST_SHOWN, VariantsError, check_variants
from specnet.training import Options

SPEC = """net Tiny
let width = 4
input 8x8x1
conv K=width F=3 P=1 -> relu -> pool max F=2 -> fc 10
train {
  data digits
  schedule cosine warmup=1
  epochs 2
}
"""


def find_problem(*variants: dict[str, str], spec: str = SPEC, options: Options | None = None) -> str:
    with pytest.raises(VariantsError) as error:
        check_variants(Source("tiny.net", spec), variants, {}, options or Options())
    return str(error.value)


def test_sound_variants() -> None:
    variants = [{"width": "4"}, {"width": "8", "optimizer.lr": "0.1"}]
    checked = check_variants(Source("tiny.net", SPEC), variants, {"epochs": "3"}, Options())
    assert [each.network.training.epochs.count for each in checked if each.network.training] == [3.0, 3.0]


def test_each_error_stands_below_its_variants() -> None:
    said = find_problem({"width": "0"}, {"width": "4"}, {"width": "0", "optimizer.lr": "2"}, {"epochs": "x"})
    first, second = said.index("with width=0 and 1 more:"), said.index("with epochs=x:")
    assert said.startswith("3 of 4 variants cannot be trained\n")
    assert first < said.index("error[E112]: `K` must be at least 1, not 0") < second


def test_few_of_many_errors_are_shown() -> None:
    said = find_problem(*({"width": str(-number)} for number in range(MOST_SHOWN + 3)))
    assert said.endswith("3 more errors of other variants")
    assert said.count("with width=") == MOST_SHOWN


def test_what_cannot_be_trained() -> None:
    assert "takes the whole run" in find_problem({"epochs": "1"}, {"epochs": "2"})
    assert "does not say what to train on" in find_problem({}, spec=SPEC.partition("train")[0])
    assert "the spec cannot be trained" in find_problem({}, spec=SPEC.replace("conv", "cnov"))
    assert "blocks alone" in find_problem({}, spec="block a(K) { conv K F=3 }\n")


def test_starting_weights_that_do_not_fit(tmp_path: Path) -> None:
    run = specnet.train(SPEC, run=tmp_path / "run")
    options = Options(weights=run.folder)
    check_variants(Source("tiny.net", SPEC), [{"optimizer.lr": "0.1"}], {}, options)
    said = find_problem({"width": "4"}, {"width": "8"}, options=options)
    assert said.startswith("1 of 2 variants cannot be trained\nwith width=8:\n")


def test_a_pattern_that_freezes_nothing() -> None:
    assert "conv9" in find_problem({}, options=Options(freeze=("conv9",)))


def test_an_unknown_name() -> None:
    with pytest.raises(OverrideError, match="did you mean `width`"):
        check_variants(Source("tiny.net", SPEC), [{"widht": "4"}], {}, Options())
