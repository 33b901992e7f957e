"""What the layers compute, where it is ours to say: modules that torch lacks, padding on one side, joins.

And that a network with one of each can be exported, compiled and pickled.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F  # noqa: N812, the name that everyone knows
from torch import Tensor, nn

from specnet.backends.torch_module import build_module
from specnet.compiler import check_source
from specnet.source import Source


def compiled(spec: str) -> nn.Module:
    result = check_source(Source("<spec>", spec))
    assert result.ok, [diagnostic.message for diagnostic in result.diagnostics]
    return build_module(result.network).eval()


def ramp(*shape: int) -> Tensor:
    """0, 1, 2, … in N×C×H×W."""
    return torch.arange(torch.Size(shape).numel(), dtype=torch.float32).reshape(shape)


@pytest.mark.parametrize("size, window, stride", [(5, 2, 1), (5, 2, 2), (6, 4, 2), (7, 4, 3), (3, 6, 1), (8, 3, 2)])
def test_same_does_not_count_padding_in_an_average(size: int, window: int, stride: int) -> None:
    """Keras and TensorFlow: the mean of the pixels that a window really holds."""
    x = torch.rand(2, 3, size, size)
    output = -(-size // stride)
    before = max((output - 1) * stride + window - size, 0) // 2
    starts = [(max(i * stride - before, 0), i * stride - before + window) for i in range(output)]
    expected = torch.stack(
        [torch.stack([x[:, :, t:b, a:z].mean((2, 3)) for a, z in starts], -1) for t, b in starts], -2
    )
    torch.testing.assert_close(compiled(f"input {size}x{size}x3\npool avg F={window} S={stride} P=same")(x), expected)


@pytest.mark.parametrize("operation", ["max", "avg", "avg exclude_padding"])
@pytest.mark.parametrize("size", range(4, 9))
@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("words", ["floor", "ceil"])
def test_padding_on_one_side_is_padding_on_both_without_the_other(
    operation: str, size: int, stride: int, words: str
) -> None:
    """`P=0:2` reads what `P=2` reads beginning at the first pixel: each window as if computed by itself."""
    x = torch.rand(1, 1, size, size) - 2
    output = compiled(f"input {size}x{size}x1\npool {operation} F=4 S={stride} P=0:2 {words}")(x)
    counted = operation == "avg"
    for i in range(output.shape[2]):
        for j in range(output.shape[3]):
            window = x[..., i * stride : i * stride + 4, j * stride : j * stride + 4]
            rows, columns = (min(4, size + 2 - k * stride) for k in (i, j))
            number = rows * columns if counted else window.numel()
            expected = window.max() if operation == "max" else window.sum() / number
            torch.testing.assert_close(output[0, 0, i, j], expected)


def test_same_of_deconv_is_the_transpose_of_same_of_conv() -> None:
    """Keras's Conv2DTranspose: the gradient of the convolution that comes to the input's size."""
    for window, stride, size in ((5, 2, 4), (4, 2, 5), (3, 3, 4), (2, 3, 4), (4, 1, 5)):
        conv = compiled(f"input {size * stride}x{size * stride}x2\nconv K=3 F={window} S={stride} P=same bias=no")
        deconv = compiled(f"input {size}x{size}x3\ndeconv K=2 F={window} S={stride} P=same bias=no")
        deconv.load_state_dict({"deconv1.weight": conv.state_dict()["conv1.weight"]})
        x = torch.rand(1, 2, size * stride, size * stride, requires_grad=True)
        y = torch.rand(1, 3, size, size)
        (gradient,) = torch.autograd.grad((conv(x) * y).sum(), x)
        torch.testing.assert_close(deconv(y), gradient)


def test_ln_normalises_the_channels_of_each_position() -> None:
    x = torch.rand(2, 8, 3, 4)
    output = compiled("input 3x4x8\nln eps=1e-6")(x)
    torch.testing.assert_close(output[1, :, 2, 3], F.layer_norm(x[1, :, 2, 3], (8,), eps=1e-6))


def test_drop_path_drops_whole_images_and_scales_the_others() -> None:
    module, x = compiled("input 3x4x2\ndrop_path 0.25").train(), torch.ones(400, 2, 3, 4)
    images = module(x).flatten(1)
    assert {round(float(image.min()), 4) for image in images} == {0.0, 1.3333}
    assert torch.equal(images.min(1).values, images.max(1).values)
    assert 0.15 < (images[:, 0] == 0).float().mean() < 0.35
    assert torch.equal(module.eval()(x), x)
    assert not compiled("input 3\ndrop_path 1").train()(torch.ones(2, 3)).any()


def test_scale_begins_with_its_value() -> None:
    x = torch.rand(2, 4, 3, 3)
    torch.testing.assert_close(compiled("input 3x3x4\nscale init=1e-6 bias=yes")(x), x * 1e-6)
    torch.testing.assert_close(compiled("input 5\nscale init=2")(torch.ones(1, 5)), torch.full((1, 5), 2.0))


def test_filters_see_each_channel_by_itself() -> None:
    x = ramp(1, 2, 5, 5)
    assert torch.equal(compiled("input 5x5x2\nfilter sobel_x")(x), torch.full((1, 2, 3, 3), 8.0))
    assert torch.equal(compiled("input 5x5x2\nfilter sobel_y")(x), torch.full((1, 2, 3, 3), 40.0))
    for flat in ("edge", "laplacian"):
        assert not compiled(f"input 5x5x2\nfilter {flat}")(x).any()
    for same in ("box_blur", "gaussian_blur", "sharpen"):
        torch.testing.assert_close(compiled(f"input 5x5x2\nfilter {same}")(x), x[..., 1:-1, 1:-1])
    own = compiled("input 5x5x2\nfilter kernel=[[0, 1], [0, 0]]")
    assert torch.equal(own(x), x[..., :-1, 1:])
    assert not list(own.parameters())


def test_joins() -> None:
    x, vector = torch.rand(2, 4, 7, 7), torch.rand(2, 5)
    relu3 = "| identity | relu | sigmoid"
    torch.testing.assert_close(compiled(f"input 7x7x4\nadd {{ {relu3} }}")(x), x + x.relu() + x.sigmoid())
    torch.testing.assert_close(compiled(f"input 7x7x4\nmul {{ {relu3} }}")(x), x * x.relu() * x.sigmoid())
    largest = torch.stack([x, x.relu(), x.sigmoid()]).amax(0)
    assert torch.equal(compiled(f"input 7x7x4\nmaximum {{ {relu3} }}")(x), largest)
    torch.testing.assert_close(compiled(f"input 5\nconcat {{ {relu3} }}")(vector)[:, 5:10], vector.relu())
    gated = compiled("input 7x7x4\nmul { | pool avg global -> sigmoid | identity }")(x)
    torch.testing.assert_close(gated, x * x.mean((2, 3), keepdim=True).sigmoid())
    cropped = compiled("input 7x7x4 -> @e\npool max F=4 S=1 -> concat @e crop=center")(x)
    torch.testing.assert_close(cropped[:, 4:], x[:, :, 1:5, 1:5])


@pytest.mark.parametrize(("axis", "dim", "small"), [("H", 2, (2, 4, 3, 5)), ("W", 3, (2, 4, 6, 2))])
def test_a_concat_along_height_or_width_and_its_parts(axis: str, dim: int, small: tuple[int, ...]) -> None:
    x, y = torch.rand(2, 4, 6, 5), torch.rand(small)
    sizes = "input a 6x5x4\ninput b {2}x{3}x{1}\n".format(*small)
    joined = compiled(f"{sizes}@a -> concat @b axis={axis}")
    assert torch.equal(joined(x, y), torch.cat([x, y], dim))
    part = compiled(f"{sizes}@a -> concat @b axis={axis} -> slice 2..{axis}-1 axis={axis}")
    assert torch.equal(part(x, y), torch.cat([x, y], dim).narrow(dim, 2, x.shape[dim] + small[dim] - 3))


ARMS = {
    "map": lambda x: x,
    "position": lambda x: x.mean((2, 3), keepdim=True),
    "columns": lambda x: x.mean(2, keepdim=True),
    "rows": lambda x: x.mean(3, keepdim=True),
    "channel": lambda x: x[:, :1],
    "row of a channel": lambda x: x[:, :1].mean(2, keepdim=True),
}
"""A map and what can be repeated beside it, or beside another one."""

AS_TEXT = {
    "map": "identity",
    "position": "pool avg global",
    "columns": "pool avg F=6x1",
    "rows": "pool avg F=1x5",
    "channel": "slice 0..1",
    "row of a channel": "slice 0..1 -> pool avg F=6x1",
}


@pytest.mark.parametrize("join, function", [("add", torch.add), ("sub", torch.sub), ("mul", torch.mul),
                                            ("maximum", torch.maximum)])  # fmt: skip
@pytest.mark.parametrize("first", ARMS)
@pytest.mark.parametrize("second", ARMS)
def test_arms_are_repeated_as_torch_does(
    join: str, function: Callable[[Tensor, Tensor], Tensor], first: str, second: str
) -> None:
    x = torch.randn(2, 4, 6, 5)
    module = compiled(f"input 6x5x4\n{join} {{ | {AS_TEXT[first]} | {AS_TEXT[second]} }}")
    torch.testing.assert_close(module(x), function(ARMS[first](x), ARMS[second](x)))


def test_a_difference_is_that_of_the_value_before_and_the_one_named() -> None:
    x = torch.randn(2, 4, 6, 5)
    assert torch.equal(compiled("input 6x5x4 -> @x\nrelu -> sub @x")(x), x.relu() - x)
    assert torch.equal(compiled("input 6x5x4 -> @x\nrelu -> sub { | @x | identity }")(x), x - x.relu())


@pytest.mark.parametrize("shape", [(2, 12), (2, 12, 3, 5)])
@pytest.mark.parametrize("groups", [2, 3, 4, 12])
def test_a_softmax_between_groups(shape: tuple[int, ...], groups: int) -> None:
    x = torch.randn(shape)
    size = "x".join(map(str, (*shape[2:], 12)))
    found = compiled(f"input {size}\nsoftmax groups={groups}")(x)
    parts = torch.stack(x.chunk(groups, 1)).softmax(0)
    torch.testing.assert_close(found, torch.cat([*parts], 1))


def test_the_arrangement_of_numbers() -> None:
    x = ramp(1, 4, 2, 3)
    assert torch.equal(compiled("input 2x3x4\npermute WHC")(x), x.transpose(2, 3))
    assert torch.equal(compiled("input 2x3x4\npermute CHW")(x), x.permute(0, 3, 1, 2))
    assert torch.equal(compiled("input 2x3x4\nreshape 24")(x), x.flatten(1))
    assert torch.equal(compiled("input 2x3x4\nreshape 24 -> reshape 2x3x4")(x), x)
    assert torch.equal(compiled("input 2x3x4\nslice 1..3")(x), x[:, 1:3])
    assert torch.equal(compiled("input 2x3x4\ncrop to=1x2")(x), x[..., :1, :2])
    assert torch.equal(compiled("input 2x3x4\ncrop P=[0:1, 1:0]")(x), x[..., :1, 1:])
    assert torch.equal(compiled("input 2x3x4\npad [0:1, 2:0]")(x), F.pad(x, (2, 0, 0, 1)))
    assert torch.equal(compiled("input 2x3x4\npad 1 reflect")(x), F.pad(x, (1, 1, 1, 1), mode="reflect"))
    assert compiled("input 2x3x4\nshuffle G=2")(x)[0, :, 0, 0].tolist() == [0, 12, 6, 18]
    assert torch.equal(compiled("input 2x3x4\ndepth_to_space 2 -> space_to_depth 2")(x), x)


def test_blocks_become_channels_in_the_orders_of_swin_and_tensorflow() -> None:
    x = ramp(2, 3, 4, 6)
    swin = [x[..., 0::2, 0::2], x[..., 1::2, 0::2], x[..., 0::2, 1::2], x[..., 1::2, 1::2]]
    assert torch.equal(compiled("input 4x6x3\nspace_to_depth 2 order=WHC")(x), torch.cat(swin, 1))
    tensorflow = [swin[0], swin[2], swin[1], swin[3]]
    assert torch.equal(compiled("input 4x6x3\nspace_to_depth 2 order=HWC")(x), torch.cat(tensorflow, 1))


@pytest.mark.parametrize("order", ["HWC", "HCW", "WHC", "WCH", "CHW", "CWH"])
def test_blocks_that_became_channels_come_back(order: str) -> None:
    x = ramp(2, 3, 4, 6)
    there_and_back = compiled(f"input 4x6x3\nspace_to_depth 2 order={order} -> depth_to_space 2 order={order}")
    assert torch.equal(there_and_back(x), x)


ONE_OF_EACH = """
net Parade
input 24x24x8 -> @start
conv K=8 F=4 S=2 P=same -> bn -> relu6 -> pool avg F=2 S=1 P=same -> pool max F=4 P=0:1 S=2 ceil
deconv K=8 F=5 S=2 P=same -> ln -> gelu -> gn G=4 -> prelu channelwise -> instance_norm -> silu
lrn n=3 -> mish -> filter gaussian_blur P=1 -> drop_path 0.1 -> scale init=0.1 bias=yes -> hard_swish
pad 1 reflect -> crop P=1 -> shuffle G=2 -> space_to_depth 2 -> depth_to_space 2 -> permute WHC -> upsample 2
add { | identity | conv K=C F=1 | filter sobel_x P=1 } -> @wide
mul { | identity | pool avg global -> conv K=C F=1 -> hard_sigmoid }
maximum { | pool avg F=1x24 | pool avg F=24x1 | identity } -> sub { | identity | conv K=C F=1 } -> softmax groups=2
concat @start @wide crop=center -> slice 4..C -> upsample to=8x8 bilinear -> leaky_relu -> elu -> selu -> tanh
reshape 1280 -> ln -> dropout -> fc 40 -> reshape 2x2x10 -> flatten -> softmax
"""


def test_a_network_of_all_can_be_exported_compiled_and_pickled() -> None:
    module, x = compiled(ONE_OF_EACH), torch.rand(2, 8, 24, 24)
    expected = module(x)
    assert expected.shape == (2, 40)
    assert expected.isfinite().all()
    batch = {0: torch.export.Dim("batch", min=2, max=64)}
    exported = torch.export.export(module, (x,), dynamic_shapes=(batch,)).module()
    torch.testing.assert_close(exported(x), expected)
    torch.testing.assert_close(exported(torch.cat([x, x, x])), expected.repeat(3, 1))
    torch.testing.assert_close(pickle.loads(pickle.dumps(module))(x), expected)
    torch.testing.assert_close(torch.compile(module, backend="eager", fullgraph=True)(x), expected)
    for mode in (module, module.train()):
        mode(x).sum().backward()
    assert all(p.grad is not None for p in module.parameters())


def test_a_grid_with_biases_attends_as_the_windows_of_a_map_that_has_its_places_together() -> None:
    """With `patch=2`, the positions of 12×8 that attend to each other are every second row and column."""
    grid = compiled("input 12x8x4\na: attention heads=2 patch=2 bias=relative")
    windows = compiled("input 12x8x4\na: attention heads=2 window=6x4 bias=relative")
    windows.load_state_dict(grid.state_dict())
    x = torch.randn(2, 4, 12, 8)
    gathered = torch.cat([torch.cat([x[:, :, row::2, column::2] for column in (0, 1)], 3) for row in (0, 1)], 2)
    ours, theirs = grid(x), windows(gathered)
    for row, column in ((0, 0), (0, 1), (1, 0), (1, 1)):
        part = theirs[:, :, 6 * row : 6 * row + 6, 4 * column : 4 * column + 4]
        torch.testing.assert_close(ours[:, :, row::2, column::2], part)
