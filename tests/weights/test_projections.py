"""The tensors of an attention are found where a file has them otherwise: apart, in another order, turned around."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
import torch
from small_networks import build, conv, match, pairs

from specnet.weights import UnfitWeights


def make_attention(widths: dict[str, int], channels: int = 4) -> dict[str, torch.Tensor]:
    """Return the tensors of an attention whose projections are apart."""
    projections = [conv(f"attn.{name}", width, channels) for name, width in widths.items()]
    return {key: tensor for each in [*projections, conv("attn.proj", 4, 4)] for key, tensor in each.items()}


@pytest.mark.parametrize("names", [("q", "k", "v"), ("query", "key", "value"), ("q_proj", "k_proj", "v_proj")])
def test_three_projections_are_joined_in_order(names: Sequence[str]) -> None:
    module = build("a: attention heads=2", "5x4")
    tensors = make_attention(dict.fromkeys(names, 4))
    found = match(module, tensors)
    assert pairs(found) == {"a.qkv": "attn.qkv", "a.proj": "attn.proj"}
    converted = found.convert(module, (5, 4))
    for role in ("weight", "bias"):
        assert converted[f"a.qkv.{role}"].equal(torch.cat([tensors[f"attn.{name}.{role}"] for name in names]))


def test_those_that_the_network_has_apart_stay_apart() -> None:
    module = build("a: attention heads=2 reduce=2\nconv K=8 F=1\nb: attention heads=2", "4x4x4")
    tensors = conv("attn.q", 4, 4) | conv("attn.kv", 8, 4) | conv("attn.proj", 4, 4) | conv("attn.sr", 4, 4, 2, 2)
    tensors |= {f"attn.norm.{role}": torch.rand(4) for role in ("weight", "bias")} | conv("embed", 8, 4, 1, 1)
    tensors |= conv("next.q", 8, 8) | conv("next.kv", 16, 8) | conv("next.proj", 8, 8)
    found = pairs(match(module, tensors))
    assert (found["a.q"], found["a.kv"], found["b.qkv"]) == ("attn.q", "attn.kv", "next.qkv")


@pytest.mark.parametrize("widths", [{"q": 4, "kv": 4}, {"q": 4, "k": 4}, {"q": 8, "k": 4, "v": 4}])
def test_others_belong_to_another_network(widths: dict[str, int]) -> None:
    with pytest.raises(UnfitWeights):
        match(build("a: attention heads=2", "5x4"), make_attention(widths))


def test_projections_of_other_inputs_are_not_joined() -> None:
    tensors = make_attention({"q": 4, "kv": 8}) | conv("attn.kv", 8, 6)
    with pytest.raises(UnfitWeights):
        match(build("a: attention heads=2", "5x4"), tensors)


def test_projections_of_one_shape_are_told_apart_by_their_names_in_a_sorted_file() -> None:
    module = build("a: attention heads=2 reduce=2", "4x4x4")
    tensors = {f"attn.{key.removeprefix('a.')}": tensor for key, tensor in module.state_dict().items()}
    found = pairs(match(module, tensors, sorted_by_name=True))
    assert found == {f"a.{part}": f"attn.{part}" for part in ("q", "kv", "proj", "sr", "norm")}


def test_labels_tell_layers_of_one_shape_apart() -> None:
    tensors = conv("f", 4, 4, 1, 1) | conv("proj", 4, 4, 1, 1) | conv("h", 4, 4, 1, 1)
    ordered = build("f: conv K=4 F=1\nh: conv K=4 F=1\nproj: conv K=4 F=1 -> relu\nfc 2", "8x8x4")
    renamed = {f"x.{key}": tensor for key, tensor in (tensors | conv("last", 2, 256)).items()}
    found = pairs(match(ordered, renamed, sorted_by_name=True))
    assert found == {"f": "x.f", "h": "x.h", "proj": "x.proj", "fc1": "x.last"}


def test_biases_by_the_distance_from_query_to_key_are_turned_around() -> None:
    """MaxViT has heads×rows×columns by the key's place less the query's."""
    module = build("a: attention heads=2 window=3 bias=relative", "6x6x4")
    table = torch.randn(2, 5, 5)
    tensors = conv("attn.qkv", 12, 4) | {"attn.rel_pos.relative_position_bias_table": table} | conv("attn.proj", 4, 4)
    ours = match(module, tensors).convert(module, (6, 6, 4))["a.bias_table"].unflatten(0, (5, 5))
    for row, column in ((0, 0), (1, 3), (4, 2)):
        assert ours[row, column].equal(table[:, 4 - row, 4 - column])
