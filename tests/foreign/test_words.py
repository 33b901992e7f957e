"""Other tools' words: which of them only one word here can mean."""

from __future__ import annotations

import re

import pytest

from specnet.compiler import check_source
from specnet.diagnostics import Code
from specnet.fixes import apply_edits
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
        ("mha 4", "attention heads=4", True),
        ("msa 4 qkv_bias=no", "attention heads=4 qkv_bias=no", True),
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


@pytest.mark.parametrize("line", ["mlp 768", "ffn", "nn.TransformerEncoderLayer(8, 2)", "Mlp(8)"])
def test_a_word_for_several_layers_is_answered_with_lines_that_hold_here(line: str) -> None:
    (error,) = check_source(Source("a.net", f"input 16x9\n{line}\nfc 3")).errors
    assert error.fixes == ()
    lines = re.findall(r"`(add .*?})`", " ".join([*error.notes, error.help]))
    assert lines
    assert check_source(Source("b.net", "\n".join(["input 16x9", *lines, "fc 3"]))).ok


def test_the_layers_of_a_patch_embedding_hold_here() -> None:
    (error,) = check_source(Source("a.net", "input 224x224x3\nPatchEmbed(224, 16)\nfc 3")).errors
    (line,) = re.findall(r"`(conv .*?)`", " ".join(error.notes))
    assert check_source(Source("b.net", f"input 224x224x3\n{line}")).ok


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("relative_bias", "bias=relative"),
        ("rel_pos_bias=yes", "bias=relative"),
        ("relative_position_bias=no", "without `relative_position_bias=no`"),
        ("is_causal=yes", "without `is_causal=yes`"),
        ("attn_drop=0.1", "without `attn_drop=0.1`"),
    ],
)
def test_an_attribute_of_attention_elsewhere_is_the_one_here_or_goes(written: str, meant: str) -> None:
    source = Source("a.net", f"input 16x9\nattention heads=3 {written}\n")
    (error,) = check_source(source).errors
    assert error.code is Code.E110
    assert [fix.title for fix in error.fixes] == [meant]
    assert check_source(apply_edits(source, error.fixes[0].edits)).ok


@pytest.mark.parametrize("written", ["causal", "mask", "is_causal=yes"])
def test_attention_says_that_it_masks_nothing(written: str) -> None:
    (error,) = check_source(Source("a.net", f"input 16x9\nattention heads=3 {written}\n")).errors
    assert error.message == f"`attention` has no attribute `{written.partition('=')[0]}`"
    assert "masked" in error.help
