"""Layers that take each element, or each position, by itself: activations, norms, linear maps."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from specnet.importers.imported import Fate, StoredArray
from specnet.importers.tensors.arrays import permute_array, reshape_array, take_columns
from specnet.importers.tensors.attention import project_attention
from specnet.importers.tensors.draft import Draft, NoCounterpart, make
from specnet.importers.tensors.program import Operator
from specnet.importers.tensors.views import View, join

ACTIVATIONS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "relu": ("relu", {}),
    "relu6": ("relu6", {}),
    "sigmoid": ("sigmoid", {}),
    "tanh": ("tanh", {}),
    "silu": ("silu", {}),
    "mish": ("mish", {}),
    "hardswish": ("hard_swish", {}),
    "hardsigmoid": ("hard_sigmoid", {}),
    "selu": ("selu", {}),
    "gelu": ("gelu", {"approximate": "approximate"}),
    "elu": ("elu", {"alpha": "alpha"}),
    "leaky_relu": ("leaky_relu", {"negative_slope": "slope"}),
}
"""Layers of the same function, and their attributes."""


def lower_activation(draft: Draft, op: Operator) -> None:
    """A function of each element, which leaves the axes where they are."""
    kind, attributes = ACTIVATIONS[op.kind]
    given = {attributes[name]: value for name, value in op.attributes.items() if name in attributes}
    _add_pointwise(draft, op, kind, given)


def _add_pointwise(draft: Draft, op: Operator, kind: str, attributes: Mapping[str, Any]) -> None:
    whole = draft.trim(op, draft.view(op))
    draft.bind(op, replace(whole, node=draft.add(op, make(kind, attributes), [whole.node]), sources=()))


def lower_clamp(draft: Draft, op: Operator) -> None:
    """Numbers held between two others."""
    low, high = op.attributes.get("min"), op.attributes.get("max")
    if low != 0 or high not in (6, None):
        raise NoCounterpart(f"no layer holds numbers between {low} and {high}")
    _add_pointwise(draft, op, "relu6" if high else "relu", {})


def lower_prelu(draft: Draft, op: Operator) -> None:
    """One slope, or one for each channel."""
    weight, whole = draft.weight(op), draft.trim(op, draft.view(op))
    slopes = weight.shape[0] if weight.shape else 1
    if slopes > 1 and whole.dims[1] != draft.axes(whole.node)[1]:
        whole = View(node := draft.settle(op, whole, 3), draft.axes(node))
    layer = make("prelu", {"channelwise": True} if slopes > 1 else {})
    arrays = {"weight": reshape_array(weight, (slopes,))}
    draft.bind(op, replace(whole, node=draft.add(op, layer, [whole.node], arrays)))


def lower_dropout(draft: Draft, op: Operator) -> None:
    """Elements that are zeroed in training; with a probability of 0 it is nothing."""
    if not op.attributes.get("p"):
        lower_identity(draft, op, "its probability is 0")
        return
    view = draft.view(op)
    if view.starts or view.rolls:
        lower_identity(draft, op, "it does nothing outside of training, and stands in no place for `dropout` here")
        return
    layer = make("dropout", {"p": op.attributes["p"]})
    draft.bind(op, replace(view, node=draft.add(op, layer, [view.node])))


def lower_identity(draft: Draft, op: Operator, reason: str = "it returns its input") -> None:
    """Nothing."""
    draft.note(op.source, Fate.EQUAL, reason)
    draft.bind(op, draft.view(op))


def lower_softmax(draft: Draft, op: Operator) -> None:
    """Probabilities over the channels, or over groups of channels."""
    view, dim = draft.view(op), op.attributes["dim"] % len(op.shape)
    whole = draft.trim(op, view)
    channels = draft.shape_of(whole)[-1]
    (own,) = [parts for parts in draft.axes(whole.node) if any(part.axis == "C" for part in parts)] or [()]
    if whole.dims[dim] == own:
        draft.bind(op, replace(whole, node=draft.add(op, make("softmax", {}), [whole.node])))
    elif len(whole.dims[dim]) == 1 and (part := whole.dims[dim][0]).axis == "C" and part.inner * part.size == channels:
        draft.bind(op, replace(whole, node=draft.add(op, make("softmax", {"groups": part.size}), [whole.node])))
    elif len(op.shape) <= 3 and dim == len(op.shape) - 1:
        last = draft.channels_last(op, view)
        draft.bind(op, replace(last, node=draft.add(op, make("softmax", {}), [last.node])))
    else:
        raise NoCounterpart("`softmax` is over the channels, and this one is over another axis")


# Norms

NORMS = {"weight": 1, "bias": 2, "running_mean": 3, "running_var": 4}


def lower_batch_norm(draft: Draft, op: Operator) -> None:
    """Running statistics of each channel."""
    frame = _settle_channels_first(draft, op)
    weight = draft.constant(op, 1)
    attributes: dict[str, Any] = {"eps": op.attributes.get("eps", 1e-5), "affine": weight is not None}
    if op.attributes.get("momentum") is not None:
        attributes["momentum"] = op.attributes["momentum"]
    arrays = {role: draft.constant(op, place) for role, place in NORMS.items()}
    draft.bind(op, replace(frame, node=draft.add(op, make("bn", attributes), [frame.node], arrays), sources=()))


def _settle_channels_first(draft: Draft, op: Operator) -> View:
    """Return the input as a view of a map or a vector that has all channels in dimension 1."""
    whole = draft.trim(op, draft.view(op))
    if len(draft.shape_of(whole)) != 2 and whole.dims[1] == draft.axes(whole.node)[1]:
        return whole
    if len(whole.dims) == 3:
        raise NoCounterpart("it normalises N×C×L, and `bn` takes maps and vectors")
    node = draft.settle(op, whole, len(whole.dims) - 1)
    return View(node, draft.axes(node))


def lower_layer_norm(draft: Draft, op: Operator) -> None:
    """The last axis; over all of a map without numbers of its own for each place, it is one group."""
    if op.attributes.get("axes", 1) != 1:
        raise NoCounterpart("`ln` is over the channels, and this one is over several axes")
    last = draft.channels_last(op, draft.view(op))
    kind = "ln" if op.kind == "layer_norm" else "rms_norm"
    weight, bias = draft.constant(op, 1), draft.constant(op, 2)
    arrays: dict[str, StoredArray | None] = {"weight": weight, "bias": bias}
    if kind == "ln" and (weight is None) != (bias is None):
        raise NoCounterpart("`ln` has a weight and a bias or neither, and this one has one of them")
    layer = make(kind, {"eps": op.attributes["eps"], "affine": weight is not None})
    draft.bind(op, replace(last, node=draft.add(op, layer, [last.node], arrays)))


def lower_group_norm(draft: Draft, op: Operator) -> None:
    """Groups of channels, or each channel by itself."""
    node = draft.settle(op, draft.view(op), 3)
    weight, bias = draft.constant(op, 1), draft.constant(op, 2)
    groups = {"G": op.attributes["groups"]} if op.kind == "group_norm" else {}
    kind = "gn" if groups else "instance_norm"
    layer = make(kind, {**groups, "eps": op.attributes["eps"], "affine": weight is not None})
    draft.bind_node(op, draft.add(op, layer, [node], {"weight": weight, "bias": bias}))


def lower_lrn(draft: Draft, op: Operator) -> None:
    """Neighbouring channels."""
    node = draft.settle(op, draft.view(op), 3)
    given = op.attributes
    attributes = {"n": given["size"], "alpha": given["alpha"], "beta": given["beta"], "k": given["k"]}
    draft.bind_node(op, draft.add(op, make("lrn", attributes), [node]))


# Linear maps


def lower_linear(draft: Draft, op: Operator) -> None:
    """K×C weights of the last axis: `fc` of a sequence or a vector, `conv F=1` at each position of a map."""
    view, weight, bias = draft.view(op), draft.weight(op), draft.constant(op, 2)
    if not draft.nodes[view.node].facts and (flat := _find_flattened(draft, op, view)):
        whole, columns = flat
        weight = take_columns(weight, columns) if columns else weight
        arrays = {"weight": weight, "bias": bias}
        layer = make("fc", {"K": weight.shape[0], "bias": bias is not None})
        node = draft.add(op, layer, [whole.node], arrays)
        if columns:
            draft.note(op.source, Fate.EQUAL, "its columns are in the order channels, height, width here", node)
        draft.bind_node(op, node)
        return
    if project_attention(draft, op, view, weight, bias):
        return
    last = draft.channels_last(op, view)
    node = add_linear(draft, op, last, weight, bias)
    made = draft.axes(node)[1 if len(draft.nodes[node].shape) == 3 else -1]
    draft.bind(op, replace(last, node=node, dims=(*last.dims[:-1], made), sources=()))


def add_linear(draft: Draft, op: Operator, last: View, weight: StoredArray, bias: StoredArray | None) -> int:
    """Add the layer of a linear map of the channels, which are the last axis of a view."""
    given: dict[str, Any] = {"K": weight.shape[0], "bias": bias is not None}
    if len(draft.shape_of(last)) < 3:
        return draft.add(op, make("fc", given), [last.node], {"weight": weight, "bias": bias})
    filters = reshape_array(weight, (*weight.shape, 1, 1))
    layer = make("conv", {**given, "F": (1, 1)})
    return draft.add(op, layer, [last.node], {"weight": filters, "bias": bias})


def lower_matmul(draft: Draft, op: Operator) -> None:
    """A product with constant weights, C×K, which is a linear map."""
    weight = draft.values[op.inputs[1] or ""]
    if isinstance(weight, View) or len(weight.shape) != 2:
        raise NoCounterpart("it multiplies two values, which only attention does here")
    draft.values[f"{op.output} weight"] = permute_array(weight, (1, 0))
    lower_linear(draft, replace(op, inputs=(op.inputs[0], f"{op.output} weight", None)))


def lower_response_norm(draft: Draft, op: Operator) -> None:
    """Norms of the channels over all positions, compared with each other."""
    whole = draft.trim(op, draft.view(op))
    arrays = {"weight": draft.constant(op, 1), "bias": draft.constant(op, 2)}
    layer = make("grn", {"eps": op.attributes["eps"]})
    draft.bind(op, replace(whole, node=draft.add(op, layer, [whole.node], arrays)))


def _find_flattened(draft: Draft, op: Operator, view: View) -> tuple[View, tuple[int, ...]] | None:
    """Return a map whose elements are all in the last axis, and the columns in its order if that is another one."""
    if len(view.dims) != 2 or view.rolls or len(draft.shape_of(view)) != 3:
        return None
    whole = draft.trim(op, view)
    batch, *own = draft.axes(whole.node)
    if whole.dims == (batch, join(*own)):
        return whole, ()
    if sorted(whole.dims[1]) != sorted(part for parts in own for part in parts):
        return None
    return whole, _order_columns(whole, own)


def _order_columns(view: View, own: list[tuple[Any, ...]]) -> tuple[int, ...]:
    """Return the columns of weights for the order of a view, as those for channels, height, width."""
    import numpy as np

    sizes = [part.size for part in view.dims[1]]
    places = np.arange(int(np.prod(sizes))).reshape(sizes)
    order = [view.dims[1].index(part) for parts in own for part in parts]
    return tuple(int(place) for place in places.transpose(order).reshape(-1))


RULES: Mapping[str, Callable[[Draft, Operator], None]] = {
    **dict.fromkeys(ACTIVATIONS, lower_activation),
    "clamp": lower_clamp,
    "prelu": lower_prelu,
    "dropout": lower_dropout,
    "identity": lower_identity,
    "softmax": lower_softmax,
    "batch_norm": lower_batch_norm,
    "layer_norm": lower_layer_norm,
    "rms_norm": lower_layer_norm,
    "group_norm": lower_group_norm,
    "instance_norm": lower_group_norm,
    "local_response_norm": lower_lrn,
    "linear": lower_linear,
    "matmul": lower_matmul,
    "grn": lower_response_norm,
}
