"""Recognise attention that is written out: softmax(q·kᵀ·scale + mask)·v."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from specnet.importers.imported import SourceLayer, StoredArray
from specnet.importers.tensors.program import Operator, Program
from specnet.importers.tensors.rewriting import Finder, replace_operators

if TYPE_CHECKING:
    from numpy import ndarray


def fuse_attention(program: Program) -> Program:
    """Return a program in which attention that is written out is one operator."""
    finder, changed = Finder(program), dict[str, tuple[Operator, ...]]()
    for op in program.operators:
        if op.kind == "matmul" and not any(map(finder.is_constant, op.inputs)):
            new = _match(op, finder)
            changed |= {op.output: new} if new else {}
    return replace_operators(finder, changed)


@dataclass
class _Scores:
    """What stands between q·kᵀ and the softmax, found from the softmax down."""

    scale: float = 1.0
    masks: list[tuple[StoredArray, tuple[int, ...], float]] = field(default_factory=list)
    """Arrays that are added, the shape of what they are added to, and the factor that follows."""
    sources: list[SourceLayer] = field(default_factory=list)


def _match(op: Operator, finder: Finder) -> tuple[Operator, ...]:
    """Return softmax(…)·v as one operator, and one before it where the keys have to be transposed."""
    weights = _skip(finder, op.inputs[0], sources := list[SourceLayer](), "dropout", "identity", "reshape")
    softmax = finder.find(weights, "softmax")
    if not softmax or softmax.attributes["dim"] % len(softmax.shape) != len(softmax.shape) - 1:
        return ()
    scores = _Scores(sources=[softmax.source, *sources])
    product = _follow(finder, softmax.inputs[0], scores)
    if product is None or any(map(finder.is_constant, product.inputs)):
        return ()
    q = _take_factor(finder, product.inputs[0], scores)
    key = _take_factor(finder, product.inputs[1], scores)
    before, k = _transpose(finder, op, key, scores)
    constants = [str(name) for name in (_add_mask(finder, op, softmax, scores),) if name]
    new = replace(
        op,
        kind="attention",
        inputs=(q, k, op.inputs[1], *constants),
        attributes={"scale": scores.scale},
        absorbed=tuple(dict.fromkeys((*scores.sources, product.source))),
    )
    return (*before, new)


def _skip(finder: Finder, name: str | None, sources: list[SourceLayer], *kinds: str) -> str | None:
    while op := finder.find(name, *kinds):
        if op.kind == "dropout" and op.attributes.get("p"):
            return name
        sources.append(op.source)
        name = op.inputs[0]
    return name


def _follow(finder: Finder, name: str | None, scores: _Scores) -> Operator | None:
    """Return the product of queries and keys below the softmax, and note what is done with it on the way."""
    while op := finder.find(name):
        if op.kind == "matmul":
            return op
        number = finder.split_number(op) if op.kind in ("mul", "div") else None
        array = _find_array(finder, op) if op.kind == "add" else None
        if number and (op.kind == "mul" or op.inputs[0] == number[0]):
            scores.scale *= number[1] if op.kind == "mul" else 1 / number[1]
            name = number[0]
        elif array:
            scores.masks.append((finder.program.constants[array[1]], op.shape, scores.scale))
            name = array[0]
        elif op.kind in ("reshape", "identity"):
            name = op.inputs[0]
        else:
            return None
        scores.sources.append(op.source)
    return None


def _find_array(finder: Finder, op: Operator) -> tuple[str, str] | None:
    """Return the value and the constant that an operator adds."""
    for value, other in finder.list_pairs(op):
        if value and other and finder.is_constant(other) and not finder.is_constant(value):
            return value, other
    return None


def _take_factor(finder: Finder, name: str | None, scores: _Scores) -> str | None:
    """Return queries or keys before they are scaled by a number, which belongs to the scale of their product."""
    while (op := finder.find(name, "mul", "div")) and (parts := finder.split_number(op)):
        if op.kind == "div" and op.inputs[0] != parts[0]:
            break
        scores.scale *= parts[1] if op.kind == "mul" else 1 / parts[1]
        scores.sources.append(op.source)
        name = parts[0]
    return name


def _transpose(
    finder: Finder, op: Operator, name: str | None, scores: _Scores
) -> tuple[tuple[Operator, ...], str | None]:
    """Return the keys with the positions before the channels, and the operator that transposes them for that."""
    given, shape = finder.find(name), finder.shape(name)
    rank = len(shape)
    swap = (*range(rank - 2), rank - 1, rank - 2)
    if given and given.kind == "permute" and tuple(given.attributes["dims"]) == swap:
        scores.sources.append(given.source)
        return (), _take_factor(finder, given.inputs[0], scores)
    output = f"{op.output} keys"
    turned = tuple(shape[dim] for dim in swap)
    made = replace(op, kind="permute", inputs=(name,), output=output, shape=turned, attributes={"dims": swap})
    return (made,), output


def _add_mask(finder: Finder, op: Operator, softmax: Operator, scores: _Scores) -> str | None:
    """Return the name of a constant for all that is added to the products, in the shape of what the softmax reads."""
    if not scores.masks:
        return None
    name, shape = f"{op.output} mask", softmax.shape
    masks = tuple(scores.masks)
    finder.made[name] = StoredArray(shape, lambda: add_masks(masks, shape))
    return name


def add_masks(masks: Sequence[tuple[StoredArray, tuple[int, ...], float]], shape: tuple[int, ...]) -> ndarray:
    """Return the sum of arrays, each spread over its shape and multiplied by what follows, in one shape."""
    import numpy as np

    total = np.zeros(shape, dtype=np.float64)
    for array, spread, factor in masks:
        total += np.broadcast_to(array.read() * factor, spread).reshape(shape)
    return total
