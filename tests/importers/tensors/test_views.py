"""Views move the axes of a tensor as torch does, and the layers that are found for them do, too."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from specnet.backends.torch_module import build_module
from specnet.builder import NetworkBuilder
from specnet.importers.tensors.arranging import arrange
from specnet.importers.tensors.views import View, cut, cut_parts, list_axes, permute, reshape, select

MAP = (4, 6, 12)


def whole() -> View:
    return View(0, list_axes(MAP))


def reshaped(view: View, *shape: int) -> View:
    made = reshape(view, shape)
    assert made is not None
    return made


ARRANGEMENTS: dict[str, tuple[Callable[[View], View], Callable[[Tensor], Tensor], list[str]]] = {
    "tokens": (
        lambda view: permute(reshaped(view, 1, 12, 24), (0, 2, 1)),
        lambda x: x.flatten(2).transpose(1, 2),
        ["tokens"],
    ),
    "flatten": (lambda view: reshaped(view, 1, 288), lambda x: x.flatten(1), ["flatten"]),
    "transposed": (lambda view: permute(view, (0, 1, 3, 2)), lambda x: x.transpose(2, 3), ["permute"]),
    "channels last": (lambda view: permute(view, (0, 2, 3, 1)), lambda x: x.permute(0, 2, 3, 1), ["permute"]),
    "shuffle": (
        lambda view: reshaped(permute(reshaped(view, 1, 3, 4, 4, 6), (0, 2, 1, 3, 4)), 1, 12, 4, 6),
        lambda x: x.view(1, 3, 4, 4, 6).transpose(1, 2).reshape(1, 12, 4, 6),
        ["shuffle"],
    ),
    "blocks": (
        lambda view: reshaped(permute(reshaped(view, 1, 12, 2, 2, 3, 2), (0, 5, 3, 1, 2, 4)), 1, 48, 2, 3),
        lambda x: x.view(1, 12, 2, 2, 3, 2).permute(0, 5, 3, 1, 2, 4).reshape(1, 48, 2, 3),
        ["space_to_depth"],
    ),
    "blocks of tokens": (
        lambda view: permute(
            reshaped(permute(reshaped(view, 1, 12, 2, 2, 3, 2), (0, 1, 3, 5, 2, 4)), 1, 48, 6), (0, 2, 1)
        ),
        lambda x: x.view(1, 12, 2, 2, 3, 2).permute(0, 1, 3, 5, 2, 4).reshape(1, 48, 6).transpose(1, 2),
        ["space_to_depth", "tokens"],
    ),
}


@pytest.mark.parametrize("name", ARRANGEMENTS)
def test_the_layers_of_a_view_move_elements_as_torch_does(name: str) -> None:
    move, expected, kinds = ARRANGEMENTS[name]
    view = move(whole())
    layers = arrange(list_axes(MAP)[1:], view.dims[1:])
    assert layers is not None
    assert [layer.kind for layer in layers] == kinds
    builder = NetworkBuilder("Arranged")
    value = builder.input(MAP)
    for layer in layers:
        value = builder.add(layer, value)
    x = torch.arange(288.0).view(1, 12, 4, 6)
    assert torch.equal(build_module(builder.network(value))(x), expected(x))


def test_elements_that_no_layers_bring_into_order_are_not_arranged() -> None:
    view = permute(reshaped(whole(), 1, 12, 2, 2, 6), (0, 1, 3, 2, 4))
    assert arrange(list_axes(MAP)[1:], reshaped(view, 1, 12, 4, 6).dims[1:]) is None


def test_no_view_divides_an_axis_where_it_has_no_parts() -> None:
    assert reshape(View(0, list_axes((4, 6, 10))), (1, 4, 60)) is None


def test_slices_and_selections_begin_where_they_say() -> None:
    view = cut(whole(), 1, 4, 8)
    assert view is not None
    assert view.starts == {"C": 4}
    assert view.shape == (1, 4, 4, 6)
    chosen = select(reshaped(whole(), 1, 3, 4, 4, 6), 1, 2)
    assert chosen.starts == {"C": 8}
    assert chosen.shape == (1, 4, 4, 6)


def test_the_four_pixels_of_blocks_are_one_view_again() -> None:
    views = [view for row, column in ((0, 0), (1, 0), (0, 1), (1, 1)) if (view := cut_pixels(row, column))]
    merged = cut_parts(views, 1)
    assert merged is not None
    (layer,) = arrange(list_axes(MAP)[1:], merged.dims[1:]) or ()
    assert layer == arrange_block_order("WHC")


def cut_pixels(row: int, column: int) -> View | None:
    rows = cut(whole(), 2, row, 4, 2)
    return cut(rows, 3, column, 6, 2) if rows else None


def arrange_block_order(order: str) -> object:
    from specnet.builder import make_layer

    return make_layer("space_to_depth", {"factor": 2, "order": order})


def test_channels_in_their_order_are_one_view_again() -> None:
    halves = [cut(whole(), 1, 0, 6), cut(whole(), 1, 6, 12)]
    merged = cut_parts([half for half in halves if half], 1)
    assert merged is not None
    assert merged.dims == whole().dims
