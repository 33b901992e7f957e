"""Layers of Keras that are one layer here: those behind the first change nothing, and give what the first one gives."""

from __future__ import annotations

from specnet.foreign.values import make_pair
from specnet.importers.keras.meanings import Meaning, NoMeaning, Situation, is_whole, to_value
from specnet.importers.keras.sides import Sides, read_sides
from specnet.importers.keras.steps import Step
from specnet.layers.base import Shape

CHANNELS_INNERMOST = (1, 2, 4, 3)
"""The order of a Permute that swaps the groups of channels with those within each."""

CHANNELS_TO_THE_END = (2, 3, 1)


def find_shuffle(step: Step, shape: Shape, situation: Situation) -> Meaning | None:
    """Return a `shuffle` for H×W×C as H×W×G×C/G whose last axes are swapped and joined; None for another Reshape."""
    target = read_target(step)
    if len(shape) != 3 or not isinstance(target, tuple) or len(target) != 4 or target[:2] != shape[:2]:
        return None
    swap = situation.find_only_reader(step.output)
    joined = situation.find_only_reader(swap.output) if swap else None
    is_swap = swap is not None and swap.layer.cls == "Permute"
    if not swap or not joined or not is_swap or to_value(swap.layer.config.get("dims")) != CHANNELS_INNERMOST:
        return None
    is_joined = joined.layer.cls == "Reshape" and read_target(joined) in (shape, (*shape[:2], -1))
    groups, size = target[2:]
    groups = shape[2] // size if groups == -1 and size > 0 else groups
    is_whole_split = groups > 0 and shape[2] == groups * (size if size != -1 else shape[2] // groups)
    if not is_joined or not is_whole_split or situation.layout.channels_first:
        return None
    situation.combined |= {step.output, swap.output}
    return Meaning(f"shuffle {groups}", f"with `{swap.name}` and `{joined.name}`, it is one shuffle")


def find_map_of_channels(step: Step, shape: Shape, target: Shape, situation: Situation) -> Meaning | None:
    """Return a `reshape` for a vector as C×H×W whose channels are put last; None for another Reshape."""
    turn = situation.find_only_reader(step.output)
    if len(shape) != 1 or len(target) != 3 or not turn or turn.layer.cls != "Permute":
        return None
    if to_value(turn.layer.config.get("dims")) != CHANNELS_TO_THE_END:
        return None
    situation.combined.add(step.output)
    sizes = "x".join(map(str, (*target[1:], target[0])))
    return Meaning(f"reshape {sizes}", f"with `{turn.name}`, it is one reshape")


def find_cut(step: Step, situation: Situation) -> tuple[Sides, tuple[int, int]] | None:
    """Return the padding and the output padding of a transposed convolution that a Cropping2D behind it cuts."""
    config, cut = step.layer.config, situation.find_only_reader(step.output)
    is_whole_output = config.get("padding", "valid") == "valid" and config.get("output_padding") is None
    if not is_whole_output or not cut or cut.layer.cls != "Cropping2D" or cut.reads != (step.output,):
        return None
    sides = read_sides(cut.layer.config.get("cropping", 0))
    windows, strides, dilations = (
        make_pair(to_value(config.get(name) or 1)) for name in ("kernel_size", "strides", "dilation_rate")
    )
    added = tuple(max(before - after, 0) for before, after in sides)
    if not all(map(is_whole, (*windows, *strides, *dilations))):
        raise NoMeaning("its window is no whole number")
    extents = [between * (size - 1) + 1 for size, between in zip(windows, dilations, strict=True)]
    fits = [step >= 1 and more < step <= extent for more, step, extent in zip(added, strides, extents, strict=True)]
    if not all(fits):
        return None
    situation.combined.add(step.output)
    rows, columns = ((before, max(before, after)) for before, after in sides)
    return (rows, columns), (added[0], added[1])


def read_target(step: Step) -> object:
    """Return the shape that a Reshape asks for."""
    return to_value(step.layer.config.get("target_shape") or step.layer.config.get("dims"))


def is_within(step: Step, situation: Situation) -> bool:
    """Whether a layer belongs to one before it, and changes nothing by itself."""
    return len(step.reads) == 1 and step.reads[0] in situation.combined


WITHIN = Meaning("", "it belongs to the layer before it")
