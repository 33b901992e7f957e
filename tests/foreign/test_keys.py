"""Lines of a spec with words or keys of other tools."""

from __future__ import annotations

import pytest

from specnet.compiler import Checked, check_source, read_beside
from specnet.fixes import add_fixes, apply_edits
from specnet.source import Source


def check(line: str) -> Checked:
    return add_fixes(check_source(Source("test.net", f"input 32x32x3\n{line}\nfc 10\n")), {}, read_beside)


@pytest.mark.parametrize(
    ("written", "meant", "is_safe"),
    [
        # words of other tools, with values as on a line
        ("Conv2d out_channels=32 kernel_size=3 stride=1 padding=1", "conv K=32 F=3 S=1 P=1", True),
        ("Conv2d 3 32 3 padding=1", "conv K=32 F=3 P=1", True),
        ("Conv2d 3 32 3x5", "conv K=32 F=3x5", True),
        ("Conv2d 1 32 3", "conv K=32 F=3", False),
        ("Conv2d 8 F=3", "conv K=8 F=3", True),
        ("MaxPool2d kernel_size=2 ceil_mode=yes", "pool max F=2 ceil", True),
        ("Linear out_features=10", "fc 10", True),
        ("LeakyReLU negative_slope=0.1", "leaky_relu slope=0.1", True),
        ("LeakyReLU", "leaky_relu", False),
        ("Conv2D filters=32 kernel_size=3 padding=same activation=relu", "conv K=32 F=3 P=same -> relu", True),
        ("BatchNormalization momentum=0.99", "bn momentum=0.01 eps=1e-3", True),
        ("BatchNormalization", "bn momentum=0.01 eps=1e-3", True),
        ("Dropout2d p=0.2", "dropout 0.2", False),
        # keys of other tools
        ("pool max F=2 ceil_mode=True", "ceil", True),
        ("pool max F=2 ceil_mode=False", "without `ceil_mode=False`", True),
        ("pool max F=2 return_indices=True", "without `return_indices=True`", False),
        ("conv K=8 F=3 padding_mode=zeros", "without `padding_mode=zeros`", True),
        ("conv K=8 F=3 padding_mode=reflect", "without `padding_mode=reflect`", False),
        ("conv K=8 F=3 in_channels=3", "without `in_channels=3`", False),
        ("conv K=8 F=3 device=cuda", "without `device=cuda`", True),
        ("bn axis=3", "without `axis=3`", True),
        ("relu -> concat @input dim=1", "without `dim=1`", True),
        ("relu -> concat @input dim=2", "axis=H", True),
        ("relu -> concat @input dim=0", "without `dim=0`", False),
        ("relu inplace=True", "without `inplace=True`", True),
    ],
)
def test_a_word_or_key_of_another_tool_is_translated(written: str, meant: str, is_safe: bool) -> None:
    checked = check(written)
    (error,) = checked.errors
    assert [(fix.title, fix.safe) for fix in error.fixes] == [(meant, is_safe)]
    assert not check_source(apply_edits(checked.source, error.fixes[0].edits)).errors


def test_a_pair_of_betas_is_two_keys() -> None:
    text = "input 8x8x1\nfc 10\ntrain {\n  data digits\n  optimizer adam betas=[0.9,0.95]\n}\n"
    (error,) = add_fixes(check_source(Source("test.net", text)), {}, read_beside).errors
    assert [(fix.title, fix.safe) for fix in error.fixes] == [("beta1=0.9 beta2=0.95", True)]


@pytest.mark.parametrize(
    "line",
    [
        "import torch.nn as nn",
        "from keras.layers import Dense, Conv2D",
        "model = Sequential()",
        "model = keras.models.Sequential()",
        "super().__init__()",
        "model.summary()",
        "return x",
    ],
)
def test_a_line_of_a_program_without_a_layer_is_left_out(line: str) -> None:
    checked = check(line)
    (error,) = checked.errors
    assert [(fix.title, fix.safe) for fix in error.fixes] == [("without this line", True)]
    assert check_source(apply_edits(checked.source, error.fixes[0].edits)).ok


@pytest.mark.parametrize("line", ["nn.Conv2d(3, 8, 3), nn.ReLU(),", "layers = [nn.Conv2d(3, 8, 3), nn.ReLU()]"])
def test_a_list_of_layers_is_a_chain(line: str) -> None:
    (error,) = check(line).errors
    assert [(fix.title, fix.safe) for fix in error.fixes] == [("conv K=8 F=3 -> relu", True)]
