"""torch calls of one layer → operations on N×H×W×C: views are followed by their axes, so that most of them vanish."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import Any, Literal

from specnet.layers.base import Shape, Shapes, TorchCall, is_map

Sides = tuple[tuple[int, int], tuple[int, int]]
"""Pixels before and after, along the height and along the width."""

PERMUTE, RESHAPE, FLATTEN, CUT = "order of axes", "sizes", "one axis", "part of a map"
"""Operations that are no call of torch: what the tracker makes of several, or of one with its axes moved."""


@dataclass(frozen=True)
class Operation:
    """A torch call with its axes and sizes in the order N×H×W×C, counted with the batch; paddings are `Sides`.

    `inputs` and `output` are the shapes of one image, H×W×C, L×C or C. `FLATTEN` has the argument `shape`, that of the
    map: C×H×W, the order in which torch would flatten it.
    """

    target: str
    arguments: Mapping[str, Any]
    inputs: Shapes
    output: Shape
    joins: Literal["list", "fold", "size"] | None = None


def convert_calls(calls: Sequence[TorchCall], inputs: Shapes, output: Shape) -> tuple[Operation, ...]:
    """Return the operations of a layer whose values have the shapes `inputs` and `output`; none for an identity."""
    tracker = _AxisTracker(inputs)
    for call in _merge_paddings([call for call in calls if call.target != "nn.Identity"]):
        tracker.add(call)
    tracker.restore_order()
    found = tracker.operations
    return (*found[:-1], replace(found[-1], output=output)) if found else ()


def _merge_paddings(calls: Sequence[TorchCall]) -> Iterator[TorchCall]:
    """Yield the calls, a padding merged into the window behind it, a cut into the deconvolution before it.

    Two cuts of a map are one.
    """
    calls = list(calls)
    while calls:
        call, *rest = calls
        if rest and call.target == "F.pad" and call.arguments["mode"] == "constant" and "padding" in rest[0].arguments:
            call, rest = _replace(rest[0], padding=_read_sides(call.arguments["pad"])), rest[1:]
        elif call.target == "nn.ConvTranspose2d":
            cut = _read_sides(rest[0].arguments["pad"]) if rest else ((0, 0), (0, 0))
            rest = rest[1:] if rest else rest
            before = _to_pair(call.arguments["padding"])
            sides = tuple((side - low, side - high) for side, (low, high) in zip(before, cut, strict=True))
            call = _replace(call, padding=sides)
        elif rest and call.target == "torch.narrow" == rest[0].target:
            ranges = [(each.arguments["start"], each.arguments["length"]) for each in (call, rest[0])]
            call, rest = TorchCall(CUT, ranges=tuple(ranges)), rest[1:]
        elif call.target == "modules.PaddedAvgPool2d":
            sides = _read_sides(call.arguments["padding"])
            call = TorchCall("nn.AvgPool2d", **{**call.arguments, "padding": sides}, count_include_pad=False)
        if isinstance(padding := call.arguments.get("padding"), int) or _is_pair(padding):
            call = _replace(call, padding=tuple((side, side) for side in _to_pair(padding)))
        yield call
        calls = rest


def _replace(call: TorchCall, **arguments: Any) -> TorchCall:
    return TorchCall(call.target, joins=call.joins, **{**call.arguments, **arguments})


def _read_sides(pad: tuple[int, int, int, int]) -> Sides:
    left, right, top, bottom = pad
    return (top, bottom), (left, right)


def _is_pair(value: object) -> bool:
    return isinstance(value, tuple) and len(value) == 2 and all(isinstance(side, int) for side in value)


def _to_pair(value: Any) -> tuple[int, int]:
    return (value, value) if isinstance(value, int) else value


class _AxisTracker:
    """Follows the value of a layer from call to call: its sizes as it lies in memory, the axis of each torch dim."""

    def __init__(self, inputs: Shapes) -> None:
        self.inputs = inputs
        self.sizes = [0, *inputs[0]] if inputs else [0]
        self.axes = _find_axes(len(self.sizes))
        self.operations = list[Operation]()

    @property
    def shape(self) -> Shape:
        return tuple(self.sizes[1:])

    def add(self, call: TorchCall) -> None:
        """Apply a call, whose dims are torch's."""
        if view := VIEWS.get(call.target):
            view(self, **call.arguments)
            return
        arguments = dict(call.arguments)
        if "dim" in arguments and not call.is_module:
            arguments["axis"] = self._name_axis(self.axes[arguments.pop("dim") % len(self.axes)])
        elif call.target == "nn.Softmax":
            arguments = {"axis": self._name_axis(self.axes[arguments["dim"] % len(self.axes)])}
        else:
            self.restore_order()
            arguments.pop("dim", None)  # modules for channels in another place, which are last here
        self._emit(call.target, arguments, self._find_output(call, arguments), call.joins)

    def restore_order(self) -> None:
        """Bring the axes to the order in which the channels are last."""
        expected = _find_axes(len(self.sizes))
        if self.axes != expected:
            order = [self.axes[expected.index(axis)] for axis in range(len(self.axes))]
            self._permute(order)
            self.axes = expected

    def _permute(self, order: Sequence[int]) -> None:
        self._emit(PERMUTE, {"axes": tuple(order)}, tuple(self.sizes[axis] for axis in order[1:]))

    def _name_axis(self, axis: int) -> int:
        """Return -1 for the last axis."""
        return -1 if axis == len(self.sizes) - 1 else axis

    def _find_output(self, call: TorchCall, arguments: Mapping[str, Any]) -> Shape:
        """Return the shape behind a call; where it is not known, the call is the last, whose output the layer knows."""
        if call.target in ("torch.mean", "torch.amax", "torch.select"):
            kept = [axis for axis in range(1, len(self.sizes)) if axis != arguments["axis"] % len(self.sizes)]
            return tuple(self.sizes[axis] for axis in kept)
        return self.shape

    def _emit(self, target: str, arguments: Mapping[str, Any], output: Shape, joins: Any = None) -> None:
        inputs = (self.shape,) if self.operations else self.inputs
        self.operations.append(Operation(target, arguments, inputs, output, joins))
        if len(output) + 1 != len(self.sizes):
            self.axes = _find_axes(len(output) + 1)
        self.sizes = [0, *output]

    # Views, with the names of their arguments in torch

    def transpose(self, dim0: int, dim1: int) -> None:
        self.axes[dim0], self.axes[dim1] = self.axes[dim1], self.axes[dim0]

    def permute(self, dims: Sequence[int]) -> None:
        self.axes = [self.axes[dim] for dim in dims]

    def flatten(self, start_dim: int, end_dim: int) -> None:
        end = end_dim % len(self.axes)
        merged = self.axes[start_dim : end + 1]
        if len(merged) == 1:
            return
        if start_dim == 1 and end == len(self.axes) - 1:
            self._flatten_all()
            return
        if merged != list(range(merged[0], merged[-1] + 1)):  # not side by side
            self._permute(self.axes)
            self.axes = sorted(self.axes)
            merged = self.axes[start_dim : end + 1]
        sizes = [*self.sizes[: merged[0]], prod(self.sizes[axis] for axis in merged), *self.sizes[merged[-1] + 1 :]]
        axes = self.axes[: start_dim + 1] + self.axes[end + 1 :]
        self._reshape(sizes, [axis - (len(merged) - 1) * (axis > merged[0]) for axis in axes])

    def _flatten_all(self) -> None:
        shape = tuple(self.sizes[axis] for axis in self.axes[1:])
        self._emit(FLATTEN, {"shape": shape}, (prod(shape),))
        self.axes = [0, 1]

    def unflatten(self, dim: int, sizes: Sequence[int]) -> None:
        axis = self.axes[dim]
        rest = self.sizes[axis] // prod(size for size in sizes if size != -1)
        split = [rest if size == -1 else size for size in sizes]
        moved = [other + (len(split) - 1) * (other > axis) for other in self.axes]
        axes = [*moved[:dim], *range(axis, axis + len(split)), *moved[dim + 1 :]]
        self._reshape([*self.sizes[:axis], *split, *self.sizes[axis + 1 :]], axes)

    def unsqueeze(self, dim: int) -> None:
        axis = self.axes[dim]
        axes = [other + (other >= axis) for other in self.axes]
        self._reshape([*self.sizes[:axis], 1, *self.sizes[axis:]], [*axes[:dim], axis, *axes[dim:]])

    def squeeze(self, dim: int) -> None:
        axis = self.axes[dim]
        axes = [other - (other > axis) for place, other in enumerate(self.axes) if place != dim]
        self._reshape([*self.sizes[:axis], *self.sizes[axis + 1 :]], axes)

    def reshape(self, shape: Sequence[int]) -> None:
        if self.axes != sorted(self.axes):
            self._permute(self.axes)
        self._reshape([0, *shape[1:]], list(range(len(shape))))

    def _reshape(self, sizes: Sequence[int], axes: list[int]) -> None:
        self._emit(RESHAPE, {"shape": tuple(sizes[1:])}, tuple(sizes[1:]))
        self.axes = axes


def _find_axes(rank: int) -> list[int]:
    """Return the axis of each torch dim where the channels are last: N×C×H×W lies in memory as N×H×W×C."""
    return [0, 3, 1, 2] if rank == 4 else list(range(rank))


VIEWS: Mapping[str, Callable[..., None]] = {
    "torch.transpose": _AxisTracker.transpose,
    "torch.permute": _AxisTracker.permute,
    "torch.flatten": _AxisTracker.flatten,
    "torch.unflatten": _AxisTracker.unflatten,
    "torch.unsqueeze": _AxisTracker.unsqueeze,
    "torch.squeeze": _AxisTracker.squeeze,
    "torch.reshape": _AxisTracker.reshape,
}
"""The calls that change axes and sizes alone."""


def flattens_in_same_order(operation: Operation) -> bool:
    """Return whether a flattened map has the same order with the channels first and last: it has one position."""
    shape = operation.inputs[0]
    return not is_map(shape) or shape[0] * shape[1] == 1 or shape[2] == 1
