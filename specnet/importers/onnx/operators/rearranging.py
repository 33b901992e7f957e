"""Operators that move, cut and join values without computing."""

from __future__ import annotations

from specnet.importers.onnx.building import Conversion, Sizes
from specnet.importers.onnx.evaluation import read_slices, split_evenly

PAD_MODES = {"constant": "constant", "reflect": "reflect", "edge": "replicate", "wrap": "circular"}


def convert_transpose(conversion: Conversion) -> None:
    shape = conversion.shape()
    dims = tuple(conversion.node.get("perm") or range(len(shape))[::-1])
    if sorted(dims) != [*range(len(shape))]:
        raise conversion.error(f"has no order of {len(shape)} axes")
    conversion.give("permute", [conversion.input()], [shape[axis] for axis in dims], dims=dims)


def convert_concat(conversion: Conversion) -> None:
    names = [name for name in conversion.node.inputs if name]
    shapes = [conversion.program.shapes[name] for name in names]
    axis = conversion.axis(1)
    if len({shape[:axis] + shape[axis + 1 :] for shape in shapes}) != 1:
        raise conversion.error("joins values that differ in other sizes than along its axis")
    first = shapes[0]
    sizes = (*first[:axis], sum(shape[axis] for shape in shapes), *first[axis + 1 :])
    conversion.give("cat", names, sizes, dim=axis)


def convert_split(conversion: Conversion) -> None:
    shape, axis = conversion.shape(), conversion.axis(0)
    outputs = conversion.node.outputs
    sizes = conversion.integers(1, "split")
    sizes = sizes or split_evenly(shape[axis], conversion.node.get("num_outputs") or len(outputs))
    if len(sizes) != len(outputs) or sum(sizes) != shape[axis]:
        raise conversion.error(f"has parts of {'+'.join(map(str, sizes))}, and its input has {shape[axis]}")
    start = 0
    for place, size in enumerate(sizes):
        made = (*shape[:axis], size, *shape[axis + 1 :])
        if outputs[place]:
            attributes = {"dim": axis, "start": start, "end": start + size, "step": 1}
            conversion.give("slice", [conversion.input()], made, place, **attributes)
        start += size


def convert_slice(conversion: Conversion) -> None:
    places = range(1, len(conversion.node.inputs))
    given = [conversion.array(place) if conversion.node.has_input(place) else None for place in places]
    sizes, name, cuts = list(conversion.shape()), conversion.input(), []
    for axis, start, end, step in read_slices(conversion.node, [None, *given], len(sizes)):
        first, last, by = slice(start, end, step).indices(sizes[axis])
        count = len(range(first, last, by))
        if (first, count, by) == (0, sizes[axis], 1):
            continue
        if by < 0 and count != sizes[axis]:
            raise conversion.refuse("it goes backwards through a part of an axis")
        sizes[axis] = count
        attributes = {"dims": (axis,)} if by < 0 else {"dim": axis, "start": first, "end": last, "step": by}
        cuts.append(("flip" if by < 0 else "slice", tuple(sizes), attributes))
    if not cuts:
        conversion.give("identity", [name], sizes)
    for place, (kind, made, attributes) in enumerate(cuts):
        if place == len(cuts) - 1:
            conversion.give(kind, [name], made, **attributes)
        else:
            name = conversion.emit(kind, [name], made, **attributes)


def convert_gather(conversion: Conversion) -> None:
    """One index is a selection, and a row of them at equal distances a slice, perhaps in another shape."""
    shape, axis, indices = conversion.shape(), conversion.axis(0), conversion.input(1)
    before, behind = shape[:axis], shape[axis + 1 :]
    made = (*before, *conversion.shape(1), *behind)
    if not conversion.program.is_small(indices):
        kind = "embedding" if conversion.program.is_constant(conversion.input()) and axis == 0 else "gather"
        conversion.give(kind, (conversion.input(), indices), made)
        return
    numbers = _count_places(conversion, shape[axis])
    if not conversion.shape(1):
        conversion.give("select", [conversion.input()], made, dim=axis, index=numbers[0])
        return
    first, step = numbers[0], (numbers[1] - numbers[0] if len(numbers) > 1 else 1)
    if step < 1 or numbers != [*range(first, numbers[-1] + 1, step)]:
        conversion.give("index_select", (conversion.input(), indices), made, dim=axis)
        return
    attributes = {"dim": axis, "start": first, "end": numbers[-1] + 1, "step": step}
    if len(conversion.shape(1)) == 1:
        conversion.give("slice", [conversion.input()], made, **attributes)
        return
    part = conversion.emit("slice", [conversion.input()], (*before, len(numbers), *behind), **attributes)
    conversion.give("reshape", [part], made, shape=made)


def _count_places(conversion: Conversion, size: int) -> list[int]:
    """Return the indices, counted from the beginning of the axis."""
    numbers = [int(number) for number in conversion.array(1).reshape(-1)]
    if not numbers or any(not -size <= number < size for number in numbers):
        raise conversion.error(f"takes places that an axis of {size} does not have")
    return [number % size for number in numbers]


def convert_pad(conversion: Conversion) -> None:
    shape = conversion.shape()
    pads = conversion.integers(1, "pads") or conversion.node.get("paddings") or []
    axes = conversion.integers(3) if conversion.node.has_input(3) else [*range(len(shape))]
    axes = [conversion.count_axis(axis, len(shape)) for axis in axes or []]
    mode = conversion.node.get("mode", "constant")
    if len(pads) != 2 * len(axes) or mode not in PAD_MODES:
        raise conversion.error("pads other axes than its input has, or in a way that is not known")
    pairs = [(0, 0)] * len(shape)
    for place, axis in enumerate(axes):
        pairs[axis] = pads[place], pads[place + len(axes)]
    sizes = [size + before + behind for size, (before, behind) in zip(shape, pairs, strict=True)]
    value = conversion.number(2, "value", 0.0)
    attributes = {"padding": tuple(pairs), "mode": PAD_MODES[mode], "value": value}
    conversion.give("pad", [conversion.input()], sizes, **attributes)


def convert_depth_to_space(conversion: Conversion) -> None:
    """Channels become places: CRD is torch's pixel shuffle, and DCR has the places outside of the channels."""
    batch, channels, height, width = conversion.shape()
    block = conversion.node.get("blocksize", 0)
    if block < 1 or channels % block**2:
        raise conversion.error(f"makes blocks of {block}×{block} of {channels} channels")
    made = (batch, channels // block**2, height * block, width * block)
    if conversion.node.get("mode", "DCR") == "CRD":
        conversion.give("pixel_shuffle", [conversion.input()], made, factor=block)
        return
    split = (batch, block, block, made[1], height, width)
    _move(conversion, split, (0, 3, 4, 1, 5, 2), made)


def convert_space_to_depth(conversion: Conversion) -> None:
    """Places become channels, with the places outside of the channels."""
    batch, channels, height, width = conversion.shape()
    block = conversion.node.get("blocksize", 0)
    if block < 1 or height % block or width % block:
        raise conversion.error(f"makes blocks of {block}×{block} of a map of {height}×{width}")
    split = (batch, channels, height // block, block, width // block, block)
    _move(conversion, split, (0, 3, 5, 1, 2, 4), (batch, channels * block**2, height // block, width // block))


def _move(conversion: Conversion, split: Sizes, dims: Sizes, made: Sizes) -> None:
    name = conversion.emit("reshape", [conversion.input()], split, shape=split)
    name = conversion.emit("permute", [name], [split[axis] for axis in dims], dims=dims)
    conversion.give("reshape", [name], made, shape=made)


CONVERTED = {
    "Transpose": convert_transpose,
    "Concat": convert_concat,
    "Split": convert_split,
    "Slice": convert_slice,
    "Gather": convert_gather,
    "Pad": convert_pad,
    "DepthToSpace": convert_depth_to_space,
    "SpaceToDepth": convert_space_to_depth,
}
