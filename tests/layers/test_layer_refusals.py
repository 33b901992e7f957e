"""What layers refuse, and what they say of it; and what they remark though they accept it."""

from __future__ import annotations

import pytest

from specnet.compiler import check_source
from specnet.layers.base import LayerError
from specnet.source import Source

REFUSED = {
    "conv K=6 F=20": "E302 `conv1` has a window larger than its padded input: 20 > 13 in height",
    "conv K=6 F=5 S=3": "E301 `conv1` leaves real pixels unread: (13 − 5 + 0)/3 + 1 = 3.66667 in height",
    "conv K=6 F=3 G=3": "E304 `conv1` cannot split 4 input channels into 3 equal groups",
    "conv K=6 F=3 G=4": "E304 `conv1` cannot split 6 filters into 4 equal groups",
    "conv K=2_000_000_000 F=60_000": "E306 `conv1` would have weights of 2000000000×4×60000×60000, more than can be",
    "conv K=6 F=3 P=[0:1]": "E112 `P` ",
    "deconv K=6 F=3 P=8": "E306 `deconv1` would come to a height of -1",
    "deconv K=6 F=3 S=2 OP=2": "E115 `deconv` takes an `OP` below its stride or its dilation: 2 is not below 2",
    "deconv K=6 F=3 S=2 P=same OP=1": "E115 `deconv` takes no `OP` with `P=same`",
    "deconv K=6 F=3 G=3": "E304 `deconv1` cannot split 4 input channels into 3 equal groups",
    "filter sobel_x S=4": "E301 `filter1` leaves real pixels unread: (13 − 3 + 0)/4 + 1 = 3.5 in height",
    "filter kernel=[[1, 2], [3]]": "E112 `kernel` ",
    "filter kernel=[[]]": "E112 `kernel` ",
    "filter sobel": "E112 ",
    "pool max F=2 P=2": "E303 `pool1` has padding wider than half its window: 2 > 2/2",
    "pool max F=3 D=2 P=2": "E303 `pool1` has padding wider than half its window: 2 > 3/2",
    "pool avg F=3 D=2": "E115 `pool` takes `D` with `max` only",
    "pool max": "E111 `pool` needs the size of its window",
    "pool max global S=2": "E115 `pool` takes no `S`, `P` or `D` when its output size is given",
    "gn": "E304 `gn1` cannot split 4 input channels into 32 equal groups",
    "pool avg global -> instance_norm": "E305 `instance_norm1` needs more than one position",
    "flatten -> instance_norm": "E305 `instance_norm1` needs a map",
    "flatten -> lrn": "E305 `lrn1` needs a map",
    "shuffle 3": "E304 `shuffle1` cannot split 4 input channels into 3 equal groups",
    "upsample": "E115 `upsample` needs either a `factor` or a size, `to` or `like=@x`",
    "upsample 2 to=4": "E115 `upsample` needs either a `factor` or a size, `to` or `like=@x`",
    "upsample 2 align_corners": "E115 `upsample` takes `align_corners` with `bilinear` and `bicubic` only",
    "upsample 0.1": "E306 `upsample1` would give 1×0×4",
    "pad 9 reflect": "E306 `pad1` cannot mirror 9 pixels: there are 8 beside the edge in width",
    "crop": "E115 `crop` needs either a size, `to` or `like=@x`, or the pixels to cut off, `P`",
    "crop to=13x10": "E306 `crop1` cannot cut 13×10×4 out of 13×9×4",
    "crop P=5": "E306 `crop1` cannot cut 3×-1×4 out of 13×9×4",
    "slice 0..5": "E306 `slice1` takes channels up to 5, and its input has 4",
    "slice 0..14 axis=H": "E306 `slice1` takes rows up to 14, and its input has 13",
    "slice 8..10 axis=W": "E306 `slice1` takes columns up to 10, and its input has 9",
    "flatten -> slice 0..2 axis=H": "E305 `slice1` needs a map",
    "slice 2..2": "E112 ",
    "slice 0.5..2": "E112 ",
    "reshape 7x7x9": "E307 `reshape1` cannot make 7×7×9 of 13×9×4: 441 ≠ 468",
    "reshape 7x7": "E307 `reshape1` cannot make 7×7 of 13×9×4: 49 ≠ 468",
    "reshape 7x7x4x1": "E112 ",
    "attention heads=3": "E304 `attention1` cannot split 4 channels into 3 equal heads",
    "attention heads=2 window=3": "E304 `attention1` cannot divide a height of 13 into windows of 3",
    "attention heads=2 patch=3": "E304 `attention1` cannot divide a height of 13 into patches of 3",
    "attention heads=2 window=3 shift=3": "E115 ",
    "attention heads=2 shift=3": "E115 ",
    "attention heads=2 window=3 reduce=2": "E115 ",
    "attention heads=2 reduce=2 bias=relative": "E115 ",
    "map 13x9": "E305 `map1` needs a sequence of length×channels, not a map of 13×9×4",
    "tokens -> map 13x8": "E307 `map1` cannot arrange 117 tokens as a map of 13×8",
    "token 0": "E305 `token1` needs a sequence of length×channels, not a map of 13×9×4",
    "tokens -> token 117": "E306 `token1` takes token 117, and the last one of its input is 116",
    "tokens -> conv 3 F=3": "E305 `conv1` needs a map of height×width×channels, not a sequence of 117×4",
    "tokens -> bn": "E305 `bn1` needs a map or a vector, not a sequence of 117×4",
    "tokens -> prelu channelwise": "E305 `prelu1` needs a map or a vector, not a sequence of 117×4",
    "fc 5 -> positions learned": "E305 `positions1` needs a map or a sequence, not a vector of 5",
    "fc 5 -> grn": "E305 `grn1` needs a map or a sequence, not a vector of 5",
    "conv 6 F=1 -> positions sine": "E304 `positions1` cannot split 6 channels into 4 equal parts of sines and cosines",
    "permute HWW": "E112 ",
    "flatten -> permute WHC": "E305 `permute1` needs a map",
    "space_to_depth 3": "E307 `space_to_depth1` cannot cut a height of 13 into blocks of 3",
    "depth_to_space 3": "E307 `depth_to_space1` cannot make blocks of 3×3 out of 4 channels",
    "drop_path": "E111 `drop_path` needs `p`",
    "drop_path 1.5": "E112 ",
    "add { | identity | conv K=3 F=1 }": "E310 `add1` has arms that differ in channels: 13×9×4 and 13×9×3",
    "mul { | identity | fc 4 }": "E310 `mul1` joins maps with vectors: 13×9×4 and 4",
    "mul { | identity | pool max F=1x8 S=1 }": "E310 `mul1` has arms that differ in width: 13×9×4 and 13×2×4",
    "flatten -> mul { | fc 2 | fc 1 }": "E310 `mul1` has arms that differ in length: 2 and 1",
    "sub { | conv K=3 F=2 | identity }": "E310 `sub1` has arms that differ in height, width and channels: 12×8×3 and "
    "13×9×4",
    "sub { | relu | tanh | identity }": "E202 `sub` joins two values, not three",
    "maximum { | identity | pool max F=13x1 | pool max F=1x4 S=1 }": "E310 `maximum1` has arms that differ in width: "
    "13×9×4, 1×9×4 and 13×6×4",
    "softmax groups=3": "E304 `softmax1` cannot split 4 input channels into 3 equal groups",
    "softmax groups=1": "E112 `groups` ",
    "concat { | relu | identity | pool max F=2 floor }": "E310 `concat1` has arms that differ in height or width: "
    "13×9×4, 13×9×4 and 6×4×4",
    "concat axis=H { | relu | pool max F=2x1 floor | conv K=8 F=1 }": "E310 `concat1` has arms that differ in width or "
    "channels: 13×9×4, 6×9×4 and 13×9×8",
    "concat axis=W { | relu | pool max F=2x1 floor }": "E310 `concat1` has arms that differ in height or channels",
    "concat axis=W { | fc 3 | fc 4 }": "E305 `concat1` needs a map",
    "concat axis=H crop=center { | relu | tanh }": "E115 `concat` takes `crop` where it joins channels",
    "concat axis=2 { | relu | tanh }": "E112 `axis` must be `H`, `W`, `C` or `L`, not 2",
    "concat { | identity | fc 3 }": "E310 `concat1` joins maps with vectors: 13×9×4 and 3",
}

REMARKED = {
    "add { | conv K=4 F=1 | conv K=1 F=1 }": "N303 `add1` repeats the one channel of 13×9×1 over 4 channels",
    "sub { | conv K=1 F=1 | identity }": "N303 `sub1` repeats the one channel of 13×9×1 over 4 channels",
    "maximum { | identity | relu | conv K=1 F=1 }": "N303 `maximum1` repeats the one channel of 13×9×1 over 4 channels",
    "mul { | identity | conv K=1 F=1 -> sigmoid }": "",
    "add { | pool avg F=1x9 | pool avg F=13x1 | pool avg global | identity }": "",
    "flatten -> add { | fc 1 | fc 1 }": "",
    "conv K=6 F=1 S=5": "N302 `conv1` reads one pixel in 5",
    "conv K=6 F=3x1 S=5": "W303 `conv1` skips pixels: its stride 5 is larger than its window 3",
    "conv K=6 F=4 S=2 P=1": "N301 `conv1` leaves the last row of padding unread",
    "conv K=6 F=4x3 S=2 P=1": "N301 `conv1` leaves the last row of padding unread",
    "conv K=6 F=5x3 S=3 P=[0:3, 0]": "N301 `conv1` leaves the last 2 rows of padding unread",
    "conv K=6 F=4x2 S=2 P=1x0 floor": "",
    "pool max F=3x2 S=2 ceil": "",
    "pool max F=2 S=3 P=same": "W303 `pool1` skips pixels: its stride 3 is larger than its window 2",
}


@pytest.mark.parametrize("line, said", [*REFUSED.items(), *REMARKED.items()])
def test_what_is_said_of_a_line(line: str, said: str) -> None:
    """One slip, one message."""
    result = check_source(Source("<line>", f"input 13x9x4\n{line}"))
    messages = [f"{diagnostic.code.name} {diagnostic.message}" for diagnostic in result.diagnostics]
    assert len(messages) == bool(said), messages
    assert not said or messages[0].startswith(said), messages
    assert result.ok == (line in REMARKED or not said)


@pytest.mark.parametrize("line", REFUSED)
def test_a_refusal_names_attributes_that_there_are(line: str) -> None:
    network = check_source(Source("<line>", f"input 13x9x4\n{line}")).network
    for node in network.nodes:
        arriving = network.input_shapes(node)
        if node.output is None and node.layer and arriving:
            with pytest.raises(LayerError) as refused:
                node.layer.output(arriving)
            assert set(refused.value.attributes) <= set(type(node.layer).model_fields)
