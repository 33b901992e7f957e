"""Rows of Ultralytics's model files: what they become, and what is said of what is lost."""

from __future__ import annotations

import pytest

from specnet.compiler import check_source, read_beside
from specnet.fixes import add_fixes, apply_edits
from specnet.foreign.chains import Draft
from specnet.foreign.ultralytics import read_rows, translate_rows
from specnet.source import Source

UNIT = "bias=no -> bn momentum=0.03 eps=1e-3 -> silu"


def translate(text: str) -> Draft:
    rows, options, _ = read_rows(text, 0)
    return translate_rows(rows, options)


@pytest.mark.parametrize(
    ("row", "line"),
    [
        ("[-1, 1, Conv, [64, 3, 2]]", f"conv K=64 F=3 S=2 P=1 {UNIT}"),
        ("- [-1, 1, Conv, [64, 6, 2, 2]]  # 0-P1/2", f"conv K=64 F=6 S=2 P=2 {UNIT}"),
        ("  [[-1, 1, Conv, [64, 1]],", f"conv K=64 F=1 {UNIT}"),
        ("[-1, 1, Conv, [64, 3, 1, None, 2, 1, False]]",
         "conv K=64 F=3 S=1 P=1 D=1 G=2 bias=no -> bn momentum=0.03 eps=1e-3"),
        ("[-1, 3, Conv, [64, 1, 1]]", f"repeat 3 {{ conv K=64 F=1 S=1 {UNIT} }}"),
        ("[-1, 1, nn.Upsample, [None, 2, 'nearest']]", "upsample 2"),
        ("[-1, 1, nn.MaxPool2d, [2, 2, 0]]", "pool max F=2 S=2 P=0"),
        # padding by half the window, dilated, on each axis
        ("[-1, 1, Conv, [64, 3, 1, None, 1, 2]]", f"conv K=64 F=3 S=1 P=2 D=2 G=1 {UNIT}"),
        ("[-1, 1, Conv, [64, [3, 1], 1]]", f"conv K=64 F=3x1 S=1 P=1x0 {UNIT}"),
        ("[-1, 1, Conv, [64, [1, 7], 1, [0, 3]]]", f"conv K=64 F=1x7 S=1 P=0x3 {UNIT}"),
        # up to YOLOv5 6.1 the sixth argument is the activation
        ("[-1, 1, Conv, [64, 3, 2, None, 1, False]]",
         "conv K=64 F=3 S=2 P=1 G=1 bias=no -> bn momentum=0.03 eps=1e-3"),
        ("[-1, 1, Conv, [64, 3, 2, None, 1, True]]", f"conv K=64 F=3 S=2 P=1 G=1 {UNIT}"),
        # the channels that a module of torch reads are not among its arguments
        ("[-1, 1, nn.ConvTranspose2d, [32, 2, 2]]", "deconv K=32 F=2 S=2"),
        ("[-1, 1, nn.ConvTranspose2d, [32, 2, 2, 0]]", "deconv K=32 F=2 S=2 P=0"),
        ("width_multiple: 0.5\n[-1, 1, nn.ConvTranspose2d, [32, 2, 2]]", "deconv K=16 F=2 S=2"),
        ("[-1, 1, nn.Conv2d, [64, 3]]", "conv K=64 F=3"),
        ("[-1, 1, nn.Conv2d, [64, 3, 1, 1]]", "conv K=64 F=3 S=1 P=1"),
        # filters are rounded up, except those of the classes
        ("nc: 30\n[-1, 1, Conv, [30, 3]]",
         "conv K=30 F=3 P=1 bias=no -> bn momentum=0.03 eps=1e-3 -> silu"),
        ("[-1, 1, nn.Conv2d, [30, 1]]", "conv K=30 F=1"),
        ("[-1, 1, nn.BatchNorm2d, []]", "bn momentum=0.03 eps=1e-3"),
        # the activation of all
        ("activation: nn.LeakyReLU(0.1)\n[-1, 1, Conv, [64, 1]]",
         "conv K=64 F=1 bias=no -> bn momentum=0.03 eps=1e-3 -> leaky_relu slope=0.1"),
    ],
)  # fmt: skip
def test_a_row_becomes_a_line(row: str, line: str) -> None:
    draft = translate(row)
    assert [step.text for step in draft.steps] == [line]
    assert draft.is_exact, draft.differences


MODEL = """nc: 80
depth_multiple: 0.33  # of repetitions
width_multiple: 0.50  # of filters
anchors:
  - [10,13, 16,30]

backbone:
  # [from, number, module, args]
  - [-1, 1, Conv, [64, 6, 2, 2]]  # 0
  - [-1, 3, Conv, [128, 3, 1]]
  - [-1, 1, Conv, [100, 3, 2]]

head:
  - [-1, 1, nn.Upsample, [None, 2, 'nearest']]
  - [[-1, 1], 1, Concat, [1]]
  - [[4], 1, Detect, [nc, anchors]]
"""


def test_a_model_is_translated_as_a_whole_with_its_scales() -> None:
    checked = add_fixes(check_source(Source("test.net", f"input 64x64x3\n{MODEL}")), {}, read_beside)
    (error,) = checked.errors
    assert error.notes == (
        "Conv: 100 filters times 0.5 are 56, as Ultralytics rounds up to multiples of 8",
        "Detect is left out: a spec ends with the values that it reads",
    )
    lines = apply_edits(checked.source, error.fixes[0].edits).text.split("\n")
    assert [line for line in lines if line] == [
        "input 64x64x3",
        f"conv K=32 F=6 S=2 P=2 {UNIT}",
        f"layer1: conv K=64 F=3 S=1 P=1 {UNIT}",
        f"conv K=56 F=3 S=2 P=1 {UNIT}",
        "upsample 2",
        "concat @layer1",
    ]


@pytest.mark.parametrize(
    ("rows", "difference"),
    [
        ("[-1, 1, Conv, [30, 3]]", "Conv: 30 filters are 32, as Ultralytics rounds up to multiples of 8"),
        ("nc: 20\n[-1, 1, Conv, [30, 3]]", "Conv: 30 filters are 32"),
        ("width_multiple: 0.25\n[-1, 1, nn.ConvTranspose2d, [16, 2, 2]]", "16 filters times 0.25 are 8"),
        ("[-1, 3, C3, [128]]", "`C3` has no counterpart here"),
        ("[-1, 1, Conv, [8, 1]]\n[[-1, 7], 1, Concat, [1]]", "row 7 is not among those here"),
        ("[-1, 1, Conv, [8, 1]]\n[[-1, 0], 1, Conv, [8, 1]]", "is not among those here"),
        ("[-1, 1, Conv, [64, 3, 1, None, 1, 1, nn.ReLU()]]", "`act=nn.ReLU()` has no counterpart"),
        ("activation: nn.Softplus()\n[-1, 1, Conv, [8, 1]]", "`activation: nn.Softplus()` has no counterpart"),
        ("scales:\n  n: [0.33, 0.25, 1024]\n[-1, 1, Conv, [8, 1]]", "`scales`"),
    ],
)
def test_what_is_lost_of_a_row_is_named(rows: str, difference: str) -> None:
    draft = translate(rows)
    assert not draft.is_exact
    assert difference in " ".join(draft.differences)
