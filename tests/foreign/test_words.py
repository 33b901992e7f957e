"""Other tools' words: which of them only one word here can mean."""

from __future__ import annotations

import pytest

from specnet.compiler import check_source
from specnet.diagnostics import Code
from specnet.source import Source


@pytest.mark.parametrize(
    ("line", "meant", "is_certain"),
    [
        ("reul", "relu", True),
        ("convv K=8 F=3", "conv", True),
        ("con K=8 F=3", "conv", True),
        ("lrelu", "leaky_relu", True),
        ("batchnrom", "bn", True),
        ("bilinear 2", "upsample bilinear", True),
        ("mha heads=4", "attention", True),
        ("pos_embed", "positions learned", True),
        ("rmsnorm", "rms_norm", True),
        ("cross_attention @input heads=4", "attention", False),
        ("positional_encoding", "positions sine", False),
        # words that say more than the one that they contain or resemble
        ("hardtanh", "tanh", False),
        ("relu3", "relu", False),
        ("conv1d K=8 F=3", "conv", False),
        ("dropout2d 0.2", "dropout", False),
        ("dwconv K=8 F=3", "conv", False),
        ("dilated_conv K=8 F=3", "conv", False),
    ],
)
def test_a_word_is_replaced_without_a_choice_only_where_it_says_no_more(
    line: str, meant: str, is_certain: bool
) -> None:
    (error,) = check_source(Source("a.net", f"input 32x32x8\n{line}\nfc 3")).errors
    assert error.code is Code.E101
    assert [(fix.title, fix.safe) for fix in error.fixes] == [(meant, is_certain)]
