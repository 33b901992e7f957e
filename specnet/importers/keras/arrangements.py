"""Layers that arrange elements anew. Keras counts those of a map pixel by pixel, and here they count by channels."""

from __future__ import annotations

from math import prod

from specnet.importers.imported import Fate
from specnet.importers.keras.combined import (
    WITHIN,
    find_map_of_channels,
    find_shuffle,
    is_within,
    read_target,
)
from specnet.importers.keras.layout import CHANNELS_FIRST
from specnet.importers.keras.meanings import Meaning, NoMeaning, Situation, is_whole, read_one, to_value
from specnet.importers.keras.steps import Step, Value
from specnet.layers.base import Shape, format_shape

PASSING = frozenset({"Dropout", "Activation", "ReLU", "LeakyReLU", "ELU", "GaussianNoise", "AlphaDropout"})
"""Layers that compute each element by itself, whatever its place."""

FLATTENS = "fc reads the map as a vector"
PIXEL = "only a Reshape to 1x1 pixel reads it, so it stays such a map"
ORDER = "Keras counts the elements pixel by pixel, and here channel by channel: the weights behind are in that order"


def flatten(step: Step, situation: Situation) -> Meaning:
    """Return nothing where only fully connected layers read the vector, which flatten by themselves; else `flatten`."""
    value = read_one(step)
    shape = situation.shape(value)
    if len(shape) == 1:
        return Meaning("", "it reads a vector", Fate.EXACT)
    is_transposed = step.layer.config.get("data_format") == CHANNELS_FIRST and len(shape) == 3
    by_pixels = len(shape) == 3 and (not situation.layout.channels_first or is_transposed)
    if len(shape) == 3 and feeds_only_dense(step.output, situation):
        situation.flattened[step.output] = shape if by_pixels else (1, 1, prod(shape))
        return Meaning("", "; ".join([FLATTENS, *([ORDER] if by_pixels and prod(shape[:2]) > 1 else [])]), Fate.EQUAL)
    is_plain = not by_pixels or prod(shape[:2]) == 1 or shape[2] == 1
    return Meaning("flatten" if is_plain else "tokens -> flatten")


def feeds_only_dense(value: Value, situation: Situation) -> bool:
    """Whether all that reads a vector is fully connected, perhaps behind layers that compute each element by itself."""
    waiting, seen = [value], 0
    while waiting:
        current = waiting.pop()
        readers = situation.readers.get(current, ())
        seen += 1
        if current in situation.results or not readers or seen > 8:
            return False
        for reader in readers:
            if reader.layer.cls in PASSING and reader.layer.config.get("activation") != "softmax":
                waiting.append(reader.output)
            elif reader.layer.cls != "Dense":
                return False
    return True


def pool_globally(step: Step, situation: Situation) -> Meaning:
    """Return a global pool, as a vector unless only what flattens reads it."""
    value = read_one(step)
    operation = "max" if "Max" in step.layer.cls else "avg"
    keeps = bool(step.layer.config.get("keepdims"))
    shape = situation.shape(value)
    if len(shape) == 2 and not keeps:
        return Meaning(f"pool {operation} global")
    if len(shape) != 3:
        raise NoMeaning(f"it reads {format_shape(shape)}")
    if keeps:
        return Meaning(f"pool {operation} global")
    if feeds_only_dense(step.output, situation):
        situation.flattened[step.output] = (1, 1, shape[2])
        return Meaning(f"pool {operation} global", FLATTENS, Fate.EQUAL)
    if _becomes_pixel(step.output, situation):
        situation.flattened[step.output] = (1, 1, shape[2])
        return Meaning(f"pool {operation} global", PIXEL, Fate.EQUAL)
    return Meaning(f"pool {operation} global -> flatten")


def _becomes_pixel(value: Value, situation: Situation) -> bool:
    """Whether all that reads the vector of a pool makes a map of one pixel of it again, as a squeeze-excite does."""
    readers = situation.readers.get(value, ())
    is_read = bool(readers) and value not in situation.results
    return is_read and all(_makes_pixel(reader, situation) for reader in readers)


def _makes_pixel(step: Step, situation: Situation) -> bool:
    target = read_target(step)
    if step.layer.cls != "Reshape" or not isinstance(target, tuple) or len(target) != 3:
        return False
    return situation.layout.to_spec(target)[:2] == (1, 1)


def reshape(step: Step, situation: Situation) -> Meaning:
    """Return the layers that fill a shape in Keras's order."""
    shape = situation.shape(read_one(step))
    if is_within(step, situation):
        return WITHIN
    if shuffle := find_shuffle(step, shape, situation):
        return shuffle
    target = _complete(read_target(step), shape)
    if situation.layout.channels_first:
        own = situation.layout.to_spec(target)
        return Meaning(
            f"reshape {format_sizes(own)}" if own != shape else "", "" if own != shape else "nothing changes"
        )
    if target == shape:
        return Meaning("", "nothing changes")
    if len(shape) == 3 and len(target) == 1:
        return flatten(step, situation)
    if found := find_map_of_channels(step, shape, target, situation):
        return found
    if len(target) == 3 and prod(target[:2]) == 1:
        return _gather(shape, target)
    return Meaning(" -> ".join(_arrange(shape, target)))


def _gather(shape: Shape, target: Shape) -> Meaning:
    """Return the layers that make one pixel of a value."""
    is_plain = len(shape) < 3 or prod(shape[:2]) == 1
    return Meaning(f"reshape {format_sizes(target)}" if is_plain else f"tokens -> reshape {format_sizes(target)}")


def _arrange(shape: Shape, target: Shape) -> list[str]:
    """Return layers by way of tokens, which lie in the same order in Keras and here."""
    steps, now = ([], shape) if len(shape) < 3 else (["tokens"], (prod(shape[:2]), shape[2]))
    wanted = target if len(target) < 3 else (prod(target[:2]), target[2])
    if now != wanted:
        steps.append("flatten" if len(wanted) == 1 else f"reshape {format_sizes(wanted)}")
    return [*steps, f"map {format_sizes(target[:2])}"] if len(target) == 3 else steps


def _complete(target: object, shape: Shape) -> Shape:
    """Return a shape with the size that -1 stands for; raises NoMeaning for one that does not fit."""
    if not isinstance(target, tuple) or not 1 <= len(target) <= 3 or not all(map(is_whole, target)):
        raise NoMeaning(f"its shape is {target!r}"[:80] + ": values have one to three axes here")
    known = prod(size for size in target if size != -1)
    if target.count(-1) > 1 or known < 1 or prod(shape) % known or (-1 not in target and known != prod(shape)):
        raise NoMeaning(f"its shape {target!r}"[:80] + f" does not fit {format_shape(shape)}")
    return tuple(prod(shape) // known if size == -1 else size for size in target)


def format_sizes(sizes: Shape) -> str:
    return "x".join(map(str, sizes))


def permute(step: Step, situation: Situation) -> Meaning:
    """Return a `permute` by the letters of the axes."""
    shape = situation.shape(read_one(step))
    if is_within(step, situation):
        return WITHIN
    letters = situation.layout.letters(len(shape))
    dims = to_value(step.layer.config.get("dims"))
    if not isinstance(dims, tuple) or sorted(map(str, dims)) != [str(n + 1) for n in range(len(shape))]:
        raise NoMeaning(f"its order is {dims!r}"[:80])
    order = "".join(letters[dim - 1] for dim in dims)
    if situation.layout.channels_first and len(order) == 3:
        order = order[1:] + order[0]
    return Meaning("", "nothing changes") if order in ("HWC", "LC", "C") else Meaning(f"permute {order}")
