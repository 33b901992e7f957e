"""Sliding windows: the number of positions along each axis, and the pixels that no window reads.

output = (N − F + 2P)/S + 1, with D(F − 1) + 1 in place of F if dilated
(Dumoulin and Visin 2016, "A guide to convolution arithmetic for deep learning").
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from specnet.attributes import Pair
from specnet.diagnostics import Code
from specnet.layers.base.layer import Layer, TorchCall
from specnet.layers.base.padding import Padding, collapse_pair, compute_same_padding
from specnet.layers.base.shapes import LayerError, LayerNote, Shapes, require_map
from specnet.layers.base.traits import KEEPS_INPUT, Kept, Reach, ReceptiveField, Storage
from specnet.records import Record

Rounding = Literal["exact", "floor", "ceil"]

AXES = ("height", "width")


class WindowAxis(Record):
    """One axis of a sliding window: N, F, S, D, the padding before and after, and the rounding rule."""

    size: int
    window: int
    stride: int
    dilation: int
    before: int
    after: int
    rounding: Rounding = "exact"

    @property
    def extent(self) -> int:
        """The pixels from the first that the window reads to the last: D(F − 1) + 1."""
        return self.dilation * (self.window - 1) + 1

    @property
    def slack(self) -> int:
        """The pixels by which the window can move, N − F + 2P; negative if it does not fit."""
        return self.size + self.before + self.after - self.extent

    @property
    def remainder(self) -> int:
        """The rows at the end, padding included, that are in no window."""
        return self.slack % self.stride

    @property
    def unread(self) -> int:
        """The rows of real pixels in the remainder; zero or less if it is only padding."""
        return self.remainder - self.after

    @property
    def loses_pixels(self) -> bool:
        """Whether more pixels are unread than a stride larger than the window skips anyway."""
        return self.unread > max(0, self.stride - self.extent)

    @property
    def positions(self) -> int:
        """The number of positions of the window, rounded down.

        `ceil` is torch's ceil_mode: the last window may reach over the edge, but must begin inside.
        """
        if self.rounding != "ceil":
            return self.slack // self.stride + 1
        positions = -(-self.slack // self.stride) + 1
        return positions - 1 if (positions - 1) * self.stride >= self.size + self.before else positions

    @property
    def read_after(self) -> int:
        """The padding at the end that some window reads."""
        return min(self.after, max(0, (self.positions - 1) * self.stride + self.extent - self.size - self.before))

    @property
    def reach(self) -> Reach:
        """The positions that the window reads."""
        return Reach(-self.before, self.extent - self.before - 1, self.stride)

    @property
    def arithmetic(self) -> str:
        """The formula with actual numbers: (26 − 5 + 0)/2 + 1 = 11.5."""
        padding = f"{2 * self.before}" if self.before == self.after else f"{self.before} + {self.after}"
        value = f"{self.slack / self.stride + 1:g}" if self.remainder else str(self.slack // self.stride + 1)
        if self.remainder and self.rounding != "exact":
            value += f" → {self.positions}"
        return f"({self.size} − {self.extent} + {padding})/{self.stride} + 1 = {value}"


WindowAxes = tuple[WindowAxis, WindowAxis]
"""The axes along height and width."""


class Windowed(Layer):
    """A layer whose window slides over the map."""

    window: ClassVar[str] = "kernel_size"
    """The field that holds the window's size."""

    storage: ClassVar[Storage | None] = Storage.OWN

    @property
    def slides(self) -> bool:
        """Whether the window slides, unlike one that covers the whole map."""
        return True

    def axes(self, inputs: Shapes) -> WindowAxes:
        """Return the axes along height and width; only for a layer that `slides`."""
        raise NotImplementedError

    @property
    def period(self) -> tuple[int, int]:
        height, width = self.value_in_force("stride")
        return height, width

    def rounds(self, inputs: Shapes) -> tuple[bool, bool]:
        height, width = (axis.remainder > 0 or axis.stride > axis.extent > 1 for axis in self.axes(inputs))
        return height, width

    def receptive_field(self, inputs: Shapes) -> ReceptiveField:
        height, width = (axis.reach for axis in self.axes(inputs))
        return ((height, width),)

    def spell_out(self) -> Layer:
        """Return the layer with `P=same` as pixels at a stride of 1, where these do not depend on the input's size."""
        kernel = read_kernel(self)
        if kernel is None or kernel[1] != (1, 1) or getattr(self, "padding", None) != "same":
            return self
        windows = zip(kernel[0], getattr(self, "dilation", (1, 1)), strict=True)
        sides = tuple(compute_same_padding(1, window, 1, dilation) for window, dilation in windows)
        return self.model_copy(update={"padding": sides})

    def notes(self, inputs: Shapes) -> tuple[LayerNote, ...]:
        return find_notes(self.axes(inputs), self.window)

    def formula(self, inputs: Shapes) -> str:
        return format_arithmetic(self.axes(inputs))


def describe_window(layer: Layer | None) -> tuple[Any, ...] | str | None:
    """Return what layers that may be wrong in the same way have in common: their window, or their kind without one."""
    window = tuple(getattr(layer, name, None) for name in ("kernel_size", "stride", "padding", "dilation"))
    return window if window[0] else layer.kind if layer else None


def read_kernel(layer: Layer | None) -> tuple[Pair, Pair] | None:
    """Return the size of a layer's kernel and its stride; None for a layer without one, or that covers a whole map."""
    kernel_size, stride = (getattr(layer, name, None) for name in ("kernel_size", "stride"))
    return (kernel_size, stride or kernel_size) if kernel_size else None


def make_axes(
    inputs: Shapes,
    kernel_size: tuple[int, int],
    stride: tuple[int, int],
    padding: Padding,
    dilation: tuple[int, int] = (1, 1),
    rounding: Rounding = "exact",
) -> WindowAxes:
    """Return the axes of a window over the input map, along height and width; raises LayerError for a vector."""

    def axis(i: int, size: int) -> WindowAxis:
        sides = compute_same_padding(size, kernel_size[i], stride[i], dilation[i]) if padding == "same" else padding[i]
        return WindowAxis(size, kernel_size[i], stride[i], dilation[i], *sides, rounding)

    height, width, _ = require_map(inputs)
    return axis(0, height), axis(1, width)


def format_rule(axes: WindowAxes) -> str:
    """Return the formula in letters, with D if a window is dilated."""
    window = "D(F − 1) − 1" if any(axis.dilation > 1 for axis in axes) else "F"
    return f"(N − {window} + 2P)/S + 1"


def compute_positions(axes: WindowAxes, window: str, otherwise: str = "") -> tuple[int, int]:
    """Return the output's height and width; raises LayerError if the window does not fit or leaves pixels unread.

    `window` is the field that holds the window's size; `otherwise` says what a line may have in place of `floor`.
    """
    for name, axis in zip(AXES, axes, strict=True):
        if axis.positions < 1:
            raise LayerError(
                Code.E302,
                f"has a window larger than its padded input: {axis.extent} > {axis.size + axis.before + axis.after}"
                + _along(name, axes),
                (window,),
                f"{axis.size} + {axis.before} + {axis.after} in {name}",
            )
        if axis.rounding == "exact" and axis.loses_pixels:
            lines = _lines(axis.unread, name, axes)
            raise LayerError(
                Code.E301,
                f"leaves real pixels unread: {axis.arithmetic}" + _along(name, axes),
                (window, "stride"),
                f"{format_rule(axes)} = {axis.arithmetic}",
                (f"rounding down (`floor`) would leave the last {lines} of the input unread{otherwise}",),
            )
    return axes[0].positions, axes[1].positions


def find_notes(axes: WindowAxes, window: str) -> tuple[LayerNote, ...]:
    """Return notes on unread padding, and on strides larger than the window."""
    remarks = []
    name, axis = next(((n, a) for n, a in zip(AXES, axes, strict=True) if a.stride > a.extent > 1), (None, axes[0]))
    if name:
        fact = f"skips pixels: its stride {axis.stride} is larger than its window {axis.extent}"
        remarks.append(LayerNote(Code.W303, fact, (window, "stride")))
    rounded = next(((n, a) for n, a in zip(AXES, axes, strict=True) if a.rounding == "exact" and a.remainder), None)
    if rounded:
        name, axis = rounded
        if axis.unread <= 0:
            fact = f"leaves the last {_lines(axis.remainder, name, axes)} of padding unread"
            remarks.append(LayerNote(Code.N301, fact, ("padding",), axis.arithmetic))
        elif axis.extent == 1 and not remarks:
            fact = f"reads one pixel in {axis.stride}"
            remarks.append(LayerNote(Code.N302, fact, (window, "stride"), axis.arithmetic))
    return tuple(remarks)


def format_arithmetic(axes: WindowAxes) -> str:
    """Return the arithmetic of both axes, only once if they are equal."""
    height, width = axes
    return height.arithmetic if height == width else f"{height.arithmetic}; {width.arithmetic}"


def pad_in_module(axes: WindowAxes, fill: float = 0.0) -> tuple[tuple[TorchCall, ...], int | tuple[int, ...]]:
    """Return the calls to make before a module, and the module's `padding` argument.

    torch's modules pad both sides alike; any other padding needs a call of its own.
    """
    if is_symmetric(axes):
        return (), collapse_pair((axes[0].before, axes[1].before))
    return (make_pad_call(axes, fill),), 0


def make_pad_call(axes: WindowAxes, fill: float) -> TorchCall:
    """Return the call that pads a map with `fill`."""
    return TorchCall("F.pad", pad=compute_pad_sides(axes), mode="constant", value=fill or None)


def is_symmetric(axes: WindowAxes) -> bool:
    """Whether the padding before equals the padding after, as torch's modules require."""
    return all(axis.before == axis.after for axis in axes)


def compute_pad_sides(axes: WindowAxes) -> tuple[int, int, int, int]:
    """Return the padding left, right, top and bottom, without the rows that no window reads.

    torch's ceil_mode would add a window there.
    """
    height, width = axes
    return width.before, width.read_after, height.before, height.read_after


def count_padded(axes: WindowAxes, channels: int) -> int:
    """Return the elements of a map of so many channels with the padding that `make_pad_call` adds."""
    height, width = (axis.size + axis.before + axis.read_after for axis in axes)
    return height * width * channels


def keep_read(axes: WindowAxes, channels: int) -> Kept:
    """Return what a module keeps that reads the input, or a padded copy where the padding is a call of its own."""
    return KEEPS_INPUT if is_symmetric(axes) else Kept(elements=count_padded(axes, channels))


def _along(name: str, axes: WindowAxes) -> str:
    return "" if axes[0] == axes[1] else f" in {name}"


def _lines(number: int, name: str, axes: WindowAxes) -> str:
    """Return `row and column` if the axes are equal, else `row`, `2 columns` …"""
    plural = "s" if number > 1 else ""
    amount = f"{number} " if number > 1 else ""
    if axes[0] == axes[1]:
        return f"{amount}row{plural} and column{plural}"
    return f"{amount}{'row' if name == 'height' else 'column'}{plural}"
