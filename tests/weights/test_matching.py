"""What is matched by names, by order and by structure, and what is refused."""

from __future__ import annotations

import pytest
import torch
from small_networks import bn, build, conv, match, pairs
from torch import Tensor

from specnet.weights import AmbiguousWeights, UnfitWeights, UnreadableWeights

CHAIN = "a: conv K=4 F=3 P=1 bias=no -> bn -> relu\nb: conv K=4 F=3 P=1 -> relu\nc: fc 5"

CHAIN_TENSORS = conv("x.0", 4, 3, 3, 3, bias=False) | bn("x.1", 4) | conv("x.3", 4, 4, 3, 3) | conv("head", 5, 256)

PROJECTED = """a: conv K=4 F=3 P=1
b: add {
  | conv K=4 F=1 -> conv K=8 F=1
  | conv K=8 F=1
}
c: fc 2"""
"""The arms end in convs of the same shape."""


def test_names_that_agree_are_taken_whatever_the_order() -> None:
    module = build(CHAIN)
    state = dict(reversed(module.state_dict().items()))
    found = match(module, state)
    assert found.by_name
    assert pairs(found) == {name: name for name in ("a", "a_bn", "b", "c")}
    assert found.convert(module, (8, 8, 3)).keys() == state.keys()


@pytest.mark.parametrize("sorted_by_name", [False, True])
def test_other_names_are_matched_by_order(sorted_by_name: bool) -> None:
    module = build(CHAIN)
    tensors = dict(sorted(CHAIN_TENSORS.items())) if sorted_by_name else CHAIN_TENSORS
    found = match(module, tensors, sorted_by_name)
    assert pairs(found) == {"a": "x.0", "a_bn": "x.1", "b": "x.3", "c": "head"}
    converted = found.convert(module, (8, 8, 3))
    assert converted["a_bn.running_var"].equal(CHAIN_TENSORS["x.1.running_var"])
    assert converted["a_bn.num_batches_tracked"] == 7
    assert found.count_tensors() == (0, 9, 0)


def test_numbers_in_names_are_numbers() -> None:
    module = build("\n".join(["conv K=3 F=1"] * 12))
    tensors: dict[str, Tensor] = {}
    for number in sorted(range(12), key=str):
        tensors |= conv(f"layers.{number}", 3, 3, 1, 1)
    assert list(pairs(match(module, tensors, sorted_by_name=True)).values()) == [f"layers.{n}" for n in range(12)]


ALIKE = [f"conv{number}" for number in range(1, 12)]


def make_alike(order: list[str], bias: bool = True) -> dict[str, Tensor]:
    """Return convs of one shape, listed as their names are, and an fc."""
    shapes = dict.fromkeys(ALIKE, (3, 3, 1, 1)) | {"fc": (5, 192)}
    return {key: tensor for name in order for key, tensor in conv(name, *shapes[name], bias=bias).items()}


@pytest.mark.parametrize(
    "tensors",
    [
        dict(sorted(make_alike([*ALIKE, "fc"]).items())),
        make_alike([*sorted(ALIKE), "fc"]),
        make_alike([*sorted(ALIKE), "fc"], bias=False),
        dict(sorted(make_alike([*ALIKE, "fc"]).items(), key=lambda item: ("fc" in item[0], item[0]))),
        dict(sorted(make_alike(ALIKE).items())),
    ],
    ids=["all", "layers", "without biases", "all but the head", "without a head"],
)
def test_a_sorted_file_of_torch_says_nothing_by_its_order(tensors: dict[str, Tensor]) -> None:
    """Sorted as text, `conv10` comes before `conv2`."""
    bias = "" if "conv1.bias" in tensors else " bias=no"
    module = build("\n".join(f"c{number}: conv K=3 F=1{bias}" for number in range(1, 12)) + f"\nhead: fc 5{bias}")
    assert list(pairs(match(module, tensors)).values())[:11] == ALIKE


@pytest.mark.parametrize(
    ("tensors", "message"),
    [
        (dict(sorted((conv("one", 3, 3, 1, 1) | conv("two", 3, 3, 1, 1)).items())), "nothing says which"),
        (conv("up2", 3, 3, 1, 1) | conv("up1", 3, 3, 1, 1), "its layers says one, and the numbers in their names"),
        (conv("up2", 3, 3, 1, 1) | conv("up1", 3, 3, 1, 1) | conv("last", 3, 3, 1, 1), "nothing says which"),
    ],
    ids=["sorted without numbers", "descending", "descending, and one without a number"],
)
def test_an_order_that_names_contradict_is_not_trusted(tensors: dict[str, Tensor], message: str) -> None:
    layers = "\n".join(["conv K=3 F=1"] * (len(tensors) // 2))
    with pytest.raises(AmbiguousWeights, match=message):
        match(build(layers), tensors)


def test_an_order_that_names_contradict_counts_where_the_names_fit_nowhere() -> None:
    """Layers of a decoder are numbered from its end."""
    module = build("conv K=4 F=1\nconv K=5 F=1")
    assert list(pairs(match(module, conv("up2", 4, 3, 1, 1) | conv("up1", 5, 4, 1, 1))).values()) == ["up2", "up1"]


def test_names_decide_where_the_order_fits_nowhere() -> None:
    module = build("conv K=4 F=1\nconv K=5 F=1")
    assert list(pairs(match(module, conv("up2", 5, 4, 1, 1) | conv("up1", 4, 3, 1, 1))).values()) == ["up1", "up2"]


@pytest.mark.parametrize("order", [("long.0", "long.1", "short"), ("short", "long.0", "long.1")])
def test_arms_may_be_stored_in_any_order(order: tuple[str, ...]) -> None:
    """The shapes of whole arms tell them apart, though their last layers have the same."""
    shapes = {"long.0": (4, 4, 1, 1), "long.1": (8, 4, 1, 1), "short": (8, 4, 1, 1)}
    tensors = conv("stem", 4, 3, 3, 3)
    for name in order:
        tensors |= conv(name, *shapes[name])
    found = pairs(match(build(PROJECTED), tensors | conv("fc", 2, 512)))
    assert [found[name] for name in sorted(found)] == ["stem", "fc", "long.0", "long.1", "short"]


def test_arms_that_cannot_be_told_apart_are_refused_with_both_ways() -> None:
    module = build("concat {\n  | conv K=4 F=1\n  | conv K=4 F=1\n}\nfc 2")
    tensors = conv("one", 4, 3, 1, 1) | conv("two", 4, 3, 1, 1) | conv("fc", 2, 512)
    with pytest.raises(UnfitWeights, match="in several ways, and nothing says which") as refusal:
        match(module, tensors)
    assert any("one" in line and "or two" in line for line in refusal.value.args)


POOLED = "concat {\n  | conv K=4 F=1\n  | pool avg F=3 S=1 P=1 -> conv K=4 F=1\n}\nfc 2"


@pytest.mark.parametrize("sorted_by_name", [False, True])
@pytest.mark.parametrize("order", [("a.plain", "a.pool"), ("a.pool_proj", "a.projection"), ("BranchPool.x", "C.x")])
def test_a_name_says_which_arm_pools(order: tuple[str, str], sorted_by_name: bool) -> None:
    """As `branch_pool` of Inception does, whose arms have layers of the same shape."""
    tensors = conv(order[0], 4, 3, 1, 1) | conv(order[1], 4, 3, 1, 1) | conv("z", 2, 512)
    found = pairs(match(build(POOLED), tensors, sorted_by_name))
    assert ["pool" in found[name].lower() for name in ("conv1", "conv2")] == [False, True]


def test_a_name_says_nothing_where_both_arms_pool_or_none_is_named() -> None:
    both = POOLED.replace("| conv", "| pool max F=3 S=1 P=1 -> conv", 1)
    for layers, names in ((both, ("plain", "pool")), (POOLED, ("one", "two")), (POOLED, ("pool_a", "pool_b"))):
        tensors = conv(names[0], 4, 3, 1, 1) | conv(names[1], 4, 3, 1, 1) | conv("z", 2, 512)
        with pytest.raises(AmbiguousWeights, match="several ways"):
            match(build(layers), tensors)


STREAMS = """wide: conv K=4 F=1 -> @a
narrow: conv K=6 F=1 S=2 -> @b
repeat 2 carry @a @b {
  @a -> conv K=4 F=1 -> @x
  @b -> conv K=6 F=1 -> @y
  add { | @x | @y -> conv K=4 F=1 -> upsample like=@x } -> @a
  add { | @y | @x -> conv K=6 F=1 S=2 } -> @b
}
@a -> conv K=6 F=1 S=2 -> add @b -> fc 2"""


@pytest.mark.parametrize("sorted_by_name", [False, True])
def test_streams_that_exchange_values_are_matched_in_the_order_of_the_spec(sorted_by_name: bool) -> None:
    """No arm of the last join is stored as a whole."""
    module = build(STREAMS)
    shapes = {name: tuple(part.weight.shape) for name, part in module.named_modules() if hasattr(part, "weight")}
    theirs = {name: f"part{number}" for number, name in enumerate(shapes)}
    tensors = {key: value for name in shapes for key, value in conv(theirs[name], *shapes[name]).items()}
    assert pairs(match(module, tensors, sorted_by_name)) == theirs


MANY_ARMS = """repeat 12 { add {
  | conv K=3 F=3 P=1 bias=no -> bn
  | conv K=3 F=1 bias=no -> bn
  | bn
} }
fc 2"""


def test_names_tell_the_bn_of_one_arm_from_those_of_others_however_many_there_are() -> None:
    tensors: dict[str, Tensor] = {}
    for number in range(12):
        parts = (bn(f"{number}.skip", 3), conv(f"{number}.three.conv", 3, 3, 3, 3, bias=False))
        tensors |= parts[0] | parts[1] | bn(f"{number}.three.bn", 3)
        tensors |= conv(f"{number}.one.conv", 3, 3, 1, 1, bias=False) | bn(f"{number}.one.bn", 3)
    found = pairs(match(build(MANY_ARMS), tensors | conv("head", 2, 192)))
    last = [found[f"repeat1.11.{name}"] for name in ("conv1", "bn1", "conv2", "bn2", "bn3")]
    assert last == ["11.three.conv", "11.three.bn", "11.one.conv", "11.one.bn", "11.skip"]


ALIKE_ARMS = "add { | repeat 3 { | conv K=3 F=1 bias=no -> bn } | bn }\nfc 2"


@pytest.mark.parametrize("sorted_by_name", [False, True])
def test_arms_that_compute_the_same_are_matched_in_their_order(sorted_by_name: bool) -> None:
    """Their sum is the same whatever their order is; the bn beside them is no part of an arm by its name."""
    tensors = bn("x.skip", 3)
    for number in range(3):
        tensors |= conv(f"x.arm.{number}.conv", 3, 3, 1, 1, bias=False) | bn(f"x.arm.{number}.bn", 3)
    found = pairs(match(build(ALIKE_ARMS), tensors | conv("y", 2, 192), sorted_by_name))
    assert found == {
        **{f"repeat1.{number}.conv1": f"x.arm.{number}.conv" for number in range(3)},
        **{f"repeat1.{number}.bn1": f"x.arm.{number}.bn" for number in range(3)},
        "bn1": "x.skip",
        "fc1": "y",
    }


@pytest.mark.parametrize(
    "arms", ["concat { | conv K=3 F=1 | conv K=3 F=1 }", "add { | conv K=3 F=3 P=1 | conv K=3 F=3 P=2 D=2 }"]
)
def test_arms_that_compute_something_else_are_not_swapped(arms: str) -> None:
    shape = (3, 3, 1, 1) if "F=1" in arms else (3, 3, 3, 3)
    tensors = conv("left", *shape) | conv("right", *shape) | conv("y", 2, 384 if "concat" in arms else 192)
    with pytest.raises(AmbiguousWeights, match="several ways"):
        match(build(f"{arms}\nfc 2"), tensors)


PYRAMID = (
    "concat { | conv K=3 F=1 | for D in 2 3 4 5 { | conv K=3 F=3 P=D D=D } | pool avg to=8 -> conv K=3 F=1 }\nfc 2"
)
"""Arms of two shapes that compute something else."""


@pytest.mark.parametrize("sorted_by_name", [False, True])
@pytest.mark.parametrize("form", ["arms.{}.{}", "arms.arm{}.conv"])
def test_arms_that_fit_several_modules_of_a_series_are_in_its_order(form: str, sorted_by_name: bool) -> None:
    tensors: dict[str, Tensor] = {}
    for number, size in enumerate([1, 3, 3, 3, 3, 1]):
        tensors |= conv(form.format(number, size), 3, 3, size, size)
    found = pairs(match(build(PYRAMID), tensors | conv("last", 2, 1152), sorted_by_name))
    arms = [found[name] for name in ("conv1", *(f"for1.{number}.conv1" for number in range(4)), "conv2")]
    assert [name.split(".")[1][-1] for name in arms] == [*"012345"]


def test_arms_of_a_sum_are_in_the_order_of_items_that_are_named_after_their_list() -> None:
    module = build("add { | conv K=3 F=3 P=1 | conv K=3 F=3 P=2 D=2 }\nfc 2")
    tensors = conv("arms.arms1.conv", 3, 3, 3, 3) | conv("arms.arms2.conv", 3, 3, 3, 3) | conv("y", 2, 192)
    assert pairs(match(module, tensors)) == {"conv1": "arms.arms1.conv", "conv2": "arms.arms2.conv", "fc1": "y"}


TURNS = """conv K=4 F=3 P=1 -> @a
@input -> conv K=5 F=1 -> @b
add { | @a -> conv K=6 F=1 | @b -> conv K=6 F=3 P=1 }
fc 2"""


def test_arms_whose_layers_take_turns_are_in_the_order_of_the_spec() -> None:
    shapes = [(4, 3, 3, 3), (5, 3, 1, 1), (6, 4, 1, 1), (6, 5, 3, 3)]
    for order, fits in {(0, 1, 2, 3): True, (1, 0, 2, 3): False}.items():
        tensors = conv("last", 2, 384)
        for number, place in reversed([*enumerate(order)]):
            tensors = conv(f"x.{number}", *shapes[place]) | tensors
        if fits:
            assert list(pairs(match(build(TURNS), tensors)).values()) == ["x.0", "x.1", "x.2", "x.3", "last"]
        else:
            with pytest.raises(UnfitWeights, match="another network"):
                match(build(TURNS), tensors)


def test_arms_that_fit_several_layers_of_other_names_are_refused() -> None:
    tensors: dict[str, Tensor] = {}
    for name, size in {"point": 1, "near": 3, "middle": 3, "far": 3, "further": 3, "pool": 1}.items():
        tensors |= conv(name, 3, 3, size, size)
    with pytest.raises(AmbiguousWeights, match="several ways"):
        match(build(PYRAMID), tensors | conv("last", 2, 1152))


ARM_NAMES = ("x.branch2.conv", "x.branch9.1.conv", "x.branch10.0.conv")


@pytest.mark.parametrize("sorted_by_name", [False, True])
def test_numbers_count_the_arms_that_are_joined_in_an_order(sorted_by_name: bool) -> None:
    module = build("concat { | conv K=4 F=1 | conv K=4 F=1 | pool max F=3 S=1 P=1 -> conv K=4 F=1 }\nfc 2")
    tensors = {key: value for name in ARM_NAMES for key, value in conv(name, 4, 3, 1, 1).items()}
    found = pairs(match(module, tensors | conv("y", 2, 768), sorted_by_name))
    assert found == dict(zip(("conv1", "conv2", "conv3", "fc1"), (*ARM_NAMES, "y"), strict=True))


@pytest.mark.parametrize("sorted_by_name", [False, True])
def test_numbers_say_nothing_of_arms_that_are_joined_in_any_order(sorted_by_name: bool) -> None:
    """An activation may be in either of two factors, whatever their names are."""
    tensors = conv("x.f1", 3, 3, 1, 1) | conv("x.f2", 3, 3, 1, 1) | conv("y", 2, 192)
    with pytest.raises(AmbiguousWeights, match="several ways"):
        match(build("mul { | conv K=3 F=1 -> relu | conv K=3 F=1 }\nfc 2"), tensors, sorted_by_name)


def test_a_sorted_file_of_layers_that_could_be_swapped_is_refused() -> None:
    module = build("conv K=3 F=1\nconv K=3 F=1")
    with pytest.raises(UnfitWeights, match="in several ways"):
        match(module, conv("one", 3, 3, 1, 1) | conv("two", 3, 3, 1, 1), sorted_by_name=True)


def test_blocks_of_a_sorted_file_are_whole() -> None:
    """`last` is nearer to `stage1`, but then `down.norm` would be behind `stage2`, and `down.conv` before."""
    module = build("conv K=4 F=1 bias=no\nbn\nconv K=4 F=1 bias=no\nconv K=4 F=3 P=1 bias=no\nbn")
    tensors = (
        conv("body.stage1.conv", 4, 3, 1, 1, bias=False)
        | bn("body.down.norm", 4)
        | conv("body.down.proj", 4, 4, 1, 1, bias=False)
        | conv("body.stage2.conv", 4, 4, 3, 3, bias=False)
        | bn("body.last", 4)
    )
    found = match(module, dict(sorted(tensors.items())), sorted_by_name=True)
    assert list(pairs(found).values()) == [
        "body.stage1.conv",
        "body.down.norm",
        "body.down.proj",
        "body.stage2.conv",
        "body.last",
    ]


def test_a_last_layer_of_another_size_is_left_and_said() -> None:
    module = build(CHAIN)
    found = match(module, CHAIN_TENSORS | conv("head", 1000, 256))
    assert found.describe_anew() == "c (1000×256 there, 5×256 here)"
    assert "c.weight" not in found.convert(module, (8, 8, 3))
    assert found.count_tensors() == (0, 7, 2)


@pytest.mark.parametrize(
    "last",
    [conv("c", 5, 255), {"c.weight": torch.randn(256, 5), "c.bias": torch.randn(5)}, {"c.weight": torch.randn(5)}],
    ids=["other inputs", "transposed", "a vector"],
)
def test_names_that_agree_allow_other_outputs_of_the_last_layer_alone(last: dict[str, Tensor]) -> None:
    module = build(CHAIN)
    state = {name: tensor for name, tensor in module.state_dict().items() if not name.startswith("c.")}
    assert match(module, state | conv("c", 1000, 256)).describe_anew() == "c (1000×256 there, 5×256 here)"
    with pytest.raises(UnfitWeights, match="it has 3 of the 4"):
        match(module, state | last)


def test_more_layers_are_left_out_and_said_where_names_agree() -> None:
    module = build(CHAIN)
    found = match(module, module.state_dict() | conv("conv9", 4, 4, 3, 3))
    assert found.by_name
    assert [layer.name for layer in found.unused] == ["conv9"]


@pytest.mark.parametrize("sorted_by_name", [False, True])
def test_a_last_layer_that_is_there_is_taken(sorted_by_name: bool) -> None:
    """Without it, the arms would fit in another order, and in a sorted file they do so with it, which is the same."""
    module = build("conv K=4 F=1\nhead side { fc 5 }\nfc 2")
    tensors = conv("a", 4, 3, 1, 1) | conv("b", 2, 256) | conv("c", 5, 256)
    found = match(module, tensors, sorted_by_name)
    assert pairs(found) == {"conv1": "a", "fc1": "b", "side.fc1": "c"}
    assert found.anew is None


def test_a_file_without_the_last_layer() -> None:
    without = {name: tensor for name, tensor in CHAIN_TENSORS.items() if not name.startswith("head")}
    assert match(build(CHAIN), without).describe_anew() == "c (not there, 5×256 here)"


@pytest.mark.parametrize(
    "tensors",
    [
        {name: tensor for name, tensor in CHAIN_TENSORS.items() if not name.startswith("x.3")},
        CHAIN_TENSORS | conv("more", 5, 5),
        CHAIN_TENSORS | conv("head", 5, 255),
        CHAIN_TENSORS | conv("x.3", 4, 4, 5, 5),
        CHAIN_TENSORS | {"x.3.weight": torch.randn(4, 4, 3, 3), "x.0.bias": torch.randn(4)},
        {"x.0.weight": CHAIN_TENSORS["x.0.weight"]},
    ],
    ids=["one less", "one more", "other input", "other filter", "another bias", "one alone"],
)
def test_fewer_matches_are_refused_with_the_first_disagreement(tensors: dict[str, Tensor]) -> None:
    with pytest.raises(
        UnfitWeights, match=r"w\.pth belongs to another network: by order and shape, it has \d of the 4"
    ):
        match(build(CHAIN), tensors)


def test_the_table_of_a_refusal() -> None:
    with pytest.raises(UnfitWeights) as refusal:
        match(build(CHAIN), CHAIN_TENSORS | conv("x.3", 4, 4, 5, 5))
    assert refusal.value.args[1:] == (
        "here                  w.pth",
        "a     4×3×3×3         x.0    4×3×3×3",
        "a_bn  4 statistics    x.1    4 statistics",
        "b     4×4×3×3 + bias  x.3    4×4×5×5 + bias",
        "                      head   5×256 + bias",
    )


def test_auxiliary_classifiers_are_left_out_and_said() -> None:
    tensors = conv("a", 4, 3, 3, 3, bias=False) | bn("b", 4) | conv("c", 4, 4, 3, 3)
    found = match(build(CHAIN), tensors | conv("aux1.fc", 9, 9) | conv("fc", 5, 256))
    assert [layer.name for layer in found.unused] == ["aux1.fc"]
    assert pairs(found)["c"] == "fc"


def test_an_fc_may_be_a_conv_of_its_map() -> None:
    module = build("a: conv K=4 F=1\nb: fc 6\nc: fc 2", "3x3x2")
    weight = torch.randn(6, 4, 3, 3)
    tensors = conv("x", 4, 2, 1, 1) | {"y.weight": weight, "y.bias": torch.zeros(6)} | conv("z", 2, 6, 1, 1)
    assert match(module, tensors).convert(module, (3, 3, 2))["b.weight"].equal(weight.reshape(6, 36))


def test_a_factor_that_belongs_to_a_block_comes_behind_its_layers() -> None:
    module = build("a: conv K=3 F=1\nb: scale\nc: conv K=3 F=1")
    tensors = {"block.gamma": torch.randn(3, 1, 1)} | conv("block.conv", 3, 3, 1, 1) | conv("next", 3, 3, 1, 1)
    assert list(pairs(match(module, tensors)).values()) == ["block.conv", "block.gamma", "next"]


def test_factors_keep_their_order() -> None:
    """Two of one block come one after the other, and one that is alone in its block stays where it is."""
    module = build("conv K=3 F=1\nscale\nscale\nconv K=3 F=1\nscale\nconv K=3 F=1")
    factors = {f"a.gamma_{number}": torch.randn(3, 1, 1) for number in (1, 2)}
    tensors = factors | conv("a.conv", 3, 3, 1, 1) | conv("b.conv", 3, 3, 1, 1)
    tensors |= {"b.ls.gamma": torch.randn(3, 1, 1)} | conv("c", 3, 3, 1, 1)
    expected = ["a.conv", "a.gamma_1", "a.gamma_2", "b.conv", "b.ls.gamma", "c"]
    assert list(pairs(match(module, tensors)).values()) == expected


TRANSFORMER = """default ln eps=1e-6
conv K=4 F=4 S=4 -> tokens -> class_token -> positions learned
encoder: repeat 3 {
  add { | ln -> attention heads=2 | identity }
  add { | ln -> fc 8 -> gelu -> fc 4 | identity }
}
head: ln -> token 0 -> fc 5"""


def norm(name: str, channels: int) -> dict[str, Tensor]:
    return {f"{name}.weight": torch.randn(channels), f"{name}.bias": torch.randn(channels)}


def make_transformer(own: bool) -> dict[str, Tensor]:
    """Return the tensors of timm's names, or of torch's own MultiheadAttention, in the order of such a module."""
    tensors = {"cls_token": torch.randn(1, 1, 4), "pos_embed": torch.randn(1, 5, 4)} | conv("patch_embed", 4, 3, 4, 4)
    for block in (f"blocks.{number}" for number in range(3)):
        tensors |= norm(f"{block}.norm1", 4)
        if own:
            joint = {"weight": torch.randn(12, 4), "bias": torch.randn(12)}
            tensors |= {f"{block}.attn.in_proj_{role}": value for role, value in joint.items()}
        else:
            tensors |= conv(f"{block}.attn.qkv", 12, 4)
        tensors |= conv(f"{block}.attn.proj", 4, 4) | norm(f"{block}.norm2", 4)
        tensors |= conv(f"{block}.mlp.fc1", 8, 4) | conv(f"{block}.mlp.fc2", 4, 8)
    return tensors | norm("norm", 4) | conv("head", 5, 4)


@pytest.mark.parametrize("own", [False, True])
@pytest.mark.parametrize("sorted_by_name", [False, True])
def test_transformers_are_matched(own: bool, sorted_by_name: bool) -> None:
    """The norm behind the blocks is as near to the first layer as the one within the first block."""
    tensors = make_transformer(own)
    module = build(TRANSFORMER)
    found = match(module, dict(sorted(tensors.items())) if sorted_by_name else tensors, sorted_by_name)
    names = pairs(found)
    assert names["encoder.0.ln1"] == "blocks.0.norm1"
    assert names["encoder.2.ln2"] == "blocks.2.norm2"
    assert names["head"] == "norm"
    assert [names[name] for name in ("class_token1", "positions1")] == ["cls_token", "pos_embed"]
    projection = found.convert(module, (8, 8, 3))["encoder.1.attention1.qkv.weight"]
    assert projection.equal(tensors[f"blocks.1.attn.{'in_proj_' if own else 'qkv.'}weight"])


def test_a_table_of_relative_positions_has_any_name_and_its_indices_are_left_out() -> None:
    module = build("conv K=4 F=1 -> attention heads=2 window=4 bias=relative -> conv K=4 F=1")
    table = {"attn.relative_position_bias_table": torch.randn(49, 2)}
    indices = {"attn.relative_position_index": torch.zeros(16, 16, dtype=torch.int64)}
    attention = table | indices | conv("attn.qkv", 12, 4) | conv("attn.proj", 4, 4)
    found = match(module, conv("a", 4, 3, 1, 1) | attention | conv("b", 4, 4, 1, 1))
    assert pairs(found)["attention1"] == "attn.relative_position_bias_table"
    converted = found.convert(module, (8, 8, 3))
    assert converted["attention1.bias_table"].equal(table["attn.relative_position_bias_table"])


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("x.3.weight", torch.full((4, 4, 3, 3), torch.nan), "144 of 144 numbers in x.3.weight are not finite"),
        ("x.3.weight", torch.ones(4, 4, 3, 3, dtype=torch.int64), "x.3.weight holds int64, and no floats"),
        (
            "x.3.weight",
            torch.full((4, 4, 3, 3), 1e39, dtype=torch.float64),
            "144 of 144 numbers in x.3.weight are not finite in fp32, to which float64 is converted",
        ),
        (
            "x.3.weight",
            torch.ones(4, 4, 3, 3).to_sparse(),
            r"x.3.weight is no dense tensor \(torch.sparse_coo\); in Py",
        ),
        ("x.3.weight", torch.ones(4, 4, 3, 3, device="meta"), "x.3.weight is a meta tensor, which has a shape and no"),
        (
            "x.1.running_var",
            torch.tensor([1.0, -1e-3, 0.0, -0.0]),
            "1 of 4 numbers in x.1.running_var are negative, and no variance is",
        ),
    ],
    ids=["nan", "integers", "too large", "sparse", "meta", "negative variances"],
)
def test_values_that_are_no_weights(name: str, value: Tensor, message: str) -> None:
    module = build(CHAIN)
    found = match(module, CHAIN_TENSORS | {name: value})
    with pytest.raises(UnreadableWeights, match=rf"w\.pth has no usable weights: {message}"):
        found.convert(module, (8, 8, 3))


@pytest.mark.skipif(not hasattr(torch, "float4_e2m1fn_x2"), reason="torch has no float4 before 2.8")
def test_floats_that_torch_does_not_convert_are_refused() -> None:
    value = torch.zeros(4, 4, 3, 3, dtype=torch.uint8).view(torch.float4_e2m1fn_x2)
    module = build(CHAIN)
    found = match(module, CHAIN_TENSORS | {"x.3.weight": value})
    with pytest.raises(UnreadableWeights, match=r"x\.3\.weight holds float4_e2m1fn_x2, which torch does not convert"):
        found.convert(module, (8, 8, 3))


@pytest.mark.parametrize("kind", [torch.float8_e4m3fn, torch.bfloat16, torch.float16, torch.float64])
def test_all_floats_become_fp32(kind: torch.dtype) -> None:
    module, tensors = build(CHAIN), {name: tensor.to(kind) for name, tensor in CHAIN_TENSORS.items()}
    converted = match(module, tensors).convert(module, (8, 8, 3))
    assert converted["b.weight"].equal(tensors["x.3.weight"].float())


def test_a_match_shows_itself_as_a_table() -> None:
    lines = str(match(build(CHAIN), CHAIN_TENSORS)).splitlines()
    assert len(lines) == 5
    assert lines[-1].split() == ["c", "5×256", "+", "bias", "head", "5×256", "+", "bias"]
