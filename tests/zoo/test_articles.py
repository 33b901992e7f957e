"""The networks of the five articles are sound, and `check` finds what their texts got wrong."""

from __future__ import annotations

import pytest
import torch
from paths import SPECS

import specnet
from specnet.backends.torch_module import build_module
from specnet.compiler import Checked
from specnet.fixes import apply_edits
from specnet.jobs import make_job

ARTICLES = SPECS / "articles"
NAMES = sorted(file.stem for file in ARTICLES.glob("*.net"))
SOUND = [name for name in NAMES if not name.endswith("-as-written")]


def read(name: str) -> Checked:
    return specnet.check(ARTICLES / f"{name}.net")


def correct(checked: Checked, title: str) -> Checked:
    """Return the spec with the fix of its first error whose title begins so."""
    (fix,) = (fix for fix in checked.errors[0].fixes if fix.title.startswith(title))
    return specnet.check(apply_edits(checked.source, fix.edits).text)


@pytest.mark.parametrize("name", SOUND)
def test_a_network_is_sound_and_runs(name: str) -> None:
    checked = read(name)
    assert checked.ok and checked.network.description
    if name != "fully-connected":  # 787 MB of weights
        make_job(checked)
        height, width, channels = checked.network.inputs[0].shape
        module = build_module(checked.network).eval()
        assert module(torch.zeros(1, channels, height, width)).shape[0] == 1


WRONG = [
    ("lecture-exercise-as-written", "E301", "(26 − 5 + 0)/2 + 1 = 11.5"),
    ("keras-basic-as-written", "E401", "`conv4_relu` gives 10×10×64, not 6×6×64 as claimed"),
    ("mnist-as-written", "E301", "(28 − 3 + 0)/2 + 1 = 13.5"),
    ("mnist-cost-as-written", "E402", "the network has 549,279,744 macs; expected 643,687,200"),
    ("fully-connected-as-written", "E402", "787,222,432 bytes of memory; expected 1,572,000,000,000"),
]


@pytest.mark.parametrize(("name", "code", "text"), WRONG)
def test_what_an_article_got_wrong_is_said(name: str, code: str, text: str) -> None:
    (error,) = read(name).errors
    assert error.code.name == code and text in error.message


def test_every_network_as_written_is_listed() -> None:
    assert {name for name, *_ in WRONG} == set(NAMES) - set(SOUND)


def test_the_sizes_in_the_keras_program_are_corrected_one_by_one() -> None:
    checked = read("keras-basic-as-written")
    for title, text in [
        ("=> 6x6x64", "gives 5×5×64, not 3×3×64"),
        ("=> 3x3x64", "gives 1600, not 576"),
    ]:
        checked = correct(checked, title)
        assert text in checked.errors[0].message
    assert correct(checked, "=> 576").ok


def test_the_pooling_of_the_mnist_article_rounds_down() -> None:
    assert correct(read("mnist-as-written"), "floor").ok
