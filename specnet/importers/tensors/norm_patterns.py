"""Recognise norms that are written out: layer norm, RMS norm and global response normalisation."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from specnet.importers.imported import SourceLayer
from specnet.importers.tensors.program import Operator, Program
from specnet.importers.tensors.rewriting import Finder, replace_operators


class _Core(NamedTuple):
    """A norm without its factors: the value that it reads, its axes, eps, and the operators that it is written as."""

    kind: str
    value: str
    dims: tuple[int, ...]
    eps: float
    sources: tuple[SourceLayer, ...]


def fuse_norms(program: Program) -> Program:
    """Return a program in which norms over the channels that are written out are one operator each."""
    finder, changed = Finder(program), dict[str, tuple[Operator, ...]]()
    for op in program.operators:
        core = _match_centred(op, finder) or _match_rms(op, finder)
        if core:
            last, weight, bias, sources = _match_affine(op, finder, core)
            changed[last.output] = _write_norm(last, core, weight, bias, finder, sources)
    return replace_operators(finder, changed)


def fuse_response_norms(program: Program) -> Program:
    """Return a program in which x + (w·x·n + b), n = ‖x‖/mean ‖x‖ (ConvNeXt V2), is one operator."""
    finder, changed = Finder(program), dict[str, tuple[Operator, ...]]()
    for op in program.operators:
        if op.kind == "add" and (found := _match_response(op, finder)):
            changed[op.output] = (found,)
    return replace_operators(finder, changed)


def _match_centred(op: Operator, finder: Finder) -> _Core | None:
    """(x − mean)/√(mean of (x − mean)² + eps)."""
    for value, other in finder.list_pairs(op) if op.kind in ("div", "mul") and len(op.inputs) == 2 else ():
        centred = finder.find(value, "sub")
        root = _match_root(other, op.kind, finder)
        if not (centred and root and (op.kind == "mul" or value == op.inputs[0])):
            continue
        mean, square = finder.find(centred.inputs[1], "mean"), root[0]
        if mean and mean.inputs[0] == centred.inputs[0] and _is_square_of(square, centred.output, finder):
            sources = (op.source, centred.source, mean.source, *root[2])
            return _Core("layer_norm", str(centred.inputs[0]), _list_dims(mean), root[1], sources)
    return None


def _match_rms(op: Operator, finder: Finder) -> _Core | None:
    """x/√(mean of x² + eps)."""
    for value, other in finder.list_pairs(op) if op.kind in ("div", "mul") and len(op.inputs) == 2 else ():
        root = _match_root(other, op.kind, finder)
        if root and value and (op.kind == "mul" or value == op.inputs[0]) and _is_square_of(root[0], value, finder):
            return _Core("rms_norm", value, _list_dims(root[0]), root[1], (op.source, *root[2]))
    return None


def _match_root(name: str | None, kind: str, finder: Finder) -> tuple[Operator, float, tuple[SourceLayer, ...]] | None:
    """Return the mean, the eps and the operators of √(mean + eps), or of its reciprocal for a product."""
    root = finder.find(name, "sqrt", "rsqrt", "pow")
    exponent = finder.number(root.inputs[1]) if root and root.kind == "pow" else None
    wanted = ("sqrt", 0.5) if kind == "div" else ("rsqrt", -0.5)
    if not root or (root.kind if root.kind != "pow" else exponent) not in wanted:
        return None
    added = finder.find(root.inputs[0], "add")
    parts = finder.split_number(added) if added else None
    mean = finder.find(parts[0], "mean") if parts else None
    if not (added and parts and mean):
        return None
    square = finder.find(mean.inputs[0])
    sources = (root.source, added.source, mean.source, *((square.source,) if square else ()))
    return mean, parts[1], sources


def _is_square_of(mean: Operator, value: str, finder: Finder) -> bool:
    square = finder.find(mean.inputs[0], "pow", "mul", "square")
    if not square or square.inputs[0] != value:
        return False
    return square.kind == "square" or square.inputs[1] == value or finder.number(square.inputs[1]) == 2


def _list_dims(op: Operator) -> tuple[int, ...]:
    rank = len(op.shape) + (0 if op.attributes.get("keepdim") else len(op.attributes["dims"]))
    return tuple(dim % rank for dim in op.attributes["dims"])


def _match_affine(
    op: Operator, finder: Finder, core: _Core
) -> tuple[Operator, str | None, str | None, tuple[SourceLayer, ...]]:
    """Return the last operator of a norm, with its factors and the numbers that it adds, where it has them."""
    last, weight, bias, sources = op, None, None, core.sources
    for kind in ("mul", "add"):
        reader = finder.find_only_reader(last)
        other = _other_input(reader, last.output) if reader and reader.kind == kind else None
        if not (reader and other and finder.is_constant(other) and _is_per_channel(other, core, finder, op)):
            break
        sources, last = (*sources, reader.source), reader
        weight, bias = (other, bias) if kind == "mul" else (weight, other)
    return last, weight, bias, sources


def _other_input(op: Operator, name: str) -> str | None:
    return op.inputs[1] if op.inputs[0] == name else op.inputs[0]


def _is_per_channel(name: str, core: _Core, finder: Finder, op: Operator) -> bool:
    shape, size = finder.shape(name), op.shape[core.dims[0]]
    padded = (*(1,) * (len(op.shape) - len(shape)), *shape)
    return all(each == (size if dim == core.dims[0] else 1) for dim, each in enumerate(padded))


def _write_norm(
    last: Operator, core: _Core, weight: str | None, bias: str | None, finder: Finder, sources: tuple[SourceLayer, ...]
) -> tuple[Operator, ...]:
    """Return the norm over the last axis, between two operators that bring the channels there and back."""
    rank, (dim, *others) = len(last.shape), core.dims
    absorbed = tuple(dict.fromkeys(source for source in sources if source != last.source))
    order = (*(axis for axis in range(rank) if axis != dim), dim)
    shape = tuple(last.shape[axis] for axis in order)
    names = [finder.flatten(name, shape[-1:]) for name in (weight, bias)]
    attributes = {"eps": core.eps, "axes": 1 + len(others)}
    inputs = (core.value, *names) if core.kind == "layer_norm" else (core.value, names[0])
    norm = replace(last, kind=core.kind, inputs=inputs, attributes=attributes, absorbed=absorbed)
    if dim == rank - 1 or others:
        return (norm,)
    moved, normed = f"{last.output} moved", f"{last.output} normed"
    back = tuple(order.index(axis) for axis in range(rank))
    return (
        replace(last, kind="permute", inputs=(core.value,), output=moved, shape=shape, attributes={"dims": order}),
        replace(norm, inputs=(moved, *inputs[1:]), output=normed, shape=shape),
        replace(last, kind="permute", inputs=(normed,), attributes={"dims": back}),
    )


def _match_response(op: Operator, finder: Finder) -> Operator | None:
    """Return x + (b + w·(x·n)) as one operator."""
    for value, other in finder.list_pairs(op):
        shifted = finder.find(other, "add")
        for bias, scaled_name in finder.list_pairs(shifted) if shifted else ():
            scaled = finder.find(scaled_name, "mul") if finder.is_constant(bias) else None
            for weight, product_name in finder.list_pairs(scaled) if scaled else ():
                product = finder.find(product_name, "mul") if finder.is_constant(weight) else None
                eps = _match_quotient(product, value, finder) if product and value else None
                if shifted and scaled and product and eps is not None and value:
                    channels = (max(finder.shape(weight)),)
                    inputs = (value, finder.flatten(weight, channels), finder.flatten(bias, channels))
                    absorbed = (shifted.source, scaled.source, product.source, *eps[1])
                    return replace(op, kind="grn", inputs=inputs, attributes={"eps": eps[0]}, absorbed=absorbed)
    return None


def _match_quotient(product: Operator, value: str, finder: Finder) -> tuple[float, tuple[SourceLayer, ...]] | None:
    """Return the eps of x·(‖x‖/(mean ‖x‖ + eps)), and the operators of the quotient."""
    for first, second in finder.list_pairs(product):
        quotient = finder.find(second, "div") if first == value else None
        norm = finder.find(quotient.inputs[0], "norm") if quotient else None
        added = finder.find(quotient.inputs[1], "add") if quotient else None
        parts = finder.split_number(added) if added else None
        mean = finder.find(parts[0], "mean") if parts else None
        if not (quotient and norm and added and parts and mean):
            continue
        if mean.inputs[0] == norm.output and norm.inputs[0] == value:
            return parts[1], (quotient.source, norm.source, added.source, mean.source)
    return None


def fuse_channel_windows(program: Program) -> Program:
    """Return a program in which x/(k + alpha·mean of x² over neighbouring channels)^beta is one operator."""
    finder, changed = Finder(program), dict[str, tuple[Operator, ...]]()
    for op in program.operators:
        if op.kind == "div" and (found := _match_channel_window(op, finder)):
            changed[op.output] = (found,)
    return replace_operators(finder, changed)


def _match_channel_window(op: Operator, finder: Finder) -> Operator | None:
    power = finder.find(op.inputs[1], "pow")
    beta = finder.number(power.inputs[1]) if power else None
    added = finder.find(power.inputs[0], "add") if power else None
    shifted = finder.split_number(added) if added else None
    scaled = finder.find(shifted[0], "mul") if shifted else None
    factor = finder.split_number(scaled) if scaled else None
    sources = list[SourceLayer]()
    pool = finder.find(_skip_moves(factor[0], finder, sources), "avg_pool") if factor else None
    square = finder.find(_skip_moves(str(pool.inputs[0]), finder, sources), "mul") if pool else None
    if not (power and beta and added and shifted and scaled and factor and pool and square):
        return None
    size, *others = pool.attributes["kernel"]
    if square.inputs != (op.inputs[0], op.inputs[0]) or {*others} != {1} or len(others) != 2:
        return None
    attributes = {"size": size, "alpha": factor[1], "beta": beta, "k": shifted[1]}
    absorbed = (power.source, added.source, scaled.source, *sources, pool.source, square.source)
    absorbed = tuple(dict.fromkeys(source for source in absorbed if source != op.source))
    return replace(op, kind="local_response_norm", inputs=op.inputs[:1], attributes=attributes, absorbed=absorbed)


def _skip_moves(name: str, finder: Finder, sources: list[SourceLayer]) -> str:
    """Return the value before it is padded and brought into another shape."""
    while (op := finder.find(name, "reshape", "pad")) and op.inputs[0]:
        sources.append(op.source)
        name = op.inputs[0]
    return name
