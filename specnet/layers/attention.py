"""attention: multi-head attention, `attention heads=12`, in windows, `window=7 shift=3`, to another value, `@memory`.

Vaswani et al. 2017, "Attention is all you need", 3.2.2.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import gcd, prod
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, model_validator

from specnet.attributes import LARGEST, Count, Pair
from specnet.diagnostics import Code
from specnet.layers.base import (
    Family,
    Layer,
    LayerError,
    Shape,
    Shapes,
    TorchCall,
    format_shape,
    is_map,
    is_sequence,
    require_map,
    require_positions,
    split_groups,
)
from specnet.layers.base.alternatives import Alternative, Alternatives, list_divisors, vary_groups
from specnet.layers.base.families import FREEZE, Freeze
from specnet.layers.base.shapes import AXES_BY_RANK, join_words
from specnet.layers.base.steps import Step, Steps
from specnet.layers.base.traits import (
    SAME_POSITION,
    Arity,
    Autocast,
    Elements,
    Kept,
    Reach,
    ReceptiveField,
    Storage,
    Trait,
    Traits,
    Workload,
)

DIVISIONS = {"window": "windows", "patch": "patches", "reduce": "blocks"}
"""What the fields divide the positions into."""

BACK = "back in their places"
"""What becomes of the positions of windows or patches at last."""

WINDOWED = "modules.WindowAttention"


class Attention(Layer):
    """Each position is a mean of what all positions hold, weighted by how well they match it, in every head.

    L×C → L×C of a sequence, H×W×C → H×W×C of a map. The queries, keys and values are linear in the channels, softmax of
    q·kᵀ/√(C/heads) weighs the values, and the heads' results are projected to C channels. Of two inputs, the first has
    the queries and the second, `@memory`, of any length and number of channels, the keys and values, all of them.

    `window=7` divides a map into windows of 7×7, and a sequence into runs of 7, whose positions attend to each other;
    `shift=3` moves the windows by so many positions, not across the edges and not where one window covers all (Swin,
    Liu et al. 2021). `patch=2` lets those attend to each other that are at the same place of each 2×2 patch (MobileViT,
    Mehta and Rastegari 2021), `patch=H//7` those of a grid of 7×7 (MaxViT, Tu et al. 2022). `reduce=2` takes keys and
    values from a map that a convolution has reduced by 2 (PVT, Wang et al. 2021). `bias=relative` adds a learned number
    for each head and each distance among the positions, or patches, that attend to each other.
    """

    family: ClassVar[Family] = Family.ATTENTION
    arity: ClassVar[Arity] = Arity(1, 2)
    storage: ClassVar[Storage | None] = Storage.OWN
    kind_traits: ClassVar[Traits] = frozenset({Trait.LEARNS_WEIGHT})
    autocast: ClassVar[Autocast] = Autocast.LOWER
    flattens: ClassVar[bool] = True
    preserves_shape: ClassVar[bool] = True

    heads: Count = Field(description="number of heads, which divides the channels")
    qkv_bias: bool = Field(True, description="learned number added to each query, key and value")
    window: Pair | None = Field(None, description="window whose positions attend to each other, as 7 or 7x7")
    shift: Annotated[int, Field(ge=0, le=LARGEST)] = Field(0, description="positions by which the windows are moved")
    patch: Count | None = Field(None, description="patch of whose places each attends to its own, as 2")
    reduce: Count | None = Field(None, description="factor by which keys and values are reduced, as 2")
    bias: Literal["relative"] | None = Field(None, description="number added by distance, `relative`")
    freeze: Freeze = FREEZE

    @model_validator(mode="after")
    def _one_way_of_choosing(self) -> Attention:
        ways = [name for name in ("window", "patch", "reduce") if getattr(self, name)]
        if len(ways) > 1:
            raise ValueError(f"takes only one of `window`, `patch` and `reduce`, not {join_words(ways)}")
        if self.bias and self.reduce:
            raise ValueError("takes no `bias=relative` with `reduce`")
        if self.shift and not self.window:
            raise ValueError("takes `shift` with `window` only")
        if self.window and self.shift >= min(self.window):
            raise ValueError(f"takes a `shift` below its window, {min(self.window)}")
        return self

    @property
    def workload(self) -> Workload:
        return Workload.MATMUL

    def notation(self, with_stride: bool = False) -> str:
        """Return `attention, 3 heads, windows of 7, shifted by 3`."""
        sizes = self.window or ()
        window = f"windows of {format_shape(sizes if len({*sizes}) > 1 else sizes[:1])}" if sizes else ""
        shift = f"shifted by {self.shift}" if self.shift else ""
        patch = f"by place in {self.patch}×{self.patch} patches" if self.patch else ""
        reduced = f"keys reduced by {self.reduce}" if self.reduce else ""
        heads = f"{self.heads} head{'s' if self.heads > 1 else ''}"
        return ", ".join(filter(None, [self.kind, heads, window, shift, patch, reduced]))

    @property
    def slides(self) -> bool:
        return True

    @property
    def period(self) -> tuple[int, int]:
        every = self.patch or self.reduce
        return self.window or (every or 1, every or 1)

    @property
    def channel_period(self) -> int:
        return self.heads

    def output(self, inputs: Shapes) -> Shape:
        shape = require_positions(inputs)
        if len(inputs) == 2:
            self._check_memory(inputs)
        split_groups(shape[-1], self.heads, "channels", "heads", "heads")
        if self.patch or self.reduce:
            require_map(inputs)
        for field in ("window", "patch", "reduce"):
            if getattr(self, field):
                self._check_division(shape, field)
        return shape

    def _check_memory(self, inputs: Shapes) -> None:
        """Refuse a second input beside what divides the first, and one that is a vector."""
        for field in ("window", "patch", "reduce", "bias"):
            if getattr(self, field):
                raise LayerError(Code.E305, f"takes no `{field}` when it attends to another value", (field,))
        if len(inputs[1]) == 1:
            fact = f"attends to the positions of a map or a sequence, and a vector of {inputs[1][0]} has none"
            raise LayerError(Code.E305, fact, arms=(1,))

    def _check_division(self, shape: Shape, field: str) -> None:
        """Refuse positions that cannot be divided into equal windows or patches along an axis."""
        sizes = getattr(self, field) if field == "window" else (getattr(self, field),) * 2
        if is_sequence(shape) and len(set(sizes)) > 1:
            fact = f"takes windows of {format_shape(sizes)} of a map only, not of a sequence of {format_shape(shape)}"
            raise LayerError(Code.E305, fact, (field,))
        for name, size, part in zip(AXES_BY_RANK[len(shape)], shape[:-1], sizes, strict=False):
            if size % part:
                fact = f"cannot divide a {name} of {size} into {DIVISIONS[field]} of {part}"
                raise LayerError(Code.E304, fact, (field,), f"{size}/{part} = {size / part:g}")

    def parameters(self, inputs: Shapes) -> Mapping[str, tuple[int, ...]]:
        channels, memory = inputs[0][-1], inputs[-1][-1]
        table = self._count_distances(inputs[0])
        learned: dict[str, tuple[int, ...]] = {}
        if table:
            learned["bias_table"] = (table, self.heads)
        if len(inputs) == 2 or self.reduce:
            learned |= self._project("q", channels, channels) | self._project("kv", memory, 2 * channels)
        else:
            learned |= self._project("qkv", channels, 3 * channels)
        learned |= {"proj.weight": (channels, channels), "proj.bias": (channels,)}
        if self.reduce:
            learned |= {"sr.weight": (channels, channels, self.reduce, self.reduce), "sr.bias": (channels,)}
            learned |= {"norm.weight": (channels,), "norm.bias": (channels,)}
        return learned

    def _project(self, name: str, read: int, made: int) -> dict[str, tuple[int, ...]]:
        learned: dict[str, tuple[int, ...]] = {f"{name}.weight": (made, read)}
        if self.qkv_bias:
            learned[f"{name}.bias"] = (made,)
        return learned

    def buffers(self, inputs: Shapes) -> Mapping[str, tuple[int, ...]]:
        positions = prod(self._find_window(inputs[0]))
        return {"distances": (positions, positions)} if self.bias else {}

    def macs(self, inputs: Shapes) -> int:
        """Return those of the projections, and 2·L·M·C of q·kᵀ and the weighted sum, where each of L reads M positions.

        A reduction has those of its convolution.
        """
        queries, channels = prod(inputs[0][:-1]), inputs[0][-1]
        keys, memory = self._count_keys(inputs), inputs[-1][-1]
        projections = 2 * queries * channels**2 + 2 * keys * memory * channels
        reduction = keys * channels**2 * self.reduce**2 if self.reduce else 0
        return projections + reduction + 2 * queries * self._count_read(inputs) * channels

    def _count_keys(self, inputs: Shapes) -> int:
        """Return the number of positions that have a key and a value."""
        return prod(inputs[-1][:-1]) // (self.reduce or 1) ** 2

    def _count_read(self, inputs: Shapes) -> int:
        """Return the number of positions that each query reads."""
        return prod(self._find_window(inputs[0])) if self.window or self.patch else self._count_keys(inputs)

    def _find_window(self, shape: Shape) -> tuple[int, int]:
        """Return how many positions along height and width attend to each other; a sequence has a height of 1."""
        if is_sequence(shape):
            return 1, self.window[0] if self.window else shape[0]
        patch = self.patch or 1
        return self.window or (shape[0] // patch, shape[1] // patch)

    def _find_shift(self, shape: Shape) -> tuple[int, int]:
        """Return the shift along height and width: 0 where one window covers the axis."""
        window, sizes = self._find_window(shape), (1, shape[0]) if is_sequence(shape) else shape[:2]
        height, width = (self.shift if part < size else 0 for part, size in zip(window, sizes, strict=True))
        return height, width

    def _count_distances(self, shape: Shape) -> int:
        """Return the number of distances between two positions of a window; 0 without `bias=relative`."""
        return prod(2 * size - 1 for size in self._find_window(shape)) if self.bias else 0

    def receptive_field(self, inputs: Shapes) -> ReceptiveField:
        """Return the whole input, or a window; what is at one place of each patch is all over the map.

        Of two inputs, a position reads the query at its own place, and all of the other.
        """
        if len(inputs) == 2:
            return SAME_POSITION, Elements.ALL
        if self.patch:
            return (Elements.SOME,)
        if not self.window:
            return (Elements.ALL,)
        if is_sequence(inputs[0]):
            return (Elements.SOME,)
        height, width = (
            Reach(0, part - 1, window=part, shift=shift)
            for part, shift in zip(self.window, self._find_shift(inputs[0]), strict=True)
        )
        return ((height, width),)

    def kept(self, inputs: Shapes) -> Kept | None:
        """Return what is projected, queries, keys and values, the result of all heads, and the logarithms of its sums.

        On a CPU, a learned bias has no fused kernel: the weights of all positions are kept, and what they came from.
        """
        queries, shifted = prod(inputs[0]), any(self._find_shift(inputs[0]))
        read, copied = self._list_read(inputs)
        values = 2 * self._count_keys(inputs) * inputs[0][-1]
        sums, reduced = self.heads * prod(inputs[0][:-1]), values if self.reduce else 0
        fused = Kept(
            inputs=read,
            elements=copied + reduced + 2 * queries + values + (queries if shifted else 0),
            fp32=sums + (2 * self._count_keys(inputs) if self.reduce else 0),
            shared=self._count_masked(inputs[0]),
        )
        if not self.bias:
            return fused
        unfused = 3 * queries + sums * self._count_read(inputs)
        return fused._replace(on_cpu=Kept(inputs=read, elements=copied + queries, fp32=unfused))

    def _list_read(self, inputs: Shapes) -> tuple[tuple[int, ...], int]:
        """Return the inputs that are projected as they are, and the elements of those whose positions are moved."""
        moved = [is_map(shape) or any(self._find_shift(inputs[0])) for shape in inputs]
        read = tuple(place for place, is_moved in enumerate(moved) if self.reduce or not is_moved)
        return read, sum(prod(shape) for shape, is_moved in zip(inputs, moved, strict=True) if is_moved)

    def _count_masked(self, shape: Shape) -> int:
        """Return the elements of the mask: a bias of two positions for each head, and for each window if shifted."""
        shifted = any(self._find_shift(shape))
        if not (shifted or self.bias):
            return 0
        positions = prod(self._find_window(shape))
        return self.heads * positions * (prod(shape[:-1]) if shifted else positions)

    def scratch(self, inputs: Shapes) -> int:
        """Return queries, keys and values and the result of all heads.

        Of windows on a map also the result before it is put into place; of shifted ones copies of all, and the input
        moved by the shift.
        """
        queries, values = prod(inputs[0]), 2 * self._count_keys(inputs) * inputs[0][-1]
        elements, placed = 2 * queries + values, queries if self.window and is_map(inputs[0]) else 0
        if any(self._find_shift(inputs[0])):
            return 2 * elements + queries + placed
        return elements + placed + (values // 2 if self.reduce else 0)

    def backward_scratch(self, inputs: Shapes) -> int:
        """Return the gradients of the result and of queries, keys and values, less those of the inputs and the output.

        At that moment, the gradient of the output has been used, and those of the inputs are still to be computed.
        """
        queries, values = prod(inputs[0]), 2 * self._count_keys(inputs) * inputs[0][-1]
        copied = (4 if is_map(inputs[0]) else 3) * queries if any(self._find_shift(inputs[0])) else 0
        return max(0, queries + values - sum(map(prod, inputs)) + copied)

    def alternatives(self, inputs: Shapes, wanted: Shape | None) -> Alternatives:
        yield from vary_groups("heads", self.heads, inputs[0][-1])
        for field in ("window", "patch", "reduce"):
            if getattr(self, field):
                yield from self._vary_division(field, gcd(*inputs[0][:-1]))
        if self.window and self.shift:
            yield from (Alternative("shift", shift, 1.2) for shift in {min(self.window) // 2, 0} - {self.shift})

    def _vary_division(self, field: str, size: int) -> Alternatives:
        now = max(self.window) if self.window else getattr(self, field)
        nearest = sorted(list_divisors(size), key=lambda number: abs(number - now))
        yield from (Alternative(field, part, 1.1 + 0.05 * place) for place, part in enumerate(nearest))

    def torch(self, inputs: Shapes) -> tuple[TorchCall, ...]:
        """Return the module; to attention in windows, a sequence is a map of one row."""
        target, own = self._choose_module(inputs)
        module = TorchCall(target, channels=inputs[0][-1], heads=self.heads, **own, qkv_bias=self.qkv_bias)
        if target != WINDOWED or is_map(inputs[0]):
            return (module,)
        swap = TorchCall("torch.transpose", dim0=1, dim1=2)
        return swap, TorchCall("torch.unsqueeze", dim=2), module, TorchCall("torch.squeeze", dim=2), swap

    def _choose_module(self, inputs: Shapes) -> tuple[str, dict[str, Any]]:
        """Return the module and the arguments that are its own."""
        shape = inputs[0]
        if len(inputs) == 2:
            return "modules.CrossAttention", {"memory_channels": inputs[1][-1]}
        if self.patch and self.bias:
            return "modules.GridAttention", {"window": self._find_window(shape), "shift": (0, 0), "relative": True}
        if self.window or self.bias:
            window, shift = self._find_window(shape), self._find_shift(shape)
            return WINDOWED, {"window": window, "shift": shift, "relative": bool(self.bias)}
        if self.reduce:
            return "modules.ReducedAttention", {"reduce": self.reduce}
        if self.patch:
            return "modules.PatchAttention", {"patch": self.patch}
        return ("modules.MapAttention" if is_map(shape) else "modules.Attention"), {}

    def steps(self, inputs: Shapes) -> Steps:
        """Return those of figure 2 of Vaswani et al.; behind what divides the positions or reduces them, if it does."""
        first, channels = self._prepare(inputs[0]), inputs[0][-1]
        source: int | str = first[0].name if first else 0
        query, memory = 0 if self.reduce else source, 1 if len(inputs) == 2 else source
        outer, queries = self._group(inputs[0]), prod(inputs[0][:-1])
        keys, each = self._count_read(inputs), channels // self.heads
        heads, length = (*outer, self.heads), queries // prod(outer)
        products = queries * keys * channels
        table, back = self._count_distances(inputs[0]) * self.heads, ((BACK, Family.RESHAPING),) * len(outer)
        project = Step("proj", f"linear {channels}", Family.DENSE, ("mean",), inputs[0], back)
        return (
            *first,
            self._read("q", query, channels, queries, (*heads, length, each)),
            self._read("k", memory, inputs[-1][-1], self._count_keys(inputs), (*heads, keys, each)),
            self._read("v", memory, inputs[-1][-1], self._count_keys(inputs), (*heads, keys, each)),
            Step("weights", f"q·kᵀ/√{each}", self.family, ("q", "k"), (*heads, length, keys))._replace(
                then=self._weigh(inputs[0]), parameters=table, macs=products
            ),
            Step("mean", "weights·v", self.family, ("weights", "v"), (*outer, length, channels))._replace(
                then=(("heads side by side", Family.RESHAPING),) * (self.heads > 1), macs=products
            ),
            project._replace(parameters=channels * (channels + 1), macs=queries * channels**2),
        )

    def _read(self, name: str, source: int | str, read: int, positions: int, shape: Shape) -> Step:
        """Return the step that makes the queries, keys or values of all heads from `read` channels of each position."""
        made = shape[-1] * self.heads
        step = Step(name, f"linear {made}", Family.DENSE, (source,), shape)
        return step._replace(parameters=made * (read + self.qkv_bias), macs=positions * read * made)

    def _group(self, shape: Shape) -> Shape:
        """Return the number of windows, or of places in a patch, as a shape; empty if all positions are together."""
        groups = prod(shape[:-1]) // prod(self._find_window(shape)) if self.window else (self.patch or 1) ** 2
        return (groups,) if groups > 1 else ()

    def _prepare(self, shape: Shape) -> Steps:
        """Return the step before all others, if there is one: that into windows or patches, or the reduction."""
        if self.reduce:
            return (self._reduce(shape, self.reduce),)
        outer = self._group(shape)
        text = f"{self.patch}×{self.patch}, by place" if self.patch else self._describe_window(shape)
        shape = (*outer, prod(shape[:-1]) // prod(outer), shape[-1])
        step = Step("patches" if self.patch else "windows", text, Family.RESHAPING, (0,), shape)
        return (step,) * len(outer)

    def _describe_window(self, shape: Shape) -> str:
        window, shift = self._find_window(shape), max(self._find_shift(shape))
        return (format_shape(window) if is_map(shape) else f"{window[1]}") + f", shifted by {shift}" * bool(shift)

    def _reduce(self, shape: Shape, factor: int) -> Step:
        height, width, channels = shape
        smaller = (height // factor, width // factor, channels)
        text = f"conv K={channels} F={factor} S={factor}"
        step = Step("reduced", text, Family.CONVOLUTION, (0,), smaller, (("ln", Family.NORMALISATION),))
        weights = channels**2 * factor**2
        return step._replace(parameters=weights + 3 * channels, macs=weights * prod(smaller[:2]))

    def _weigh(self, shape: Shape) -> tuple[tuple[str, Family], ...]:
        """Return what is added to the products, and the softmax that makes weights of them."""
        bias = (("+ bias by distance", Family.JOIN),) * bool(self.bias)
        mask = (("+ mask between windows", Family.JOIN),) * bool(any(self._find_shift(shape)))
        return *bias, *mask, ("softmax", Family.ACTIVATION)
