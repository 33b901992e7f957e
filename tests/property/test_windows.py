"""Windows of any size are accepted or rejected as by torch on the CPU, with the same output shapes.

Only the rounding classes are ours alone: where real pixels stay unread, torch is asked about the line with `floor`.
"""

from __future__ import annotations

from typing import Any

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from specnet.backends.torch_module import build_module
from specnet.compiler import check_source
from specnet.diagnostics import Code
from specnet.layers.base import Layer, LayerError, Shape
from specnet.layers.base.padding import compute_same_padding
from specnet.layers.conv import Conv
from specnet.layers.deconv import Deconv
from specnet.layers.pool import Pool
from specnet.source import Source

sizes = st.integers(1, 14)
windows = st.tuples(st.integers(1, 6), st.integers(1, 6))
strides = st.tuples(st.integers(1, 5), st.integers(1, 5))
paddings = st.tuples(st.integers(0, 4), st.integers(0, 4))
dilations = st.tuples(st.integers(1, 3), st.integers(1, 3))
maps = st.tuples(sizes, sizes, st.integers(1, 6))
examples = settings(max_examples=150)


def ours(kind: type[Layer], shape: Shape, fields: dict[str, Any]) -> Shape | None:
    """Return our output shape, None where it is rejected; where pixels stay unread, that of the line with `floor`."""
    try:
        return kind.model_validate(fields).output((shape,))
    except LayerError as refusal:
        return ours(kind, shape, fields | {"rounding": "floor"}) if refusal.code is Code.E301 else None
    except ValueError:
        return None


def torchs(module: type[nn.Module], shape: Shape, *arguments: Any, **keywords: Any) -> Shape | None:
    """Return torch's output shape, or None where building or running the module fails or a deconv leaves no pixel."""
    height, width, channels = shape
    try:
        with torch.no_grad():
            _, *output = module(*arguments, **keywords)(torch.zeros(1, channels, height, width)).shape
    except (RuntimeError, ValueError):
        return None
    return (*output[1:], output[0]) if min(output) else None


@examples
@given(maps, windows, strides, paddings, dilations, st.integers(1, 6), st.integers(1, 4))
def test_conv(
    shape: Shape, window: Shape, stride: Shape, padding: Shape, dilation: Shape, filters: int, groups: int
) -> None:
    given = {"kernel_size": window, "stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    expected = torchs(nn.Conv2d, shape, shape[2], filters, **given)
    assert ours(Conv, shape, given | {"out_channels": filters}) == expected


@examples
@given(maps, windows, strides, paddings, dilations, st.integers(1, 6), st.integers(1, 4), paddings)
def test_deconv(
    shape: Shape, window: Shape, stride: Shape, cut: Shape, dilation: Shape, filters: int, groups: int, added: Shape
) -> None:
    given = {"kernel_size": window, "stride": stride, "padding": cut, "dilation": dilation, "groups": groups}
    given |= {"output_padding": added}
    expected = torchs(nn.ConvTranspose2d, shape, shape[2], filters, **given)
    assert ours(Deconv, shape, given | {"out_channels": filters}) == expected


@examples
@given(maps, windows, st.none() | strides, paddings, dilations, st.booleans())
def test_max_pool(
    shape: Shape, window: Shape, stride: Shape | None, padding: Shape, dilation: Shape, ceil: bool
) -> None:
    given = {"kernel_size": window, "stride": stride, "padding": padding, "dilation": dilation}
    expected = torchs(nn.MaxPool2d, shape, **given, ceil_mode=ceil)
    assert ours(Pool, shape, given | {"operation": "max", "rounding": "ceil" if ceil else "exact"}) == expected


@examples
@given(maps, windows, st.none() | strides, paddings, st.booleans(), st.booleans())
def test_avg_pool(shape: Shape, window: Shape, stride: Shape | None, padding: Shape, ceil: bool, counted: bool) -> None:
    given = {"kernel_size": window, "stride": stride, "padding": padding, "count_include_pad": counted}
    expected = torchs(nn.AvgPool2d, shape, **given, ceil_mode=ceil)
    assert ours(Pool, shape, given | {"operation": "avg", "rounding": "ceil" if ceil else "exact"}) == expected


@examples
@given(sizes, st.integers(1, 6), st.integers(1, 5), st.integers(1, 3))
def test_same_keeps_what_the_stride_leaves(size: int, window: int, stride: int, dilation: int) -> None:
    """`same` gives ceil(N/S), with an odd pixel at the end and no more padding than the last window reads."""
    before, after = compute_same_padding(size, window, stride, dilation)
    extent = dilation * (window - 1) + 1
    assert (size + before + after - extent) // stride + 1 == -(-size // stride)
    assert 0 <= after - before <= 1
    assert not before or (size + before + after - extent) % stride == 0


sides = st.tuples(st.integers(0, 2), st.integers(0, 2)).map(lambda pair: f"{pair[0]}:{pair[1]}")
uneven = st.just("same") | st.tuples(sides, sides).map(lambda pair: f"[{pair[0]}, {pair[1]}]")
lines = st.sampled_from(
    ["conv K=2", "pool max", "pool max ceil", "pool avg", "pool avg ceil", "pool avg ceil exclude_padding"]
)


@examples
@given(lines, sizes, sizes, windows, strides, uneven)
def test_padding_on_one_side_runs_as_it_is_checked(
    line: str, height: int, width: int, window: Shape, stride: Shape, padding: str
) -> None:
    """torch's modules pad both sides alike, so the input is padded first; no window holds only padding."""
    floor = "" if "ceil" in line else " floor"
    attributes = f"F={window[0]}x{window[1]} S={stride[0]}x{stride[1]} P={padding}{floor}"
    result = check_source(Source("<line>", f"input {height}x{width}x2\n{line} {attributes}"))
    if result.ok:
        with torch.no_grad():
            output = build_module(result.network)(torch.rand(1, 2, height, width))
        assert result.network.nodes[-1].output == (*output.shape[2:], 2)
        assert output.isfinite().all()
