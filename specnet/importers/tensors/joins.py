"""Operators of two values, of a value and a constant, and concatenation."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from math import prod

from specnet.importers.imported import Fate, StoredArray
from specnet.importers.tensors.arrays import (
    fill_array,
    map_array,
    permute_array,
    read_uniform,
    reshape_array,
    take_rows,
)
from specnet.importers.tensors.draft import Draft, NoCounterpart, make
from specnet.importers.tensors.fixed import FIXED, REPEATED, add_frozen_scale, collapse, is_fixed, spread
from specnet.importers.tensors.program import Operator
from specnet.importers.tensors.views import Part, View, count_places, cut_parts, join, measure
from specnet.layers.base.traits import Trait

JOINS = {"add": "add", "sub": "sub", "mul": "mul", "maximum": "maximum"}
MERGED = ("add", "mul", "maximum")
"""Joins of more than two arms."""


def lower_binary(draft: Draft, op: Operator) -> None:
    """Two values, or a value and a constant; sizes of 1 are repeated."""
    left, right = (draft.values[name] for name in op.inputs[:2] if name is not None)
    if isinstance(left, View) and isinstance(right, View):
        _join(draft, op, left, right)
    elif isinstance(left, View) and isinstance(right, StoredArray):
        _apply_constant(draft, op, left, right, is_first=True)
    elif isinstance(right, View) and isinstance(left, StoredArray):
        _apply_constant(draft, op, right, left, is_first=False)
    else:
        raise NoCounterpart("it computes with constants only")


def _join(draft: Draft, op: Operator, left: View, right: View) -> None:
    if op.kind not in JOINS:
        raise NoCounterpart(f"no layer joins two values by `{op.kind}`")
    pair = [_fill_rank(view, len(op.shape)) for view in (left, right)]
    wholes = [draft.trim(op, view) for view in pair]
    frame = max(wholes, key=lambda view: (count_places(view.dims), _is_in_order(draft, view)))
    if draft.keeps_tokens and _has_channels_last(frame):
        frame = draft.channels_last(op, frame)
    if frame.shape != op.shape:  # each is repeated along an axis of the other
        draft.bind_node(op, draft.add(op, make(JOINS[op.kind], {}), [_settle(draft, op, view) for view in pair]))
        return
    try:
        nodes = [draft.align(op, view, frame) for view in pair]
    except NoCounterpart:
        node = draft.settle(op, frame, min(3, len(op.shape) - 1))
        frame = View(node, draft.axes(node))
        nodes = [draft.align(op, view, frame) for view in pair]
    draft.bind(op, View(_add_join(draft, op, nodes), frame.dims))


def _is_in_order(draft: Draft, view: View) -> bool:
    """Whether a view has the axes of its node, or of the sequence that it becomes."""
    return view.dims == draft.axes(view.node) or (draft.keeps_tokens and _has_channels_last(view))


def _has_channels_last(view: View) -> bool:
    """Whether a view is N×L×C."""
    return len(view.dims) == 3 and bool(view.dims[-1]) and all(part.axis == "C" for part in view.dims[-1])


def _add_join(draft: Draft, op: Operator, nodes: Sequence[int]) -> int:
    """Add a join; one of another join right before it, which nothing else reads, has the arms of both."""
    first, layer = draft.nodes[nodes[0]], make(JOINS[op.kind], {})
    is_next = nodes[0] == len(draft.nodes) - 1 and draft.is_read_once(op, op.inputs[0])
    if op.kind not in MERGED or first.layer != layer or not is_next or len(set(nodes)) < 2:
        return draft.add(op, layer, nodes)
    node = draft.add(op, layer, (*first.inputs, *nodes[1:]))
    draft.note(first.source, Fate.EQUAL, f"its arms are those of the next `{layer.kind}` here", node)
    return node


def _settle(draft: Draft, op: Operator, view: View) -> int:
    if not 2 <= len(view.dims) <= 4:
        raise NoCounterpart(f"its inputs have {len(view.dims)} axes, and values here at most four")
    return draft.settle(op, view, len(view.dims) - 1)


def _fill_rank(view: View, rank: int) -> View:
    return replace(view, dims=(*((),) * (rank - len(view.dims)), *view.dims))


# Constants


def _apply_constant(draft: Draft, op: Operator, view: View, array: StoredArray, is_first: bool) -> None:
    number = read_uniform(array) if prod(array.shape) == 1 else None
    if number is not None:
        _apply_number(draft, op, view, number, is_first)
        return
    if op.kind not in ("add", "sub", "mul", "div") or (op.kind in ("sub", "div") and not is_first):
        raise NoCounterpart(f"no layer joins a value and an array by `{op.kind}`")
    if op.kind in ("sub", "div"):
        array = map_array(array, "negative" if op.kind == "sub" else "reciprocal")
    whole = draft.channels_last(op, view) if len(view.dims) == 3 else draft.trim(op, view)
    placed = place_constant(draft, whole, array)
    kind = "mul" if op.kind in ("mul", "div") else "add"
    _apply_placed(draft, op, whole, placed, kind)


def _apply_placed(draft: Draft, op: Operator, whole: View, placed: StoredArray, kind: str) -> None:
    """Apply an array whose axes are those of the node: a number for each channel, or one for each element."""
    own = tuple(map(measure, draft.axes(whole.node)[1:]))
    channels, axis = (own[-1], len(own)) if len(own) < 3 else (own[0], 1)
    fixed = is_fixed(draft, op, whole)
    if (numbers := collapse(placed, axis)) is not None:
        draft.note(op.source, Fate.EQUAL, REPEATED)
        _freeze(draft, op, whole, spread(numbers, channels), kind)
    elif prod(placed.shape) == channels and placed.shape[axis] == channels:
        (_freeze if fixed else _scale)(draft, op, whole, reshape_array(placed, (channels,)), kind)
    elif placed.shape[1:] == own and kind == "add" and len(own) > 1 and not whole.rolls:
        _add_positions(draft, op, whole, placed, fixed)
    else:
        raise NoCounterpart("its constant has a number for some positions, which no layer has")


def _add_positions(draft: Draft, op: Operator, whole: View, placed: StoredArray, is_frozen: bool) -> None:
    """Add a number for each element, which is learned unless the source has it as a constant."""
    layer = make("positions", {"embedding": "learned", **({"freeze": "all"} if is_frozen else {})})
    how = (Fate.EQUAL, FIXED) if is_frozen else (Fate.EXACT, "")
    draft.bind(op, replace(whole, node=draft.add(op, layer, [whole.node], {"weight": placed}, *how)))


def _freeze(draft: Draft, op: Operator, whole: View, numbers: StoredArray, kind: str) -> None:
    draft.bind(op, replace(whole, node=add_frozen_scale(draft, op, whole.node, numbers, kind)))


def _scale(draft: Draft, op: Operator, whole: View, numbers: StoredArray, kind: str) -> None:
    """Add the factor or the number of each channel; a number joins a layer before it that has none yet."""
    before = draft.nodes[whole.node]
    can_join = (
        kind == "add" and draft.is_read_once(op) and before.layer and before.layer.kind in ("conv", "fc", "scale")
    )
    if can_join and before.layer and Trait.ADDS_BIAS not in before.layer.traits:
        before.layer = before.layer.model_copy(update={"bias": True})
        before.arrays["bias"] = numbers
        draft.note(op.source, Fate.EQUAL, f"it is the bias of `{before.layer.kind}` here", whole.node)
        draft.bind(op, whole)
        return
    arrays = {"weight": numbers} if kind == "mul" else {"weight": fill_array(numbers.shape, 1.0), "bias": numbers}
    layer = make("scale", {"bias": True} if kind == "add" else {})
    node = draft.add(op, layer, [whole.node], arrays)
    if kind == "add":
        draft.note(op.source, Fate.EQUAL, "a number for each channel is `scale` with factors of 1 here", node)
    draft.bind(op, replace(whole, node=node))


def place_constant(draft: Draft, view: View, array: StoredArray) -> StoredArray:
    """Return a constant with the axes of a node in torch's order behind a batch of 1, each whole or of size 1.

    Raises NoCounterpart if an axis that is divided is repeated in part.
    """
    sizes = (*(1,) * (len(view.dims) - len(array.shape)), *array.shape)
    if len(sizes) > len(view.dims):
        raise NoCounterpart("its constant has more axes than its value")
    pieces = [(part, part.size) if size > 1 else (part, 1) for parts, size in zip(view.dims, sizes, strict=True)
              for part in parts]  # fmt: skip
    for parts, size in zip(view.dims, sizes, strict=True):
        if size not in (1, measure(parts)):
            raise NoCounterpart("its constant repeats its value")
    order, shape = list[int](), [1]
    for axis in draft.axes(view.node)[1:]:
        mine = sorted((i for i, (part, _) in enumerate(pieces) if axis and part.axis == axis[0].axis),
                      key=lambda i: -pieces[i][0].inner)  # fmt: skip
        order += mine
        shape.append(prod(pieces[i][1] for i in mine))
    rest = [i for i in range(len(pieces)) if i not in order]
    split_array = reshape_array(array, [size for _, size in pieces])
    return reshape_array(permute_array(split_array, [*rest, *order]), shape)


def _apply_number(draft: Draft, op: Operator, view: View, number: float, is_first: bool) -> None:
    """Apply one number to all elements."""
    factor, added = {
        "add": (1.0, number),
        "sub": (1.0, -number) if is_first else (-1.0, number),
        "mul": (number, 0.0),
        "div": (1 / number if number else 0.0, 0.0),
    }.get(op.kind, (0.0, 0.0))
    if factor == 0 or (op.kind == "div" and not is_first):
        raise NoCounterpart(f"no layer has `{op.kind}` with the number {number:g}")
    if (factor, added) == (1.0, 0.0):
        draft.note(op.source, Fate.EQUAL, "it changes nothing")
        draft.bind(op, view)
        return
    whole = draft.trim(op, view)
    if not added:
        node = draft.add(op, make("times", {"by": factor}), [whole.node])
    else:
        node = _add_number(draft, op, whole.node, factor, added)
    draft.bind(op, replace(whole, node=node))


def _add_number(draft: Draft, op: Operator, node: int, factor: float, added: float) -> int:
    channels = draft.nodes[node].shape[-1]
    scaled = fill_array((channels,), factor)
    if factor != 1:
        node = add_frozen_scale(draft, op, node, scaled, "mul")
    return add_frozen_scale(draft, op, node, fill_array((channels,), added), "add")


# Concatenation


def lower_cat(draft: Draft, op: Operator) -> None:
    """Values one behind the other along an axis; learned tokens before a sequence are class tokens."""
    values = [draft.values[name] for name in op.inputs if name is not None]
    dim = op.attributes["dim"] % len(op.shape)
    views = [value for value in values if isinstance(value, View)]
    if not views:
        raise NoCounterpart("it joins constants only")
    if len(views) < len(values):
        _add_tokens(draft, op, values, dim)
        return
    if len(views) == 1:
        draft.note(op.source, Fate.EQUAL, "it joins a single value")
        draft.bind(op, views[0])
        return
    if (merged := _merge(views, dim)) is not None:
        draft.note(op.source, Fate.EQUAL, "it puts parts of one value into another order")
        draft.bind(op, replace(merged, sources=(*merged.sources, op.source)))
        return
    if all(view.shape[dim] == 1 for view in views) and not draft.is_map_axis(views[0], dim):
        _stack(draft, op, views, dim)
        return
    _concatenate(draft, op, views, dim)


def _stack(draft: Draft, op: Operator, views: Sequence[View], dim: int) -> None:
    """Join values along a new axis, as groups of channels one behind the other."""
    frame = draft.trim(op, views[0])
    nodes = [draft.align(op, view, frame) for view in views]
    channels = draft.nodes[frame.node].shape[-1]
    node = draft.add(op, make("concat", {}), nodes)
    dims = (*frame.dims[:dim], (Part("C", channels, len(views)),), *frame.dims[dim + 1 :])
    draft.bind(op, View(node, dims))


def _crops_centers(draft: Draft, op: Operator, views: Sequence[View], dim: int) -> bool:
    """Whether maps are joined by their channels, of which larger ones are cut to their middle (U-Net)."""
    if len(op.shape) != 4 or dim != 1 or not any(view.starts for view in views):
        return False
    for view in views:
        shape, size = draft.shape_of(view), op.shape[2:]
        middle = {letter: (shape[at] - size[at]) // 2 for at, letter in enumerate("HW") if shape[at] != size[at]}
        axes = tuple(tuple(replace(part, size=size["HW".index(part.axis)]) if part.axis in middle else part
                           for part in parts) for parts in draft.axes(view.node))  # fmt: skip
        if len(shape) != 3 or view.rolls or view.dims != axes or view.starts != {a: n for a, n in middle.items() if n}:
            return False
    return True


def _concatenate(draft: Draft, op: Operator, views: Sequence[View], dim: int) -> None:
    if _crops_centers(draft, op, views, dim):
        draft.bind_node(op, draft.add(op, make("concat", {"crop": "center"}), [view.node for view in views]))
        return
    frame = draft.trim(op, max(views, key=lambda view: count_places(view.dims)))
    try:
        letter = _find_letter(draft, frame, dim)
        wholes = [draft.trim(op, view) for view in views]
        nodes = [whole.node for whole in wholes]
        same = all(_describe(whole, draft) == _describe(frame, draft) for whole in wholes)
        if not same:
            raise NoCounterpart("the axes of its inputs are divided in different ways")
    except NoCounterpart:
        rank = min(3, len(op.shape) - 1)
        nodes = [draft.settle(op, view, rank) for view in views]
        letter = {4: "?CHW", 3: "?LC", 2: "?C"}[len(op.shape)][dim]
        frame = View(nodes[0], draft.axes(nodes[0]))
    layer = make("concat", {} if letter == "C" else {"axis": letter})
    node = draft.add(op, layer, nodes)
    axes = {part.axis: part for parts in draft.axes(node) for part in parts}
    dims = [join(axes.get(part.axis, part) for part in parts) for parts in frame.dims]
    dims[dim] = (axes[letter],)
    draft.bind(op, View(node, tuple(dims)))


def _find_letter(draft: Draft, frame: View, dim: int) -> str:
    if len(frame.dims[dim]) != 1:
        raise NoCounterpart("it joins along a part of an axis")
    (part,) = frame.dims[dim]
    if (part,) not in draft.axes(frame.node):
        raise NoCounterpart("it joins along a part of an axis")
    return part.axis


def _describe(view: View, draft: Draft) -> tuple[object, ...]:
    """Return the letters of the axes of a view, with the rank of its node."""
    return len(draft.shape_of(view)), tuple(tuple(part.axis for part in parts) for parts in view.dims)


def _add_tokens(draft: Draft, op: Operator, values: Sequence[View | StoredArray], dim: int) -> None:
    *tokens, last = values
    if not isinstance(last, View) or dim != 1 or len(op.shape) != 3 or any(isinstance(each, View) for each in tokens):
        raise NoCounterpart("it joins values with constants, which only learned tokens before a sequence do here")
    node = draft.settle(op, last, 2)
    channels = draft.nodes[node].shape[-1]
    for array in reversed([each for each in tokens if isinstance(each, StoredArray)]):
        rows = reshape_array(array, (prod(array.shape) // channels, channels))
        for place in reversed(range(rows.shape[0])):
            weight = reshape_array(take_rows(rows, [place]), (1, 1, channels))
            node = draft.add(op, make("class_token", {}), [node], {"weight": weight})
    draft.bind_node(op, node)


def _merge(views: Sequence[View], dim: int) -> View | None:
    """Return parts of one value, each beginning at another place, as one view; None if they are no such parts.

    So are the four parts of each 2×2 block, of which each takes one pixel (`space_to_depth`).
    """
    first = views[0]
    is_same = all((view.node, view.dims, view.rolls) == (first.node, first.dims, first.rolls) for view in views)
    return cut_parts(views, dim) if is_same and len(views) > 1 else None


RULES: Mapping[str, Callable[[Draft, Operator], None]] = {
    **dict.fromkeys(("add", "sub", "mul", "div", "maximum", "minimum", "pow"), lower_binary),
    "cat": lower_cat,
}

__all__ = ["RULES", "place_constant"]
