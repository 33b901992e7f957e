"""Translated layers compared with what arrives, once all translations of a file are made."""

from __future__ import annotations

import pytest

from specnet.compiler import Checked, check_source, read_beside
from specnet.fixes import add_fixes, apply_edits, collect_edits, select_safe_fixes
from specnet.source import Source


def check(text: str) -> Checked:
    return add_fixes(check_source(Source("test.net", text)), {}, read_beside)


@pytest.mark.parametrize(
    ("lines", "note"),
    [
        ("nn.Conv2d(1, 16, 3)", "`in_channels=1`, and 3 channels arrive: 32×32×3"),
        ("nn.Conv2d(in_channels=1, out_channels=16, kernel_size=3)", "`in_channels=1`, and 3 channels arrive: 32×32×3"),
        ("nn.Linear(100, 10)", "`in_features=100`, and 3,072 elements arrive: 32×32×3"),
        ("nn.Conv2d(3, 8, 3)\nnn.BatchNorm2d(16)", "`num_features=16`, and 8 channels arrive: 30×30×8"),
        ("BatchNorm2d(64)", "`num_features=64`, and 3 channels arrive: 32×32×3"),
        ("nn.LayerNorm(3)", "`normalized_shape=3`, and this arrives: 32×32×3"),
        ("Conv2D(8, 3, input_shape=(28, 28, 1))", "`input_shape=(28, 28, 1)`, and this arrives: 32×32×3"),
        ("nn.Sequential(nn.ReLU(), nn.Conv2d(4, 8, 1))", "`in_channels=4`, and 3 channels arrive: 32×32×3"),
    ],
)
def test_what_a_layer_says_of_its_input_is_compared_with_what_arrives(lines: str, note: str) -> None:
    checked = check(f"input 32x32x3\n{lines}\nfc 10\n")
    assert note in [note for error in checked.errors for note in error.notes]
    (wrong,) = (error for error in checked.errors if note in error.notes)
    assert wrong.fixes
    assert not any(fix.safe for fix in wrong.fixes)


@pytest.mark.parametrize(
    "lines",
    [
        "nn.Conv2d(3, 16, 3)",
        "nn.Conv2d(3, 16, 3)\nnn.ReLU()\nnn.MaxPool2d(2)\nnn.Flatten()\nnn.Linear(16*15*15, 10)",
        "nn.Conv2d(channels, 16, 3)",
        "conv K=8 F=?\nnn.Conv2d(1, 16, 3)",
    ],
)
def test_nothing_is_said_of_what_agrees_or_is_unknown(lines: str) -> None:
    assert not any(
        "arrive" in note for error in check(f"input 32x32x3\n{lines}\nfc 10\n").errors for note in error.notes
    )


@pytest.mark.parametrize(
    ("lines", "titles"),
    [
        ("nn.MaxPool2d(3, 2)", ["pool max F=3 S=2 floor"]),
        ("nn.MaxPool2d(3, 2, ceil_mode=True)", ["pool max F=3 S=2 ceil"]),
        ("nn.Conv2d(3, 8, 3, 2)\nnn.Conv2d(8, 8, 2, 2)", ["conv K=8 F=3 S=2 floor", "conv K=8 F=2 S=2 floor"]),
        ("nn.Sequential(nn.ReLU(), nn.MaxPool2d(3, 2), nn.ReLU())", ["relu -> pool max F=3 S=2 floor -> relu"]),
        ("nn.MaxPool2d(3, 2, 1)", ["pool max F=3 S=2 P=1"]),
    ],
)
def test_a_translated_window_is_rounded_down_as_in_the_original(lines: str, titles: list[str]) -> None:
    checked = check(f"input 32x32x3\n{lines}\nfc 10\n")
    assert [fix.title for error in checked.errors for fix in error.fixes] == titles
    mended = apply_edits(checked.source, collect_edits(select_safe_fixes(checked)))
    assert check_source(mended).ok


def test_the_input_of_a_layer_becomes_the_first_line() -> None:
    checked = check("model.add(Conv2D(8, 3, input_shape=(28, 28, 1)))\nmodel.add(Flatten())\nfc 10 10\n")
    assert [fix.title for fix in checked.errors[0].fixes] == ["input 28x28x1\nconv K=8 F=3"]
    mended = apply_edits(checked.source, collect_edits(select_safe_fixes(checked)))
    assert mended.text == "input 28x28x1\nconv K=8 F=3\nflatten\nfc 10 10\n"
