"""Calls of aten that move elements, or take means, sums and maxima along axes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from specnet.importers.torch_export.calls import Call
from specnet.importers.torch_export.writer import Writer, Writing


def _write_reshape(writer: Writer, call: Call) -> None:
    given = call.arguments.get("self", call.arguments.get("input"))
    writer.add("reshape", [writer.value(given)], call.outputs[0])


def _write_permute(writer: Writer, call: Call) -> None:
    given, rank = call.arguments, len(writer.shapes[call.outputs[0]])
    if call.name in ("t", "numpy_T"):
        dims = list(range(rank))[::-1]
    elif "dims" in given:
        dims = [dim % rank for dim in given["dims"]]
    elif "source" in given:
        dims = _move_dims(_list(given["source"]), _list(given["destination"]), rank)
    else:
        dims = list(range(rank))
        first, second = (given[f"dim{n}"] if f"dim{n}" in given else given[f"axis{n}"] for n in (0, 1))
        first, second = first % rank, second % rank
        dims[first], dims[second] = dims[second], dims[first]
    writer.add("permute", [writer.value(given["self"])], call.outputs[0], dims=tuple(dims))


def _list(value: Any) -> list[int]:
    return list(value) if isinstance(value, (list, tuple)) else [value]


def _move_dims(source: Sequence[int], destination: Sequence[int], rank: int) -> list[int]:
    moved = {to % rank: dim % rank for dim, to in zip(source, destination, strict=True)}
    rest = iter(dim for dim in range(rank) if dim not in moved.values())
    return [moved[place] if place in moved else next(rest) for place in range(rank)]


def _write_expand(writer: Writer, call: Call) -> None:
    writer.add("expand", [writer.value(call.arguments["self"])], call.outputs[0])


def _write_cat(writer: Writer, call: Call) -> None:
    given = call.arguments
    inputs = [writer.value(each) for each in given["tensors"]]
    writer.add("cat", inputs, call.outputs[0], dim=given.get("dim", 0))


def _write_stack(writer: Writer, call: Call) -> None:
    """A concatenation along a new axis."""
    given, shape = call.arguments, list(writer.shapes[call.outputs[0]])
    dim = given.get("dim", 0) % len(shape)
    each = [*shape[:dim], 1, *shape[dim + 1 :]]
    parts = [
        writer.add_shaped("reshape", [writer.value(part)], f"{call.outputs[0]} part {n}", each)
        for n, part in enumerate(given["tensors"])
    ]
    writer.add("cat", parts, call.outputs[0], dim=dim)


def _write_slice(writer: Writer, call: Call) -> None:
    given = call.arguments
    size = writer.shape(given["self"])[given.get("dim", 0)]
    end = given.get("end")
    writer.add("slice", [writer.value(given["self"])], call.outputs[0], dim=given.get("dim", 0),
               start=given.get("start") or 0, end=size if end is None else min(end, size),
               step=given.get("step", 1))  # fmt: skip


def _write_narrow(writer: Writer, call: Call) -> None:
    given = call.arguments
    start = given["start"]
    writer.add("slice", [writer.value(given["self"])], call.outputs[0], dim=given["dim"], start=start,
               end=start + given["length"], step=1)  # fmt: skip


def _write_select(writer: Writer, call: Call) -> None:
    given = call.arguments
    writer.add("select", [writer.value(given["self"])], call.outputs[0], dim=given["dim"], index=given["index"])


def _write_parts(writer: Writer, call: Call) -> None:
    """`split` and `chunk`, of which each part is a slice."""
    given, start = call.arguments, 0
    dim = given.get("dim", 0)
    for output, shape in zip(call.outputs, call.shapes, strict=True):
        size = shape[dim] if shape else 0
        if output:
            writer.add_shaped("slice", [writer.value(given["self"])], output, shape, dim=dim, start=start,
                              end=start + size, step=1)  # fmt: skip
        start += size


def _write_unbind(writer: Writer, call: Call) -> None:
    given = call.arguments
    for index, (output, shape) in enumerate(zip(call.outputs, call.shapes, strict=True)):
        if output:
            writer.add_shaped(
                "select", [writer.value(given["self"])], output, shape, dim=given.get("dim", 0), index=index
            )


def _write_channel_shuffle(writer: Writer, call: Call) -> None:
    """Channels as groups, which are transposed."""
    given, output = call.arguments, call.outputs[0]
    batch, channels, *sizes = writer.shapes[output]
    split = (batch, given["groups"], channels // given["groups"], *sizes)
    swapped = (0, 2, 1, *range(3, len(split)))
    turned = tuple(split[dim] for dim in swapped)
    parts = writer.add_shaped("reshape", [writer.value(given["self"])], f"{output} groups", split)
    parts = writer.add_shaped("permute", [parts], f"{output} turned", turned, dims=swapped)
    writer.add("reshape", [parts], output)


def _write_roll(writer: Writer, call: Call) -> None:
    given = call.arguments
    writer.add("roll", [writer.value(given["self"])], call.outputs[0], shifts=_list(given["shifts"]),
               dims=_list(given["dims"]))  # fmt: skip


def _write_reduction(writer: Writer, call: Call) -> None:
    given = call.arguments
    shape = writer.shape(given["self"])
    dims = given.get("dim")
    dims = list(range(len(shape))) if dims in (None, []) else _list(dims)
    kind = "amax" if call.name == "max" else call.name
    writer.add(kind, [writer.value(given["self"])], call.outputs[0], dims=dims, keepdim=bool(given.get("keepdim")))


def _write_norm_length(writer: Writer, call: Call) -> None:
    given = call.arguments
    shape = writer.shape(given["self"])
    dims = _list(given["dim"]) if given.get("dim") is not None else list(range(len(shape)))
    kind = "norm" if given.get("ord", given.get("p", 2)) in (2, None) else "norm of another order"
    writer.add(kind, [writer.value(given["self"])], call.outputs[0], dims=dims, keepdim=bool(given.get("keepdim")))


CALLS: Mapping[str, Writing] = {
    **dict.fromkeys(
        (
            "view",
            "reshape",
            "flatten",
            "unflatten",
            "squeeze",
            "unsqueeze",
            "reshape_as",
            "view_as",
            "_unsafe_view",
            "view_copy",
        ),
        _write_reshape,
    ),
    **dict.fromkeys(("permute", "transpose", "t", "numpy_T", "swapaxes", "movedim"), _write_permute),
    **dict.fromkeys(("expand", "expand_as", "broadcast_to"), _write_expand),
    **dict.fromkeys(("cat", "concat", "concatenate"), _write_cat),
    "stack": _write_stack,
    "slice": _write_slice,
    "narrow": _write_narrow,
    "select": _write_select,
    **dict.fromkeys(
        ("split", "split_with_sizes", "chunk", "tensor_split", "unsafe_chunk", "unsafe_split"), _write_parts
    ),
    "unbind": _write_unbind,
    "roll": _write_roll,
    **dict.fromkeys(("channel_shuffle", "native_channel_shuffle"), _write_channel_shuffle),
    **dict.fromkeys(("mean", "sum", "amax", "max"), _write_reduction),
    **dict.fromkeys(("linalg_vector_norm", "norm"), _write_norm_length),
}
