"""Attention: the linear maps before and after it, windows, shifts and biases, as one layer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import Any

from specnet.importers.imported import Fate, StoredArray
from specnet.importers.tensors.arrays import fill_array, reshape_array, scale_array, stack_rows, take_rows
from specnet.importers.tensors.draft import Draft, NoCounterpart, Node, make
from specnet.importers.tensors.masks import read_mask
from specnet.importers.tensors.program import Operator
from specnet.importers.tensors.views import Part, Parts, View, measure

PART = "it is part of `attention` here"
NORM_EPS = 1e-5
"""Of the norm within attention with `reduce`."""

ALONE = "its result is not projected by a linear layer, as that of `attention` is"


@dataclass(frozen=True)
class Projection:
    """Queries, keys or values as rows of a linear map: the node that computes it, and the rows of each head."""

    node: int
    rows: tuple[int, ...]
    heads: int
    batch: tuple[Parts, ...]
    """The axes of the windows that attend to themselves, of the batch and of the heads."""
    positions: Parts


@dataclass(frozen=True)
class Attending:
    """Attention before its projection: the nodes that it reads, what it is, and the tensors that it has so far."""

    inputs: tuple[int, ...]
    attributes: Mapping[str, Any]
    arrays: Mapping[str, StoredArray]
    op: Operator
    linear: tuple[int, ...]
    notes: tuple[str, ...] = ()


def lower_attention(draft: Draft, op: Operator) -> None:
    """softmax(q·kᵀ·scale + mask)·v of linear maps of a value; it becomes a layer when it is projected."""
    query, key, value = (_find_projection(draft, op, place) for place in range(3))
    view = draft.view(op)
    if not (query.heads == key.heads == value.heads and len(query.rows) == len(key.rows) == len(value.rows)):
        raise NoCounterpart("its queries, keys and values have other numbers of channels")
    if key.positions != value.positions:
        raise NoCounterpart("its keys and values are at other positions")
    reads = [_find_input(draft, each) for each in (query, key, value)]
    if reads[1] != reads[2]:
        raise NoCounterpart("its keys and values are of two values")
    channels = draft.nodes[reads[0]].shape[-1]
    if len(query.rows) != channels:
        raise NoCounterpart(
            f"its heads have {len(query.rows)} channels, and `attention` as many as it reads, {channels}"
        )
    is_self = reads[0] == reads[1]
    each = len(query.rows) // query.heads
    factor = op.attributes["scale"] * each**0.5
    attributes: dict[str, Any] = {"heads": query.heads}
    arrays = dict(_list_arrays(draft, (query, key, value), is_self, factor))
    notes = ["queries are scaled by their weights here"] if abs(factor - 1) > 1e-4 else []
    if is_self:
        mask = draft.constant(op, 3) if len(op.inputs) > 3 else None
        found, table, more = _describe_windows(draft, op, view, query, mask)
        attributes |= found
        arrays |= {"bias_table": table} if table else {}
        notes += more
    elif len(op.inputs) > 3 and op.inputs[3]:
        raise NoCounterpart("it has a mask, and `attention` to another value takes none")
    if not any(role.endswith("bias") and role != "bias_table" for role in arrays):
        attributes["qkv_bias"] = False
    linear = tuple(dict.fromkeys((query.node, key.node, value.node)))
    inputs = (reads[0],) if is_self else (reads[0], reads[1])
    if not is_self and (reduced := _find_reduction(draft, *reads[:2])):
        inputs, linear = inputs[:1], (*linear, *reduced)
        attributes |= {"reduce": _get(draft, reduced[0], "stride")[0]}
        for role, node in zip(("sr", "norm"), reduced, strict=True):
            arrays |= {f"{role}.{name}": array for name, array in draft.nodes[node].arrays.items()}
    facts = Attending(inputs, attributes, arrays, op, linear, tuple(notes))
    _bind(draft, op, view, query, facts)


def _bind(draft: Draft, op: Operator, view: View, query: Projection, facts: Attending) -> None:
    """Give the result of all heads as a view of a node that is no layer yet."""
    shape = (*draft.nodes[query.node].shape[:-1], len(query.rows))
    each = len(query.rows) // query.heads
    dims = tuple(_number_heads(parts, each, query.heads) for parts in view.dims[:-1])
    last: Parts = (Part("C", 1, each),) if each > 1 else ()
    draft.nodes.append(
        Node(None, query_inputs(facts), shape, op.source, op.scope, op.name or op.source.name, missing=ALONE,
             facts={"attention": facts})
    )  # fmt: skip
    draft.bind(op, View(len(draft.nodes) - 1, (*dims, last), rolls=view.rolls))


def query_inputs(facts: Attending) -> tuple[int, ...]:
    return facts.linear


def _number_heads(parts: Parts, each: int, heads: int) -> Parts:
    """Return the parts of an axis with that of the heads as one of the channels of the result."""
    if not any(part.axis == "C" for part in parts):
        return parts
    if measure(tuple(part for part in parts if part.axis == "C")) != heads:
        raise NoCounterpart("its heads are divided over several axes")
    first = next(place for place, part in enumerate(parts) if part.axis == "C")
    others = [part for part in parts if part.axis != "C"]
    return (*others[:first], Part("C", each, heads), *others[first:])


# Queries, keys and values


def _find_projection(draft: Draft, op: Operator, place: int) -> Projection:
    view = draft.view(op, place)
    node = draft.nodes[view.node]
    if not node.layer or not _is_linear(node):
        raise NoCounterpart("its queries, keys or values are no linear maps of a value")
    *batch, positions, last = view.dims
    heads = [part for parts in batch for part in parts if part.axis == "C"]
    if any(part.axis != "C" for part in last) or any(part.axis == "C" for part in positions):
        raise NoCounterpart("its channels and positions are in other axes than those of heads")
    rows = _list_rows((*heads, *last), view.starts.get("C", 0))
    if any(letter != "C" for letter in view.starts):
        raise NoCounterpart("it attends to a part of the positions")
    groups = tuple(tuple(part for part in parts if part.axis != "C") for parts in batch)
    return Projection(view.node, rows, measure(tuple(heads)), groups, positions)


def _find_reduction(draft: Draft, read: int, memory: int) -> tuple[int, int] | None:
    """Return the convolution and the norm that keys and values come from, if blocks of the queries' map do (PVT)."""
    norm = draft.nodes[memory]
    if not norm.layer or norm.layer.kind != "ln" or set(norm.arrays) != {"weight", "bias"}:
        return None
    conv, channels = draft.nodes[norm.inputs[0]], draft.nodes[read].shape[-1]
    if not conv.layer or conv.layer.kind != "conv" or conv.inputs != (read,) or "bias" not in conv.arrays:
        return None
    factor = _get(draft, norm.inputs[0], "stride")
    wanted = {"out_channels": channels, "kernel_size": factor, "groups": 1, "padding": ((0, 0), (0, 0))}
    fits = all(getattr(conv.layer, name) == value for name, value in wanted.items()) and factor[0] == factor[1]
    return (norm.inputs[0], memory) if fits and _get(draft, memory, "eps") == NORM_EPS else None


def _get(draft: Draft, node: int, name: str) -> Any:
    """Return an attribute of the layer of a node."""
    return getattr(draft.nodes[node].layer, name)


def _is_linear(node: Node) -> bool:
    layer = node.layer
    if layer is None or layer.kind not in ("conv", "fc"):
        return False
    plain = {"kernel_size": (1, 1), "stride": (1, 1), "groups": 1}
    return layer.kind == "fc" or all(getattr(layer, name) == value for name, value in plain.items())


def _list_rows(parts: Sequence[Part], start: int) -> tuple[int, ...]:
    """Return the rows of the weights that the places of axes are, the last axis varying fastest."""
    rows = [start]
    for part in parts:
        rows = [row + place * part.inner for row in rows for place in range(part.size)]
    return tuple(rows)


def _find_input(draft: Draft, projection: Projection) -> int:
    (read,) = draft.nodes[projection.node].inputs
    return read


def _list_arrays(draft: Draft, parts: Sequence[Projection], is_self: bool, factor: float) -> Mapping[str, StoredArray]:
    """Return the tensors of `qkv`, or of `q` and `kv` for attention to another value."""
    nodes = [draft.nodes[each.node] for each in parts]
    has_bias = any("bias" in node.arrays for node in nodes)
    roles = {"weight": [], "bias": []} if has_bias else {"weight": []}  # type: dict[str, list[StoredArray]]
    for place, (each, node) in enumerate(zip(parts, nodes, strict=True)):
        weight = node.arrays["weight"]
        weight = reshape_array(weight, (weight.shape[0], prod(weight.shape[1:])))
        bias = node.arrays.get("bias") or fill_array(weight.shape[:1], 0.0)
        scale = factor if place == 0 and abs(factor - 1) > 1e-4 else 1.0
        for role, array in (("weight", weight), ("bias", bias))[: len(roles)]:
            roles[role].append(scale_array(take_rows(array, each.rows), scale))
    groups = {"qkv": slice(0, 3)} if is_self else {"q": slice(0, 1), "kv": slice(1, 3)}
    return {
        f"{name}.{role}": stack_rows(arrays[group]) for name, group in groups.items() for role, arrays in roles.items()
    }


# Windows


def _describe_windows(
    draft: Draft, op: Operator, view: View, query: Projection, mask: StoredArray | None
) -> tuple[dict[str, Any], StoredArray | None, list[str]]:
    """Return the attributes for the positions that attend to each other, the table of a relative bias, and remarks."""
    shape = draft.nodes[query.node].shape
    groups = [part for parts in query.batch for part in parts if part.axis != "N"]
    found, shift = _find_division(shape, groups, query.positions, view.rolls)
    if mask is None:
        if shift:
            raise NoCounterpart("its windows are shifted, and no mask keeps them from reading across the edges")
        return found, None, []
    window = _measure_window(shape, query.positions)
    table, is_masked = read_mask(mask, view, window, shape, shift)
    if shift and not is_masked:
        raise NoCounterpart("its windows are shifted, and no mask keeps them from reading across the edges")
    attributes = {**found, **({"bias": "relative"} if table else {})}
    return attributes, table, ["its mask is that of shifted windows"] if is_masked else []


def _measure_window(shape: Sequence[int], positions: Parts) -> tuple[int, int]:
    if len(shape) == 2:
        return 1, measure(positions)
    sizes = {part.axis: part.size for part in positions}
    return sizes.get("H", 1), sizes.get("W", 1)


def _find_division(
    shape: Sequence[int], groups: Sequence[Part], positions: Parts, rolls: Mapping[str, int]
) -> tuple[dict[str, Any], int]:
    """Return `window` and `shift`, or `patch`, for what attends to itself and its positions; nothing if that is all."""
    letters = "HW" if len(shape) == 3 else "L"
    sizes, inner = dict(zip(letters, shape, strict=False)), {part.axis: part.inner for part in positions}
    read = {part.axis: part.size for part in positions}
    order = [part.axis for part in positions]
    if order != sorted(order) or len(order) != len(set(order)):
        raise NoCounterpart("its positions are not in the order of rows")
    if not groups:
        if any(read.get(letter, 1) != size for letter, size in sizes.items()) or any(rolls.values()):
            raise NoCounterpart("it attends to a part of the positions")
        return {}, 0
    if all(step == 1 for step in inner.values()):
        window = tuple(read.get(letter, 1) for letter in letters)
        shifts = {letter: (sizes[letter] - rolls[letter]) % sizes[letter] for letter in letters if rolls.get(letter)}
        if len(set(shifts.values())) > 1:
            raise NoCounterpart("its windows are shifted by other numbers along height and width")
        shift = next(iter(shifts.values()), 0)
        return {"window": window * 2 if len(window) == 1 else window, **({"shift": shift} if shift else {})}, shift
    places = {part.axis: part.size for part in groups}
    steps = {places.get(letter, 1) for letter in letters}
    if len(steps) == 1 and len(letters) == 2 and not rolls and all(part.inner == 1 for part in groups):
        return {"patch": steps.pop()}, 0
    raise NoCounterpart("the positions that attend to each other are neither windows nor patches")


# The projection


def project_attention(draft: Draft, op: Operator, view: View, weight: StoredArray, bias: StoredArray | None) -> bool:
    """Add the layer of attention when a linear map reads its result, as a view whose last axis is all channels."""
    facts = draft.nodes[view.node].facts.get("attention")
    if facts is None:
        return False
    channels = draft.nodes[view.node].shape[-1]
    whole: Parts = (Part("C", 1, channels),) if channels > 1 else ()
    if weight.shape[0] != channels:
        raise NoCounterpart(f"it projects {channels} channels to {weight.shape[0]}, and `attention` keeps their number")
    if view.dims[-1] != whole or view.starts:
        raise NoCounterpart("it does not project all channels of attention in their order")
    arrays = {**facts.arrays, "proj.weight": reshape_array(weight, weight.shape[:2])}
    arrays["proj.bias"] = bias or fill_array((channels,), 0.0)
    origin = facts.op
    around = [scope.name for scope in origin.scope if scope.name]
    name = origin.name or (around[-1] if around and around[-1] != "" else origin.source.name)
    node = draft.add(origin, make("attention", facts.attributes), facts.inputs, arrays, name=name)
    for remark in facts.notes:
        draft.note(origin.source, Fate.EQUAL, remark, node)
    for source in (op.source, *(draft.nodes[linear].source for linear in facts.linear), *origin.absorbed):
        draft.note(source, Fate.EQUAL, PART, node)
    if bias is None:
        draft.note(op.source, Fate.EQUAL, "the projection of `attention` has a bias, which is 0 here", node)
    draft.bind(op, replace(view, node=node, sources=()))
    return True


RULES: Mapping[str, Callable[[Draft, Operator], None]] = {"attention": lower_attention}
